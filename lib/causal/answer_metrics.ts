/**
 * What of an answer is attributed to heads: a number that is a function of the logits at the answer's
 * places, with its gradient.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";

/** A metric's value, and its gradient with respect to the logits. */
export interface MetricValue {
  /** The value. */
  readonly value: number;
  /** Of the shape of the logits. */
  readonly gradient: Float32Array<ArrayBuffer>;
}

/** A number that is read off the logits at an answer's places. */
export interface AnswerMetric {
  /** Its name, for records and captions. */
  readonly name: string;
  /**
   * Reads it off.
   *
   * @param logits `[A, V]`: row i predicts token i of the answer, given those before it
   * @param answerIds the right answer, `[A]`
   * @throws {InputError} for tokens outside of the vocabulary
   */
  of(logits: Float32Array, answerIds: Int32Array): MetricValue;
}

/** The logit of a token at the answer's first place, less that of another. */
function difference(logits: Float32Array, places: number, ids: readonly number[]): MetricValue {
  const vocabulary = logits.length / places, gradient = new Float32Array(logits.length);
  ids.forEach((id, i) => {
    if (!Number.isInteger(id) || id < 0 || id >= vocabulary) {
      throw new InputError(
        `Cannot attribute the logit of token ${id}: wanted 0 to ${vocabulary - 1}`,
      );
    }
    gradient[id] += i === 0 ? 1 : -1;
  });
  return { value: logits[ids[0]] - (ids.length > 1 ? logits[ids[1]] : 0), gradient };
}

/**
 * The metrics.
 *
 * @example
 * ```ts
 * import { answerMetrics } from "./answer_metrics.ts";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 * const logits = Float32Array.of(2, 0, 1), answer = Int32Array.of(0);
 * assertEquals(answerMetrics.logit().of(logits, answer).value, 2);
 * assertEquals([...answerMetrics.logitDifference(2).of(logits, answer).gradient], [1, 0, -1]);
 * assertAlmostEquals(answerMetrics.logProb().of(logits, answer).value, -0.407606, 1e-6);
 * ```
 */
export const answerMetrics = {
  /** Log-probability of the whole right answer, in nats: what `sweep` measures. */
  logProb: (): AnswerMetric => ({ name: "log-probability", of: logProb }),
  /** Logit of the answer's first token. */
  logit: (): AnswerMetric => ({
    name: "logit",
    of: (logits, answerIds) => difference(logits, answerIds.length, [answerIds[0]]),
  }),
  /** Logit of the answer's first token less that of a wrong one. */
  logitDifference: (against: number): AnswerMetric => ({
    name: "logit difference",
    of: (logits, answerIds) => difference(logits, answerIds.length, [answerIds[0], against]),
  }),
} as const;

function logProb(logits: Float32Array, answerIds: Int32Array): MetricValue {
  const vocabulary = logits.length / answerIds.length, gradient = new Float32Array(logits.length);
  let value = 0;
  answerIds.forEach((id, place) => {
    const start = place * vocabulary, own = logits.subarray(start, start + vocabulary);
    const most = own.reduce((a, b) => Math.max(a, b), -Infinity);
    let sum = 0;
    for (const logit of own) sum += Math.exp(logit - most);
    own.forEach((logit, i) => gradient[start + i] = -Math.exp(logit - most) / sum);
    gradient[start + id] += 1;
    value += own[id] - most - Math.log(sum);
  });
  return { value, gradient };
}
