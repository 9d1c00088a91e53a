import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { portableKernels } from "../../lib/backend/portable.ts";
import type { Kernels, Tensor } from "../../lib/nn/kernels.ts";
import { Tape } from "../../lib/nn/tape.ts";
import { testKernels } from "../suites/golden.ts";
import { grid, upload } from "../suites/kernel_check.ts";
import { assertNear } from "../suites/near.ts";

/** Something that is computed from tensors of these shapes. */
interface Computation {
  readonly name: string;
  readonly shapes: readonly (readonly number[])[];
  readonly body: (k: Kernels, ...x: Tensor[]) => Tensor;
}

const constant = (k: Kernels, shape: number[], seed: number) => upload(k, grid(shape, seed));
const rows = (k: Kernels, ...from: number[]) => k.tensor(Int32Array.from(from), [from.length]);
/** Attention over two runs of keys. */
const attend = (ranges?: readonly ({ sink: number; window: number } | null)[]) =>
(
  k: Kernels,
  query: Tensor,
  ...runs: Tensor[]
) => k.attention(query, [runs[0], runs[1]], [runs[2], runs[3]], { causal: true, ranges });

const computations: readonly Computation[] = [
  {
    name: "moves",
    shapes: [[2, 3, 4]],
    body: (k, x) => k.slice(k.transpose(k.reshape(x, [4, 3, 2]), [2, 0, 1]), [0, 1, 1], [-1, 2, 1]),
  },
  {
    name: "joins",
    shapes: [[2, 3], [2, 1]],
    body: (k, a, b) => k.concat([a, b, k.scale(a, 3), constant(k, [2, 2], 1)], 1),
  },
  {
    name: "gathers rows, some twice, some not at all",
    shapes: [[4, 3]],
    body: (k, x) => k.gather(x, rows(k, 2, 0, 2, 2)),
  },
  {
    name: "repeats",
    shapes: [[1, 2, 3], [3], [2, 1]],
    body: (k, a, b, c) => k.mul(k.add(k.broadcastBatch(a, 4), b), k.mul(c, k.cast(c, "float32"))),
  },
  {
    name: "sums",
    shapes: [[2, 3, 4]],
    body: (k, x) => k.mul(k.sum(x, -1), k.sum(k.sum(x, 1), 1, true)),
  },
  {
    name: "products",
    shapes: [[2, 3, 4], [1, 4, 5], [2, 6, 5]],
    body: (k, a, b, c) => k.matMul(k.matMul(a, b), c, { transposeB: true }),
  },
  {
    name: "linear maps",
    shapes: [[2, 3, 4]],
    body: (k, x) =>
      k.linear(k.linear(x, constant(k, [5, 4], 2), constant(k, [5], 3)), constant(k, [3, 5], 4)),
  },
  {
    name: "softmaxes",
    shapes: [[2, 3, 4]],
    body: (k, x) => k.mul(k.softmax(x), k.causalSoftmax(k.scale(x, 2), 1)),
  },
  {
    name: "norms, rotations, gates",
    shapes: [[2, 3, 4], [2, 3, 4]],
    body: (k, a, b) => {
      const unit = k.rmsNorm(a, constant(k, [4], 5), 1e-3);
      const turned = k.rotate(unit, constant(k, [3, 4], 6), constant(k, [3, 4], 7));
      return k.gatedActivation(turned, k.rmsNorm(b, null, 1e-3), "silu");
    },
  },
  {
    name: "attention over runs",
    shapes: [[2, 4, 3, 2], [1, 2, 5, 2], [2, 2, 3, 2], [1, 2, 5, 2], [2, 2, 3, 2]],
    body: attend(),
  },
  {
    name: "attention in windows",
    shapes: [[1, 2, 6, 2], [1, 1, 2, 2], [1, 1, 6, 2], [1, 1, 2, 2], [1, 1, 6, 2]],
    body: attend([null, { sink: 1, window: 2 }]),
  },
  {
    name: "attention in several blocks",
    shapes: [[1, 2, 300, 2], [1, 1, 7, 2], [1, 1, 300, 2], [1, 1, 7, 2], [1, 1, 300, 2]],
    body: attend(),
  },
];

/** The gradient of the sum of the result times fixed numbers, by a tape. */
function byTape(base: Kernels, { shapes, body }: Computation): Float32Array[] {
  return base.scope(() => {
    const tape = new Tape(base);
    const inputs = shapes.map((shape, i) => tape.watch(upload(base, grid(shape, 70 + i))));
    const result = body(tape.kernels, ...inputs);
    const dy = upload(base, grid(result.shape, 80));
    return tape.gradients(result, dy, inputs).map((x) => base.readSync(x) as Float32Array);
  });
}

/** The same by TensorFlow.js's gradients. */
function byTensorFlow({ shapes, body }: Computation): Float32Array[] {
  const k = portableKernels();
  return tf.tidy(() => {
    const inputs = shapes.map((shape, i) => upload(k, grid(shape, 70 + i)) as unknown as tf.Tensor);
    const whole = tf.grads((...own) => {
      const result = body(k, ...own as unknown as Tensor[]) as unknown as tf.Tensor;
      return tf.sum(tf.mul(result, upload(k, grid(result.shape, 80)) as unknown as tf.Tensor));
    });
    return whole(inputs).map((x) => x.dataSync() as Float32Array);
  });
}

for (const computation of computations) {
  Deno.test(`${computation.name}: gradients are TensorFlow.js's`, async () => {
    const own = await testKernels();
    for (const k of [own, portableKernels()]) {
      const before = k.tensorCount(), wanted = byTensorFlow(computation);
      byTape(k, computation).forEach((found, i) =>
        assertNear(found, wanted[i], 1e-5, `${k.name}, input ${i}`)
      );
      assertEquals(k.tensorCount(), before, "tensors left over");
    }
  });
}

Deno.test("what does not depend on a tensor has gradient zero, and weights are constants", async () => {
  const base = await testKernels();
  base.scope(() => {
    const tape = new Tape(base), k = tape.kernels;
    const [a, b] = [1, 2].map((seed) => tape.watch(constant(k, [2, 2], seed)));
    const dy = constant(base, [2, 2], 3);
    assertEquals([...base.readSync(tape.gradients(k.scale(a, 2), dy, [b])[0])], [0, 0, 0, 0]);
    const x = constant(base, [1, 2], 4);
    assertThrows(() => k.linear(x, a), Error, "watched weight");
    const gain = tape.watch(constant(base, [2], 5));
    assertThrows(() => k.rmsNorm(x, gain, 1), Error, "watched gain");
    assertThrows(() => k.activation(a, "relu"), InputError, "watch what comes after it");
    const kernel = constant(base, [2, 2], 6), image = k.reshape(a, [1, 1, 2, 2]);
    const call = { x: image, kernel, bias: null, stride: 1, padding: "symmetric" } as const;
    const convolve = () => k.convolution({ ...call, depthwise: false });
    assertThrows(convolve, InputError, "Cannot go back through a convolution: no gradient");
  });
});
