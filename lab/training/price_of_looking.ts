/**
 * A price on looking things up: every head pays for the questions' rows that pick out single visual
 * tokens. It names no head. Heads that stand in for one another become fewer, because the price is
 * concave: one head that looks sharply is cheaper than two that share the looking.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Looks } from "./attention.ts";
import type { Batch } from "./forward.ts";
import { sequenceLength } from "./layout.ts";
import { tokenIds } from "./token_format.ts";

/** Sharpness or mass at which a head pays half of the most that it could. */
const half = 0.5;

/** Prices, as weights of the loss. */
export interface Prices {
  /** Of picking out single visual tokens. */
  readonly sharpness: number;
  /** Of looking at visual tokens at all: heads that need not, rest on the sink. */
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
 * What the heads pay: for sharpness and for mass the sum over heads of `x (1 + c) / (x + c)`, times
 * its price. x is the head's mean over the rows of questions and answers and c = 0.5, so each sum
 * lies between 0 and the number of heads. A scalar.
 *
 * @param looks what each layer's rows give to the visual tokens
 */
export function priceOfLooking(
  looks: readonly Looks[],
  batch: Pick<Batch, "layout" | "count" | "inputIds">,
  prices: Prices,
): tf.Scalar {
  const rows = questionRows(batch);
  const paid = looks.flatMap((layer) =>
    (["sharpness", "mass"] as const).filter((what) => prices[what] > 0).map((what) => {
      const mean = tf.sum(tf.mul(layer[what], rows), [0, 2]); // [N]
      const each = tf.div(tf.mul(mean, 1 + half), tf.add(mean, half));
      return tf.mul(tf.sum(each), prices[what]);
    })
  );
  return tf.addN(paid) as tf.Scalar;
}
