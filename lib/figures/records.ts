/**
 * What figures are drawn from: plain records, as computed or as read from saved JSON.
 *
 * @module
 */

import { InputError } from "../common/errors.ts";
import { counted } from "../common/text.ts";
import { isRecord, kindOf } from "../common/values.ts";
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
  /** What the values are, where the record says so; figures use it as the quantity. */
  readonly quantity?: string;
  /** Raw scores beside calibrated ones, `[layers * heads]`, shown next to them. */
  readonly raw?: ArrayLike<number>;
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
  /** Name of the rule of `scores`. */
  readonly rule?: string;
  /** RAM minus the null query's, where samples have one. */
  readonly calibrated?: readonly (readonly number[])[];
  /** Its intervals. */
  readonly calibratedCi95?: readonly (readonly (readonly [number, number])[])[];
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
  const given: unknown = record;
  if (!isRecord(given) || !Array.isArray(given["shape"]) || !given["values"]) {
    const found = isRecord(given)
      ? `an object with ${Object.keys(given).join(", ")}`
      : kindOf(given);
    throw new InputError(
      `Cannot draw ${figure} from ${found}: wanted { shape: [layers, heads], values: [...] }, one ` +
        "value per head; headRecord(json) makes it of scores.json",
    );
  }
  const [layers, heads] = record.shape;
  const count = layers * heads;
  if (!(Number.isInteger(layers) && Number.isInteger(heads) && layers > 0 && heads > 0)) {
    throw new InputError(
      `Cannot draw ${figure} of ${layers} layers and ${heads} heads: at least 1 of each is needed`,
    );
  }
  checkValues(figure, "values", record.values, count);
  for (const name of ["low", "high", "membership", "raw"] as const) {
    const list = record[name];
    if (list !== undefined) checkValues(figure, name, list, count);
  }
}

/** Which values of `scores.json` a record takes. */
export interface HeadRecordOptions {
  /**
   * `calibrated` where the file has it (with RAM as `raw`), or the rule's own `scores`. By default
   * calibrated scores where RAM has them beside it.
   */
  readonly values?: "calibrated" | "scores";
}

/**
 * A record from `scores.json`, or from one of its domains: calibrated scores with raw RAM beside them
 * where the file has both, else the rule's scores.
 *
 * @throws {InputError} when the tables do not fit the number of layers and heads, or calibrated scores
 * are asked for and not there
 *
 * @example
 * ```ts
 * import { headRecord } from "./records.ts";
 * import { assertEquals } from "@std/assert";
 * const json = { layers: 1, heads: 2, samples: 9, rule: "ram", scores: [[0.1, 0.4]] };
 * assertEquals(headRecord(json).shape, [1, 2]);
 * const both = headRecord({ ...json, calibrated: [[0.1, 0.05]] });
 * assertEquals([both.values, both.raw], [[0.1, 0.05], [0.1, 0.4]]);
 * ```
 */
export function headRecord(json: ScoresJson, options: HeadRecordOptions = {}): HeadRecord {
  const shape = [json.layers, json.heads] as const;
  const { calibrated, rule = "ram" } = json;
  if (options.values === "calibrated" && !calibrated) {
    throw new InputError(
      "Cannot draw calibrated scores: the record has none; its samples had no null query",
    );
  }
  const wanted = options.values ?? (rule === "ram" ? "calibrated" : "scores");
  const record: HeadRecord = wanted === "calibrated" && calibrated
    ? {
      shape,
      values: calibrated.flat(),
      low: json.calibratedCi95?.flat().map(([low]) => low),
      high: json.calibratedCi95?.flat().map(([, high]) => high),
      samples: json.samples,
      quantity: "RAM minus null query",
      ...(rule === "ram" ? { raw: json.scores.flat() } : {}),
    }
    : {
      shape,
      values: json.scores.flat(),
      low: json.ci95?.flat().map(([low]) => low),
      high: json.ci95?.flat().map(([, high]) => high),
      membership: json.topMembership?.probability.flat(),
      samples: json.samples,
    };
  checkRecord("the scores", record);
  return record;
}

/** How a caption names the samples and intervals, e.g. `n = 200 samples; 95% intervals`. */
export function sampleNote(samples: number | undefined, interval: string | undefined): string {
  const parts = [
    samples === undefined ? "" : `n = ${counted(samples, "sample")}`,
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
