/**
 * What figures are drawn from: plain records, as computed or as read from saved JSON.
 *
 * @module
 */

import { InputError } from "../common/errors.ts";
import { checkValues } from "./check.ts";

/** A value per head, with its interval where known. Lists are row-major, `[layers, heads]`. */
export interface HeadRecord {
  /** Number of layers and of heads per layer. */
  readonly shape: readonly [layers: number, heads: number];
  /** Values, `[layers * heads]`. */
  readonly values: ArrayLike<number>;
  /** Lower ends of the intervals, `[layers * heads]`. */
  readonly low?: ArrayLike<number>;
  /** Upper ends of the intervals, `[layers * heads]`. */
  readonly high?: ArrayLike<number>;
  /** Probability of being among the top fraction, `[layers * heads]`. */
  readonly membership?: ArrayLike<number>;
  /** Number of samples behind the values. */
  readonly samples?: number;
}

/** The keys of `scores.json` (and of each of its domains) that figures use. */
export interface ScoresJson {
  /** Number of layers. */
  readonly layers: number;
  /** Heads per layer. */
  readonly heads: number;
  /** Number of samples. */
  readonly samples: number;
  /** Mean score, `[layers][heads]`. */
  readonly scores: readonly (readonly number[])[];
  /** Interval, `[layers][heads][2]`. */
  readonly ci95?: readonly (readonly (readonly [number, number])[])[];
  /** Membership in the top fraction. */
  readonly topMembership?: {
    readonly fraction: number;
    readonly probability: readonly (readonly number[])[];
  };
}

/**
 * Throws unless the lists of a record fit its shape and are finite.
 *
 * @param figure what is drawn, for the message
 * @param record values by head
 * @throws {InputError} when a list has another length, a value is not finite, or there is no head
 */
export function checkRecord(figure: string, record: HeadRecord): void {
  const [layers, heads] = record.shape;
  const count = layers * heads;
  if (!(Number.isInteger(layers) && Number.isInteger(heads) && layers > 0 && heads > 0)) {
    throw new InputError(
      `Cannot draw ${figure} of ${layers} layers and ${heads} heads: at least 1 of each is needed`,
    );
  }
  checkValues(figure, "values", record.values, count);
  for (const name of ["low", "high", "membership"] as const) {
    const list = record[name];
    if (list !== undefined) checkValues(figure, name, list, count);
  }
}

/**
 * A record from `scores.json`, or from one of its domains.
 *
 * @throws {InputError} when the tables do not fit the number of layers and heads
 *
 * @example
 * ```ts
 * import { headRecord } from "./records.ts";
 * import { assertEquals } from "@std/assert";
 * const json = { layers: 1, heads: 2, samples: 9, scores: [[0.1, 0.4]] };
 * assertEquals(headRecord(json).shape, [1, 2]);
 * ```
 */
export function headRecord(json: ScoresJson): HeadRecord {
  const record: HeadRecord = {
    shape: [json.layers, json.heads],
    values: json.scores.flat(),
    low: json.ci95?.flat().map(([low]) => low),
    high: json.ci95?.flat().map(([, high]) => high),
    membership: json.topMembership?.probability.flat(),
    samples: json.samples,
  };
  checkRecord("the scores", record);
  return record;
}

/** How a caption names the samples and intervals, e.g. `n = 200 samples; 95 % intervals`. */
export function sampleNote(samples: number | undefined, interval: string | undefined): string {
  const parts = [
    samples === undefined ? "" : `n = ${samples} sample${samples === 1 ? "" : "s"}`,
    interval ?? "",
  ];
  return parts.filter((part) => part !== "").join("; ");
}

/** Sentences joined into one caption, each with its full stop. */
export function joinSentences(...sentences: (string | undefined)[]): string {
  return sentences
    .filter((sentence): sentence is string => sentence !== undefined && sentence !== "")
    .map((sentence) => /[.!?]$/.test(sentence) ? sentence : `${sentence}.`)
    .join(" ");
}
