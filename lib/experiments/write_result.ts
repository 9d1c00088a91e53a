/**
 * The end of a run: its result as a record on disk.
 *
 * @module
 */
import type { LeftOut } from "../data/unusable.ts";
import type { KnownRow } from "./earlier_results.ts";
import type { Experiment, ExperimentConfig, RecordParts, Settled } from "./experiment.ts";
import type { Identity } from "./identity.ts";
import { type Computed, makeManifest, writeRecord } from "./record.ts";
import { encodeRow } from "./row_codec.ts";

/** Rows of a record whose experiment does not read them from its own files. */
export const rowsFile = "rows.json";

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
  /** What computed. */
  readonly computed: Computed;
}

/** Writes the record of a result. */
export async function writeResult<Config extends ExperimentConfig, Row, Result>(
  folder: string,
  experiment: Pick<Experiment<Config, Row, Result>, "name" | "record" | "readRows">,
  config: Settled<Config>,
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
