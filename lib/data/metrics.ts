/**
 * Whether an answer is right: exact match, multiple choice, or the sample's own metric.
 *
 * @module
 */
import { isRightChoice, withoutThoughts } from "./choice.ts";
import { normaliseAnswer } from "./normalise.ts";
import { isDocumentAnswer } from "./published/document_answer.ts";
import { isSameBox, isSameInterval } from "./published/overlap.ts";
import { answersOf, type SampleText } from "./sample.ts";

/** What a metric needs of a sample. */
export type Scored = Pick<SampleText, "answer" | "choices" | "metric">;

/**
 * Whether a prediction equals one of the right answers, apart from case, spaces and punctuation at
 * the ends.
 *
 * @example
 * ```ts
 * import { isExactMatch } from "./metrics.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(isExactMatch("Tom.", { answer: ["tom", "c"] }), true);
 * assertEquals(isExactMatch("tom or eva", { answer: "tom" }), false);
 * ```
 */
export function isExactMatch(prediction: string, sample: Pick<SampleText, "answer">): boolean {
  const given = normaliseAnswer(prediction);
  return answersOf(sample).some((answer) => normaliseAnswer(answer) === given);
}

/**
 * Whether a prediction answers a sample: a multiple-choice question by its choices, any other by the
 * sample's metric, or by exact match if it names none. What a model thinks before it answers does not
 * count.
 *
 * @throws {InputError} when a multiple-choice sample has no right answer among its choices
 *
 * @example
 * ```ts
 * import { isCorrect } from "./metrics.ts";
 * import { assertEquals } from "@std/assert";
 * const sample = { answer: "[0, 0, 500, 500]", metric: "box" } as const;
 * assertEquals(isCorrect("[0, 0, 500, 600]", sample), true);
 * ```
 */
export function isCorrect(prediction: string, sample: Scored): boolean {
  const { choices, metric } = sample;
  if (choices || metric === "mlvu") return isRightChoice(prediction, sample);
  const said = withoutThoughts(prediction);
  if (!metric) return isExactMatch(said, sample);
  return answersOf(sample).some((answer) => {
    if (metric === "box") return isSameBox(said, answer);
    if (metric === "interval") return isSameInterval(said, answer);
    return isDocumentAnswer(said, answer, metric);
  });
}
