/**
 * Losses: cross entropy with a gradient of its own, and the penalty that holds visual features at
 * the size of word embeddings.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** Rows to be classified: the right class of each, and how much each counts. */
export interface Targets {
  /** Class of each row, `[R]`. */
  readonly classes: Int32Array;
  /** Weight of each row, `[R]`; 1 each by default. */
  readonly weights?: Float32Array;
}

/**
 * Weighted mean cross entropy of `logits [R, V]`, a scalar. Keeps the logits only; the probabilities
 * are computed again for the gradient `(softmax - one hot) w / sum(w)`.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { useBackend } from "../../lib/backend/select.ts";
 * import { crossEntropy } from "./loss.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * await useBackend("auto");
 * const loss = crossEntropy(tf.zeros([3, 4]), { classes: Int32Array.of(0, 1, 3) });
 * assertAlmostEquals(loss.dataSync()[0], Math.log(4), 1e-6);
 * ```
 */
export function crossEntropy(logits: tf.Tensor, targets: Targets): tf.Scalar {
  const [rows, width] = logits.shape;
  const weights = targets.weights ?? new Float32Array(rows).fill(1);
  const total = weights.reduce((a, b) => a + b, 0);
  const run = tf.customGrad((...given) => {
    const [x, save] = given as unknown as [tf.Tensor2D, tf.GradSaveFunc];
    const share = tf.tensor(weights.map((w) => w / total), [rows, 1]);
    const hot = tf.oneHot(tf.tensor1d(targets.classes, "int32"), width, 1, 0, "float32");
    save([x, share, hot]);
    const shifted = tf.sub(x, tf.max(x, -1, true));
    const normalizer = tf.log(tf.sum(tf.exp(shifted), -1, true)); // [R, 1]
    const right = tf.sum(tf.mul(shifted, hot), -1, true);
    const value = tf.sum(tf.mul(tf.sub(normalizer, right), share));
    return {
      value,
      gradFunc: (dy, saved) =>
        tf.tidy(() => {
          const [own, s, h] = saved as tf.Tensor2D[];
          return [tf.mul(tf.sub(tf.softmax(own), h), tf.mul(s, dy as tf.Tensor))];
        }),
    };
  });
  return run(logits) as tf.Scalar;
}

/**
 * Mean of `(rms^2 - 1)^2` over the rows of `features [R, D]`: visual tokens much larger than word
 * embeddings cannot be changed by the decoder, so they are held near rms 1 (times any multiplier
 * that both share).
 */
export function sizePenalty(features: tf.Tensor): tf.Scalar {
  const excess = tf.sub(tf.mean(tf.square(features), -1), 1); // [R]
  return tf.mean(tf.square(excess)) as tf.Scalar;
}

/**
 * Targets of "name your left neighbour": for each visual token that has one in its row of the
 * image, the word of the cell before it.
 *
 * @param labels word of every cell of every image, `[cells]`, images one after the other
 * @param columns number of columns of the image that each cell is in
 * @returns for each cell the class, or -1 in the first column
 */
export function leftNeighbours(
  labels: Int32Array,
  grids: readonly (readonly [rows: number, columns: number])[],
): Int32Array {
  const out = new Int32Array(labels.length);
  let at = 0;
  for (const [rows, columns] of grids) {
    for (let cell = 0; cell < rows * columns; cell++, at++) {
      out[at] = cell % columns === 0 ? -1 : labels[at - 1];
    }
  }
  return out;
}
