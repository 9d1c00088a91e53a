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

/** A metric with its gradient, for attribution. */
export interface DifferentiableMetric extends AnswerMetric {
  /**
   * Its gradient with respect to the logits.
   *
   * @returns `[V]` for each token of the answer
   */
  gradient(
    logits: readonly Float32Array[],
    answerIds: Int32Array,
  ): readonly Float32Array<ArrayBuffer>[];
}

/** Zeros for each token of an answer. */
const zeros = (logits: readonly Float32Array[]) =>
  logits.map((own) => new Float32Array(own.length));

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
export const answerLogProb: DifferentiableMetric = {
  name: "log-probability",
  of: (logits, answerIds) =>
    logits.reduce((total, own, place) => {
      const top = own.reduce((a, b) => Math.max(a, b), -Infinity);
      const sum = own.reduce((so, value) => so + Math.exp(value - top), 0);
      return total + own[answerIds[place]] - top - Math.log(sum);
    }, 0),
  gradient: (logits, answerIds) =>
    // 1 at the answer, less the probabilities
    logits.map((own, place) => {
      const top = own.reduce((a, b) => Math.max(a, b), -Infinity);
      const shares = Float64Array.from(own, (value) => Math.exp(value - top));
      const sum = shares.reduce((a, b) => a + b, 0);
      return Float32Array.from(
        shares,
        (share, id) => (id === answerIds[place] ? 1 : 0) - share / sum,
      );
    }),
};

/**
 * Logit of the answer's first token.
 *
 * @example
 * ```ts
 * import { answerLogit } from "./metric.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(answerLogit.of([Float32Array.of(1, 4)], Int32Array.of(1)), 4);
 * ```
 */
export const answerLogit: DifferentiableMetric = {
  name: "logit",
  of: ([first], [answer]) => first[answer],
  gradient(logits, [answer]) {
    const found = zeros(logits);
    found[0][answer] = 1;
    return found;
  },
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
export function logitDifference(against: number): DifferentiableMetric {
  const check = ({ length }: Float32Array) => {
    if (Number.isInteger(against) && against >= 0 && against < length) return;
    throw new InputError(
      `Cannot compare with token ${against}: the vocabulary has ids 0 to ${length - 1}`,
    );
  };
  return {
    name: `logit difference to token ${against}`,
    of([first], [answer]) {
      check(first);
      return first[answer] - first[against];
    },
    gradient(logits, [answer]) {
      check(logits[0]);
      const found = zeros(logits);
      found[0][answer] += 1;
      found[0][against] -= 1;
      return found;
    },
  };
}
