/**
 * What an experiment is, and how its units of work are run: in order, resumable, with progress.
 *
 * This folder runs whole experiments over many samples and keeps their records on disk.
 * @module
 */
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
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
    const row = await work();
    await journal?.add(key, codec.encode(row));
    context.onProgress?.(++done, total);
    yield row;
  }
}
