import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { useBackend } from "../../../lib/backend/select.ts";
import { crossEntropy, leftNeighbours, sizePenalty } from "../../../lab/training/loss.ts";

await useBackend("auto");

const logits = [[0.3, -1.2, 2.5, 0], [4, 4, -3, 1], [80, -80, 0, 10]];
const targets = { classes: Int32Array.of(2, 0, 3), weights: Float32Array.of(1, 0.5, 2) };

/** The definition, in doubles. */
function naive(rows: readonly (readonly number[])[]): number {
  let sum = 0;
  rows.forEach((row, i) => {
    const most = Math.max(...row);
    const normalizer = most + Math.log(row.reduce((s, x) => s + Math.exp(x - most), 0));
    sum += targets.weights[i] * (normalizer - row[targets.classes[i]]);
  });
  return sum / targets.weights.reduce((a, b) => a + b);
}

Deno.test("cross entropy is the weighted mean of the definition", () => {
  const value = tf.tidy(() => crossEntropy(tf.tensor2d(logits), targets).dataSync()[0]);
  assertAlmostEquals(value, naive(logits), 1e-4);
});

Deno.test("the gradient of cross entropy is the slope of the definition", () => {
  const gradient = tf.tidy(() =>
    tf.grad((x) => tf.mul(crossEntropy(x, targets), 3))(tf.tensor2d(logits)).dataSync()
  );
  const step = 1e-5;
  logits.forEach((row, i) =>
    row.forEach((_, j) => {
      const moved = (by: number) =>
        naive(logits.map((r, k) => r.map((x, l) => k === i && l === j ? x + by : x)));
      const slope = 3 * (moved(step) - moved(-step)) / (2 * step);
      assertAlmostEquals(gradient[i * row.length + j], slope, 1e-5);
    })
  );
});

Deno.test("cross entropy allocates nothing that stays", () => {
  const before = tf.memory().numTensors;
  tf.tidy(() => void tf.grad((x) => crossEntropy(x, targets))(tf.tensor2d(logits)));
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("the size penalty is zero at rms 1 only", () => {
  const penalty = (value: number) =>
    tf.tidy(() => sizePenalty(tf.fill([2, 5], value)).dataSync()[0]);
  assertAlmostEquals(penalty(1), 0);
  assertAlmostEquals(penalty(-1), 0);
  assertAlmostEquals(penalty(2), 9, 1e-5);
  assert(penalty(0.5) > 0.5);
});

Deno.test("left neighbours stay within their row and image", () => {
  const labels = Int32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);
  assertEquals(
    [...leftNeighbours(labels, [[2, 2], [1, 3], [2, 1]])],
    [-1, 1, -1, 3, -1, 5, 6, -1, -1],
  );
});
