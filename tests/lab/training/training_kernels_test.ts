import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import type { Kernels } from "../../../lib/nn/kernels.ts";
import { gradientOps } from "../../../lib/backend/native_gradients.ts";
import { portableKernels } from "../../../lib/backend/portable.ts";
import { useBackend } from "../../../lib/backend/select.ts";
import { asKernelTensor, asTfjs } from "../../../lab/training/tensors.ts";
import { trainingKernels } from "../../../lab/training/training_kernels.ts";

await useBackend("auto");

const normal = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, "float32", seed);

/** Each kernel with a gradient of its own, as a function of its tensors. */
const cases: Record<
  string,
  { inputs: () => tf.Tensor[]; run: (k: Kernels, x: tf.Tensor[]) => tf.Tensor }
> = {
  "rmsNorm with gain": {
    inputs: () => [normal([5, 7, 37], 1), normal([37], 2)],
    run: (k, [x, g]) => asTfjs(k.rmsNorm(asKernelTensor(x), asKernelTensor(g), 1e-6)),
  },
  "rmsNorm without gain": {
    inputs: () => [normal([2, 3, 4, 8], 3)],
    run: (k, [x]) => asTfjs(k.rmsNorm(asKernelTensor(x), null, 1e-6)),
  },
  rotate: {
    inputs: () => [normal([2, 3, 5, 40], 4), normal([5, 40], 5), normal([5, 40], 6)],
    run: (k, [x, c, s]) =>
      asTfjs(k.rotate(asKernelTensor(x), asKernelTensor(c), asKernelTensor(s))),
  },
  linear: {
    inputs: () => [normal([2, 3, 8], 10), normal([5, 8], 11)],
    run: (k, [x, w]) => asTfjs(k.linear(asKernelTensor(x), asKernelTensor(w))),
  },
  "gated silu": {
    inputs: () => [normal([4, 37], 7), normal([4, 37], 8)],
    run: (k, [g, u]) => asTfjs(k.gatedActivation(asKernelTensor(g), asKernelTensor(u), "silu")),
  },
};

const largest = (x: tf.Tensor) => tf.tidy(() => tf.max(tf.abs(x)).dataSync()[0]);

for (const [name, { inputs, run }] of Object.entries(cases)) {
  for (const ops of new Set([gradientOps(), null])) {
    const how = ops ? "our own operations" : "portable operations";
    Deno.test(`${name} in ${how}: value and gradients are those of the portable kernels`, () => {
      const before = tf.memory().numTensors;
      tf.tidy(() => {
        const x = inputs();
        const ours = trainingKernels(ops), plain = portableKernels();
        const value = run(plain, x);
        assert(largest(tf.sub(run(ours, x), value)) < 1e-6 * (1 + largest(value)));
        const weigh = normal(value.shape, 9);
        const gradients = (k: Kernels) =>
          tf.grads((...given: tf.Tensor[]) => tf.sum(tf.mul(run(k, given), weigh)))(x);
        const wanted = gradients(plain);
        gradients(ours).forEach((gradient, i) => {
          assertEquals(gradient.shape, x[i].shape);
          assert(largest(tf.sub(gradient, wanted[i])) < 1e-5 * (1 + largest(wanted[i])));
        });
      });
      assertEquals(tf.memory().numTensors, before);
    });
  }
}

Deno.test("other activations are the portable ones", () => {
  tf.tidy(() => {
    const [gate, up] = [normal([3, 4], 1), normal([3, 4], 2)].map(asKernelTensor);
    const of = (k: Kernels) => asTfjs(k.gatedActivation(gate, up, "gelu"));
    assertEquals([...of(trainingKernels()).dataSync()], [...of(portableKernels()).dataSync()]);
  });
});
