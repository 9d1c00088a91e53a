/**
 * Scores of an answer as the benchmark that a sample comes from publishes them, beside right and wrong.
 *
 * @module
 */
import { isRightByLmmsEval, isRightByMlvu } from "./choice.ts";
import type { Scored } from "./metrics.ts";
import { documentScore } from "./published/document_answer.ts";
import { answersOf } from "./sample.ts";

/** Scores by name, 0 to 1. */
export type NamedScores = Readonly<Record<string, number>>;

/**
 * The scores that a sample's benchmark publishes, where they are not the share of answers that are right
 * by `isCorrect`:
 * - `mlvu-check` of samples with the metric `mlvu`: MLVU's own check of the letter;
 * - `lmms-eval` of the same: whether lmms-eval's extraction finds the right letter;
 * - `mmlongbench-score` of samples with an answer format of MMLongBench-Doc: the similarity whose mean is
 *   that benchmark's accuracy.
 *
 * @returns none for other samples
 * @throws {InputError} when a multiple-choice sample has no right answer among its choices
 *
 * @example
 * ```ts
 * import { publishedScores } from "./published_scores.ts";
 * import { assertEquals } from "@std/assert";
 * const sample = { answer: ["B", "eva"], choices: ["tom", "eva"], metric: "mlvu" } as const;
 * assertEquals(publishedScores("The answer is B.", sample), { "mlvu-check": 0, "lmms-eval": 1 });
 * assertEquals(publishedScores("abx", { answer: "abc", metric: "text" }), {
 *   "mmlongbench-score": 1 - 1 / 3,
 * });
 * ```
 */
export function publishedScores(prediction: string, sample: Scored): NamedScores {
  const { choices, metric } = sample;
  if (metric === "mlvu") {
    return {
      "mlvu-check": Number(isRightByMlvu(prediction, sample)),
      "lmms-eval": Number(isRightByLmmsEval(prediction, sample)),
    };
  }
  if (choices || metric === undefined || metric === "box" || metric === "interval") return {};
  const scores = answersOf(sample).map((answer) => documentScore(prediction, answer, metric));
  return { "mmlongbench-score": Math.max(...scores) };
}
