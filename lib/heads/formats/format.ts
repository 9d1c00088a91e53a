/**
 * What a format of other programs for head lists is: how scores become its files, and back.
 *
 * @module
 */
import { InputError } from "../../common/errors.ts";
import { quoted } from "../../common/text.ts";
import type { HeadScores } from "../head_scores.ts";

/** What a file may not say of itself and its reader needs to know. */
export interface ListSizes {
  /** L, layers of the model; by default as many as the file names. */
  readonly layers?: number;
  /** N, query heads of a layer; by default as many as the file names. */
  readonly heads?: number;
}

/** What is written beside the scores, where a format has a place for it. */
export interface ListSettings {
  /** Name of the model; empty where nobody knows. */
  readonly model: string;
  /** K, key-value heads of a layer; needed by formats that score these. */
  readonly keyValueHeads?: number;
  /** First tokens that every head sees, of formats that say how heads are used. */
  readonly sink: number;
  /** Last tokens that every head sees. */
  readonly recent: number;
  /** 95% intervals by head, `[L * N]`, where the record has its own; else those of the scores. */
  readonly intervals?: HeadIntervals;
}

/** 95% intervals by head, `[L * N]` row by row; null where there is none. */
export type HeadIntervals = readonly (readonly [low: number, high: number] | null)[];

/** A head list of another program. */
export interface HeadList {
  /** Its scores; of formats without samples, those of one sample that stands for all. */
  readonly scores: HeadScores;
  /** Name of the model, where the file says it; else empty. */
  readonly model: string;
  /** How many heads the file lists; the others have the score 0, or the lowest if that is below. */
  readonly listed: number;
  /** What else the file says or the reader did. */
  readonly notes: Readonly<Record<string, number | string>>;
  /** Intervals, where the file has them. */
  readonly intervals?: HeadIntervals;
}

/** Texts of the files of a list by name; a list of one file has the name "". */
export type ListTexts = Readonly<Record<string, string>>;

/** A format. */
export interface HeadListFormat {
  /** Its name on the command line. */
  readonly name: string;
  /** What it is, in one line. */
  readonly title: string;
  /** Names of its files, where a list is a folder; the first must be there. */
  readonly files?: readonly string[];
  /** Whether it scores key-value heads, so that `keyValueHeads` must be given. */
  readonly byKeyValueHead?: boolean;
  /**
   * The files of some scores.
   *
   * @throws {InputError} for settings that it cannot write
   */
  write(scores: HeadScores, settings: ListSettings): ListTexts;
  /**
   * Reads its files.
   *
   * @param file how messages name them
   * @throws {InputError} in one line, for anything that is no such list
   */
  read(texts: ListTexts, file: string, sizes: ListSizes): HeadList;
}

/** The error about a file that is no list. */
export function badList(file: string, problem: string): InputError {
  return new InputError(`Cannot read head scores of ${quoted(file)}: ${problem}`);
}

/** JSON of a text. */
export function listJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badList(file, `it is no JSON (${quoted((error as Error).message, 100)})`);
  }
}

/**
 * A number as text: with as few digits as give it back, also where it is stored in four bytes.
 *
 * @example
 * ```ts
 * import { shortNumber } from "./format.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([0.5, Math.fround(0.1), 0.1].map(shortNumber), ["0.5", "0.1", "0.1"]);
 * ```
 */
export function shortNumber(value: number): string {
  if (Math.fround(value) !== value) return String(value);
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}
