/**
 * The loss of an answer's token, by all tokens and by those that it is chosen from.
 *
 * @module
 */
import { answerLogProb } from "../../lib/causal/paths/metric.ts";

/** A token to be answered. */
export interface AnsweredToken {
  readonly id: number;
  /** Tokens that the answer is to be chosen from, itself among them, where there are such. */
  readonly choices?: Int32Array;
}

/** A loss in nats and its gradient with respect to the logits, `[V]`. */
export interface LossWithGradient {
  readonly loss: number;
  readonly gradient: Float32Array;
}

/**
 * Weights of both losses. To tell apart what a picture may show is what is to be learnt; which of all words is likeliest is
 * soon learnt by heart from a hundred photographs (`docs/log.md`).
 */
export const choiceWeights = { all: 0.3, chosen: 1 } as const;

/**
 * The cross entropy of a token; with choices, that among them (weight 1) and a share of it (0.3).
 *
 * @param logits `[V]`
 *
 * @example
 * ```ts
 * import { answerLoss, choiceWeights } from "./answer_loss.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * const even = new Float32Array(8), choices = Int32Array.of(2, 5);
 * assertAlmostEquals(answerLoss(even, { id: 5 }).loss, Math.log(8));
 * const { all, chosen } = choiceWeights, loss = all * Math.log(8) + chosen * Math.log(2);
 * assertAlmostEquals(answerLoss(even, { id: 5, choices }).loss, loss);
 * ```
 */
export function answerLoss(logits: Float32Array, { id, choices }: AnsweredToken): LossWithGradient {
  const rows = [logits], ids = Int32Array.of(id);
  const own = {
    loss: -answerLogProb.of(rows, ids),
    gradient: answerLogProb.gradient(rows, ids)[0],
  };
  if (!choices) return { loss: own.loss, gradient: own.gradient.map((value) => -value) };
  const { all, chosen } = choiceWeights;
  const among = [Float32Array.from(choices, (choice) => logits[choice])];
  const place = Int32Array.of(choices.indexOf(id));
  const gradient = own.gradient.map((value) => -all * value);
  answerLogProb.gradient(among, place)[0].forEach((value, i) =>
    gradient[choices[i]] -= chosen * value
  );
  return { loss: all * own.loss - chosen * answerLogProb.of(among, place), gradient };
}
