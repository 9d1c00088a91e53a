/**
 * A regulariser on the attention from questions to visual tokens. It sums over heads and names none.
 * Redundant heads become fewer, because the penalty is concave: one head with sharp attention costs
 * less than two that share it.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { AttentionStatistics } from "./attention.ts";
import type { Batch } from "./forward.ts";
import { sequenceLength } from "./layout.ts";
import { tokenIds } from "./token_format.ts";

/** Value of a statistic at which the penalty reaches half of its limit. */
const half = 0.5;

/** Weights of the penalties in the loss. */
export interface RegulariserWeights {
  /** On the sum of squared attention on visual tokens, near 1 for a head that picks out one token. */
  readonly sharpness: number;
  /** On the attention mass on visual tokens; heads that are not needed fall back to the sink. */
  readonly mass: number;
}

/** Weights `[B, 1, T]` of the rows of questions and answers: equal, together 1. */
function questionRows({ layout, count, inputIds }: Pick<Batch, "layout" | "count" | "inputIds">) {
  const length = sequenceLength(layout);
  const weights = new Float32Array(count * length);
  let rows = 0;
  for (let b = 0; b < count; b++) {
    for (let t = layout.context; t < length; t++) {
      if (inputIds[b * length + t] === tokenIds.pad) continue;
      weights[b * length + t] = 1;
      rows++;
    }
  }
  return tf.tensor(weights.map((weight) => weight / rows), [count, 1, length]);
}

/**
 * The penalty, a scalar: for each statistic its weight times the sum over heads of
 * `x (1 + c) / (x + c)`. x is the head's mean over the rows of questions and answers and c = 0.5, so
 * each sum lies between 0 and the number of heads.
 *
 * @param statistics of the attention on visual tokens, one entry per layer
 */
export function attentionRegulariser(
  statistics: readonly AttentionStatistics[],
  batch: Pick<Batch, "layout" | "count" | "inputIds">,
  weights: RegulariserWeights,
): tf.Scalar {
  const rows = questionRows(batch);
  const penalties = statistics.flatMap((layer) =>
    (["sharpness", "mass"] as const).filter((what) => weights[what] > 0).map((what) => {
      const mean = tf.sum(tf.mul(layer[what], rows), [0, 2]); // [N]
      const each = tf.div(tf.mul(mean, 1 + half), tf.add(mean, half));
      return tf.mul(tf.sum(each), weights[what]);
    })
  );
  return tf.addN(penalties) as tf.Scalar;
}
