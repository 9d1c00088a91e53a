/**
 * What is read off from the logits of an answer.
 *
 * @module
 */
import { InputError } from "../../common/errors.ts";

/** A number for each answer, the larger the better it goes with the right one. */
export interface AnswerMetric {
  /** Its name, for captions and records. */
  readonly name: string;
  /**
   * Computes it.
   *
   * @param logits `[V]` for each token of the answer, given those before it
   * @param answerIds the right answer's tokens
   */
  of(logits: readonly Float32Array[], answerIds: Int32Array): number;
}

/**
 * Log-probability of the whole answer, in nats.
 *
 * @example
 * ```ts
 * import { answerLogProb } from "./metric.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * const even = new Float32Array(4);
 * assertAlmostEquals(answerLogProb.of([even, even], Int32Array.of(1, 2)), -2 * Math.log(4));
 * ```
 */
export const answerLogProb: AnswerMetric = {
  name: "log-probability",
  of: (logits, answerIds) =>
    logits.reduce((total, own, place) => {
      const top = own.reduce((a, b) => Math.max(a, b), -Infinity);
      const sum = own.reduce((so, value) => so + Math.exp(value - top), 0);
      return total + own[answerIds[place]] - top - Math.log(sum);
    }, 0),
};

/**
 * Logit of the answer's first token minus that of another token, as in Wang et al. 2022.
 *
 * @param against the other token, e.g. the first of the corrupted prompt's answer
 *
 * @example
 * ```ts
 * import { logitDifference } from "./metric.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(logitDifference(0).of([Float32Array.of(1, 4)], Int32Array.of(1)), 3);
 * ```
 */
export function logitDifference(against: number): AnswerMetric {
  return {
    name: `logit difference to token ${against}`,
    of([first], [answer]) {
      if (Number.isInteger(against) && against >= 0 && against < first.length) {
        return first[answer] - first[against];
      }
      throw new InputError(
        `Cannot compare with token ${against}: the vocabulary has ids 0 to ${first.length - 1}`,
      );
    },
  };
}
