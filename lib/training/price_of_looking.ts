/**
 * A price on looking things up: every head pays for the questions' rows that pick out single visual
 * tokens. It names no head. Heads that stand in for one another become fewer, because the price is
 * concave: one head that looks sharply is cheaper than two that share the looking.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Batch } from "./forward.ts";
import { sequenceLength } from "./layout.ts";
import { tokenIds } from "./token_format.ts";

/** Sharpness at which a head pays half of the most that it could. */
const half = 0.5;

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
 * What the heads pay: the sum over heads of `s (1 + c) / (s + c)`, where s is the mean over the rows
 * of questions and answers of the squared probabilities of the visual tokens, and c = 0.5. A scalar
 * from 0 to the number of heads; a head that looks at everything alike pays next to nothing.
 *
 * @param sharpness sums of squared probabilities of each layer, `[B, N, T]`
 */
export function priceOfLooking(
  sharpness: readonly tf.Tensor[],
  batch: Pick<Batch, "layout" | "count" | "inputIds">,
): tf.Scalar {
  const rows = questionRows(batch);
  const paid = sharpness.map((sharp) => {
    const mean = tf.sum(tf.mul(sharp, rows), [0, 2]); // [N]
    return tf.sum(tf.div(tf.mul(mean, 1 + half), tf.add(mean, half)));
  });
  return tf.addN(paid) as tf.Scalar;
}
