/**
 * The end of a run: its result as a record on disk.
 *
 * @module
 */
import type { LeftOut } from "../data/unusable.ts";
import type { KnownRow } from "./earlier_results.ts";
import type { Identity } from "./identity.ts";
import type { Json } from "./journal.ts";
import { type Computed, makeManifest, writeRecord } from "./record.ts";
import { encodeRow } from "./row_codec.ts";

/** Rows of a record whose experiment does not read them from its own files. */
export const rowsFile = "rows.json";

/** What a record says beside its results. */
export interface RunNotes {
  /** Name of the model. */
  readonly model?: string;
  /** Name of the data set. */
  readonly data?: string;
  /** Whose scores chose the heads. */
  readonly scores?: Json;
  /** How many of the samples chose the heads, too. */
  readonly samplesInBoth?: number;
  /** Other explanations of each head, `[L * N]` by name. */
  readonly rivals?: Readonly<Record<string, readonly number[]>>;
}

/** What an experiment puts on disk. */
export interface RecordParts {
  /** Settings that a reader of the record should see. */
  readonly options: Json;
  /** Texts or bytes by file name. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
}

/** An experiment, as far as its record goes. */
export interface Recorded<Result, Config> {
  /** Name in records. */
  readonly name: string;
  /** What is written. */
  record(result: Result, config: Config): RecordParts;
  /** Whether the rows are read from these files again; else they have a file of their own. */
  readonly readRows?: unknown;
}

/** What a result is made of. */
export interface ResultParts<Row> {
  /** Rows by the keys of their units, in the order of the units. */
  readonly rows: readonly (readonly [key: string, row: KnownRow<Row>])[];
  /** How many samples were used. */
  readonly samples: number;
  /** Samples that were left out. */
  readonly leftOut: readonly LeftOut[];
  /** The run's identity. */
  readonly identity: Identity;
  readonly computed: Computed;
}

/** Writes the record of a result. */
export async function writeResult<
  Config extends { readonly about?: RunNotes; readonly seed?: number },
  Row,
  Result,
>(
  folder: string,
  experiment: Recorded<Result, Config>,
  config: Config,
  result: Result,
  { rows, samples, leftOut, identity, computed }: ResultParts<Row>,
): Promise<void> {
  const { about, seed = 0 } = config;
  const { files, options } = experiment.record(result, config);
  const own: RecordParts["files"] = experiment.readRows
    ? {}
    : { [rowsFile]: JSON.stringify(rows.map(([, { row }]) => encodeRow(row))) + "\n" };
  const manifest = await makeManifest({
    experiment: experiment.name,
    model: about?.model ?? "",
    data: about?.data ?? "",
    samples,
    leftOut,
    seed,
    options,
    scores: about?.scores,
    identity,
    digests: rows.map(([key, { digest }]) => [key, digest] as const),
  }, computed);
  await writeRecord(folder, manifest, { ...files, ...own });
}
