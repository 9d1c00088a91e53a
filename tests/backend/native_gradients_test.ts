import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { gradientOps } from "../../lib/backend/native_gradients.ts";
import { useBackend } from "../../lib/backend/select.ts";

await useBackend("auto");
const ops = gradientOps();
const normal = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, "float32", seed);
const difference = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0];

Deno.test("the operations belong to the native backend", async () => {
  const native = tf.getBackend();
  await useBackend("cpu");
  assertEquals(gradientOps(), null);
  await tf.setBackend(native);
});

if (!ops) Deno.test.ignore("gradients by our operations (they are not compiled here)", () => {});
// Norm, rotary embedding and gate: tests/lab/training/training_kernels_test.ts.
if (ops) {
  for (const width of [1, 5, 16, 37, 300]) {
    Deno.test(`softmax and its gradient over rows of ${width}, the mask repeated`, () => {
      tf.tidy(() => {
        const scores = normal([2, 3, 4, width], 1), dp = normal([2, 3, 4, width], 2);
        const hidden = tf.range(0, 4 * width).reshape([4, width]).mod(3).equal(1);
        const mask = tf.where(hidden, tf.fill([4, width], -1e30), tf.zeros([4, width]));
        const p = ops.maskedSoftmax(scores, mask);
        assert(difference(p, tf.softmax(tf.add(scores, mask))) < 1e-6);
        const inner = tf.sum(tf.mul(p, dp), -1, true);
        assert(difference(ops.softmaxGradient(p, dp), tf.mul(p, tf.sub(dp, inner))) < 1e-5);
      });
    });
  }

  Deno.test("tensors that do not fit are refused", () => {
    tf.tidy(() => {
      const [a, b] = [tf.zeros([2, 4]), tf.zeros([2, 6])];
      assertThrows(() => ops.maskedSoftmax(a, b), Error, "whole number of masks");
      assertThrows(() => ops.softmaxGradient(a, b), Error, "one shape");
      assertThrows(() => ops.gatedSiluGradient(a, b, a), Error, "one shape");
      assertThrows(() => ops.rmsNormGradient(a, b, a, 0), Error, "one value for each column");
      assertThrows(() => ops.rotateGradient(a, b, b, a), Error, "tables must be");
    });
  });
}
