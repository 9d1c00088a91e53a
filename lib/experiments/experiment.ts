/**
 * What an experiment is, and how its units of work are run: in order, resumable, with progress.
 *
 * This folder runs whole experiments over many samples and keeps their records on disk.
 * @module
 */
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import { type LeftOut, UnusableSampleError } from "../data/unusable.ts";
import { Journal, type Json } from "./journal.ts";

/** Told how many units of this run are done; those finished by an earlier run do not count. */
export type Progress = (done: number, total: number) => void;

/** Where and how a run takes place. */
export interface RunContext {
  /**
   * Folder for the records. Without one nothing is written, and a run that is stopped begins anew.
   */
  readonly folder?: string;
  /** Stops the run between two units; what is done stays done. */
  readonly signal?: AbortSignal;
  /** Progress. */
  readonly onProgress?: Progress;
  /**
   * Goes on without samples that cannot be used (a damaged picture, evidence without tokens) and names
   * them in the manifest. By default the first of them stops the run.
   */
  readonly skipBad?: boolean;
  /** Told of each sample that `skipBad` goes past. */
  readonly onLeftOut?: (sample: LeftOut) => void;
}

/** What experiments that write a record of samples are told besides. */
export interface SamplesContext extends RunContext {
  /** Samples that were left out before, to be named in the manifest. */
  readonly leftOut?: readonly LeftOut[];
}

/**
 * Where a run of samples takes place, and the list of those it goes without: the given ones, then
 * those that it meets.
 */
export function withLeftOut<T extends SamplesContext>(
  options: T,
): { context: RunContext; leftOut: LeftOut[]; settings: Omit<T, keyof SamplesContext> } {
  const { folder, signal, onProgress, skipBad, onLeftOut, leftOut: before, ...settings } = options;
  const leftOut = [...before ?? []];
  const told = (sample: LeftOut) => {
    leftOut.push(sample);
    onLeftOut?.(sample);
  };
  return {
    context: { folder, signal, onProgress, skipBad, onLeftOut: told },
    leftOut,
    settings,
  };
}

/**
 * Does work on one sample; undefined where the sample cannot be used and the run goes on without it.
 *
 * @throws {UnusableSampleError} without `skipBad`, with a hint at it
 */
export async function unlessUnusable<T>(
  context: Pick<RunContext, "skipBad" | "onLeftOut">,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof UnusableSampleError)) throw error;
    const { sample, reason } = error.leftOut;
    if (!context.skipBad) {
      throw new UnusableSampleError(
        sample,
        reason,
        "; to go on without such samples: skipBad (--skip-bad)",
      );
    }
    context.onLeftOut?.(error.leftOut);
  }
}

/** The error for a run that has no samples left. */
export function noneUsable(doing: string, samples: number, reason = "unknown"): InputError {
  return new InputError(
    `Cannot ${doing}: none of ${samples} samples can be used; the last one: ${reason}`,
  );
}

/** A question and how it is answered: rows of results, one by one. */
export interface Experiment<Config, Row> {
  /** Name in records, such as `find_heads`. */
  readonly name: string;
  /** What it answers, in one sentence. */
  readonly question: string;
  /** Runs it; with a folder, goes on where an earlier run stopped. */
  run(config: Config, context?: RunContext): AsyncIterable<Row>;
}

/** One unit of work: what can be finished and noted by itself, usually a sample. */
export interface Unit<Row> {
  /** Unique in the run. */
  readonly key: string;
  /** Does the work. */
  readonly work: () => Promise<Row>;
}

/** How rows become JSON for the journal, and rows again, without loss. */
export interface RowCodec<Row> {
  /** To JSON. */
  encode(row: Row): Json;
  /** From JSON. */
  decode(json: Json): Row;
}

/** Name of the journal in a run's folder; it is removed when the records are written. */
export const journalName = "run.partial";

/**
 * Runs units in order and yields their rows; those that an earlier run finished come from the
 * journal.
 *
 * @param identity what the rows depend on; a journal of another identity is an error
 * @throws {UnusableSampleError} for a unit whose sample cannot be used, unless `skipBad` leaves it out
 * @throws {InputError} for two units of one key, or a journal of other settings
 * @throws the signal's reason, once it is aborted
 *
 * @example
 * ```ts
 * import { runUnits } from "./experiment.ts";
 * import { assertEquals } from "@std/assert";
 * const units = [1, 2].map((n) => ({ key: `${n}`, work: () => Promise.resolve(n * n) }));
 * const codec = { encode: (row: number) => row, decode: (json: unknown) => json as number };
 * const rows: number[] = [];
 * for await (const row of runUnits(units, codec, {})) rows.push(row);
 * assertEquals(rows, [1, 4]);
 * ```
 */
export async function* runUnits<Row>(
  units: readonly Unit<Row>[],
  codec: RowCodec<Row>,
  identity: Json,
  context: RunContext = {},
): AsyncGenerator<Row> {
  const keys = new Set<string>();
  for (const { key } of units) {
    if (keys.has(key)) throw new InputError(`Cannot run ${quoted(key)} twice: ids must differ`);
    keys.add(key);
  }
  using journal = context.folder !== undefined
    ? await Journal.open(`${context.folder}/${journalName}`, identity)
    : null;
  const total = units.filter(({ key }) => !journal?.entries.has(key)).length;
  let done = 0;
  context.onProgress?.(done, total);
  for (const { key, work } of units) {
    const known = journal?.entries.get(key);
    if (known !== undefined) {
      yield codec.decode(known);
      continue;
    }
    context.signal?.throwIfAborted();
    const row = await unlessUnusable(context, work);
    if (row !== undefined) await journal?.add(key, codec.encode(row)); // else tried again next time
    context.onProgress?.(++done, total);
    if (row !== undefined) yield row;
  }
}
