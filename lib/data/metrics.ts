/**
 * Whether an answer is right: exact match, multiple choice, and places by coordinates.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { isRightChoice, withoutThoughts } from "./choice.ts";
import { normaliseAnswer } from "./normalise.ts";
import type { Interval } from "../stats/interval.ts";
import { wilsonInterval } from "../stats/proportion.ts";
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

/** Column and row of an answer such as `x3 y5`, or null. */
function coordinates(text: string): readonly [number, number] | null {
  const found = /^x\s*(\d+)[\s,]+y\s*(\d+)$/.exec(normaliseAnswer(text));
  return found && [Number(found[1]), Number(found[2])];
}

/**
 * Whether a predicted place lies near enough: for answers such as `x3 y5`, both coordinates at most
 * `tolerance` away; for places with a name, an exact match.
 *
 * @param tolerance in eighths of the image, 1 by default
 *
 * @example
 * ```ts
 * import { isNearPlace } from "./metrics.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(isNearPlace("x4 y5", { answer: "x3 y5" }), true);
 * assertEquals(isNearPlace("x4 y5", { answer: "x3 y5" }, 0), false);
 * ```
 */
export function isNearPlace(
  prediction: string,
  sample: Pick<SampleText, "answer">,
  tolerance = 1,
): boolean {
  const given = coordinates(prediction);
  return answersOf(sample).some((answer) => {
    const right = coordinates(answer);
    if (!right) return isExactMatch(prediction, { answer });
    return given !== null && right.every((value, i) => Math.abs(value - given[i]) <= tolerance);
  });
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

/** Accuracy in one group of samples. */
export interface Accuracy {
  /** Number of samples. */
  readonly samples: number;
  /** Number of right answers. */
  readonly right: number;
  /** Share of right answers with its 95 % interval (Wilson). */
  readonly accuracy: Interval;
  /** Accuracy of a guess, or null where a sample does not say its chance. */
  readonly chance: number | null;
}

/**
 * Accuracy by domain.
 *
 * @param samples what was asked
 * @param predictions the answers, `[samples]`
 * @returns one entry for each domain, in the order of its first sample
 * @throws {InputError} when the lengths differ or a sample cannot be scored
 *
 * @example
 * ```ts
 * import { accuracyByDomain } from "./metrics.ts";
 * import { assertEquals } from "@std/assert";
 * const sample = { id: "a", domain: "page", question: "", answer: "p3", evidence: [], chance: 0.5 };
 * const page = accuracyByDomain([sample, { ...sample, id: "b" }], ["p3", "p4"]).get("page")!;
 * assertEquals([page.right, page.samples, page.chance], [1, 2, 0.5]);
 * ```
 */
export function accuracyByDomain(
  samples: readonly SampleText[],
  predictions: readonly string[],
): Map<string, Accuracy> {
  if (samples.length !== predictions.length) {
    throw new InputError(
      `Cannot score ${predictions.length} predictions of ${samples.length} samples: wanted one each`,
    );
  }
  const groups = new Map<string, { samples: number; right: number; chance: number }>();
  samples.forEach((sample, i) => {
    const group = groups.get(sample.domain) ?? { samples: 0, right: 0, chance: 0 };
    group.samples++;
    if (isCorrect(predictions[i], sample)) group.right++;
    group.chance += sample.chance ?? NaN;
    groups.set(sample.domain, group);
  });
  return new Map(Array.from(groups, ([domain, { samples: n, right, chance }]) => [domain, {
    samples: n,
    right,
    accuracy: wilsonInterval(right, n),
    chance: Number.isNaN(chance) ? null : chance / n,
  }]));
}
