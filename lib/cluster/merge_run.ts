/**
 * Merging: the finished shards of a run become the record that one process would have written.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { removeTemporaries } from "../common/files.ts";
import type { LeftOut } from "../data/unusable.ts";
import { ablateHeadsExperiment } from "../experiments/ablate_heads.ts";
import { attributeHeadsExperiment } from "../experiments/attribute_heads.ts";
import type { KnownRow } from "../experiments/earlier_results.ts";
import type { Experiment, ExperimentConfig, Settled } from "../experiments/experiment.ts";
import { findHeadsExperiment } from "../experiments/find_heads.ts";
import { onBackend } from "../experiments/identity.ts";
import type { Json } from "../experiments/journal.ts";
import { prefillSpeedResult } from "../experiments/prefill_speed.ts";
import { decodeRow } from "../experiments/row_codec.ts";
import { noneUsable } from "../experiments/run_context.ts";
import { retrievePlacesExperiment } from "../experiments/retrieve_places.ts";
import { steerHeadsExperiment } from "../experiments/steer_heads.ts";
import { type ResultParts, writeResult } from "../experiments/write_result.ts";
import { type Fingerprint, readFinished } from "./finished_shard.ts";
import { finishedShards, type OpenedRun, openRun, places } from "./run_files.ts";

/** Rows in the order of their units; what they hold is known to the experiment. */
type MergedRows = ResultParts<unknown>["rows"];

/** Puts rows together and writes the record. */
type Merger = (folder: string, config: Json, parts: ResultParts<unknown>) => Promise<void>;

function merger<Config extends ExperimentConfig, Row, Result>(
  experiment: Omit<Experiment<Config, Row, Result>, "units">,
): readonly [string, Merger] {
  return [experiment.name, async (folder, config, parts) => {
    const settled = decodeRow<Settled<Config>>(config);
    const result = experiment.result(parts.rows.map(([, { row }]) => row as Row), settled);
    await writeResult(folder, experiment, settled, result, parts);
  }];
}

/** Experiments whose runs can be planned and merged. */
const mergers: ReadonlyMap<string, Merger> = new Map([
  merger(findHeadsExperiment),
  merger(ablateHeadsExperiment),
  merger(attributeHeadsExperiment),
  merger(steerHeadsExperiment),
  merger(retrievePlacesExperiment),
  merger(prefillSpeedResult),
]);

/** How a run is merged. */
export interface MergeOptions {
  /** Refuses results of several backends. */
  readonly sameBackend?: boolean;
  /** Told what the user should know. */
  readonly onNotice?: (text: string) => void;
}

/** What a merge put together. */
export interface Merged {
  /** How many units. */
  readonly units: number;
  /** How many shards. */
  readonly shards: number;
  /** How many backends computed them. */
  readonly backends: number;
}

/** Everything that the shards of a run hold. */
interface Gathered {
  readonly rows: MergedRows;
  readonly leftOut: readonly LeftOut[];
  /** The backends, the one with the most units first. */
  readonly backends: readonly { readonly fingerprint: Fingerprint; readonly units: number }[];
}

async function checkComplete({ folder, shards }: OpenedRun): Promise<void> {
  const done = await finishedShards(folder);
  const missing = [...shards.keys()].filter((shard) => !done.has(shard));
  if (missing.length === 0) return;
  throw new InputError(
    `Cannot merge ${folder}: ${missing.length} of ${shards.length} shards are missing (` +
      `${missing.slice(0, 5).join(", ")}${missing.length > 5 ? ", …" : ""}); send them with ` +
      "corelens submit, and see corelens status",
  );
}

async function gather(opened: OpenedRun): Promise<Gathered> {
  const { run, shards } = opened;
  const rows: [index: number, key: string, row: KnownRow<unknown>][] = [];
  const leftOut: (readonly [number, LeftOut])[] = [...run.leftOutUnits];
  const counts = new Map<string, number>();
  for (const [number, shard] of shards.entries()) {
    const { units, fingerprints, leftOut: without } = await readFinished(opened, number);
    const names = fingerprints.map((fingerprint) => JSON.stringify(fingerprint));
    for (const [index, key, digest, by, row] of units) {
      rows.push([index, key, { digest, row: decodeRow(row) }]);
      counts.set(names[by], (counts.get(names[by]) ?? 0) + 1);
    }
    leftOut.push(...without);
    if (units.length + without.length !== shard.units.length) {
      throw new InputError(
        `Cannot merge ${opened.folder}: shard ${number} holds ${units.length} of ` +
          `${shard.units.length} units; remove ${places.finished(opened.folder, number)}`,
      );
    }
  }
  return {
    rows: rows.sort(([a], [b]) => a - b).map(([, key, row]) => [key, row] as const),
    leftOut: [...run.leftOut, ...leftOut.sort(([a], [b]) => a - b).map(([, sample]) => sample)],
    backends: [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
      .map(([text, units]) => ({ fingerprint: JSON.parse(text), units })),
  };
}

/**
 * Writes the record of a planned run whose shards are all finished, into the run's folder: the same
 * bytes as one process on the same backend, in whatever order and by however many workers they were
 * computed. No model is loaded. Several backends are named in the manifest.
 *
 * @throws {InputError} while shards are missing, for damaged ones, and for several backends if
 * `sameBackend` refuses them
 */
export async function mergeRun(folder: string, options: MergeOptions = {}): Promise<Merged> {
  const opened = await openRun(folder), { run } = opened;
  const merge = mergers.get(run.experiment);
  if (!merge) throw new InputError(`Cannot merge ${folder}: unknown experiment ${run.experiment}`);
  await checkComplete(opened);
  const { rows, leftOut, backends } = await gather(opened);
  if (rows.length === 0) {
    throw noneUsable(run.command, run.samples, leftOut.at(-1)?.reason);
  }
  const [{ fingerprint: main }] = backends;
  if (backends.length > 1) {
    const named = backends.map((
      { fingerprint: { numbers, backend, dtype, threads, processor }, units },
    ) =>
      `${units} units by ${backend}, ${dtype}, ${numbers.backend}, threads: ${threads}, ${processor}`
    ).join("; ");
    if (options.sameBackend) {
      throw new InputError(`Cannot merge ${folder} of one backend only: ${named}`);
    }
    options.onNotice?.(`warning: several backends computed this run: ${named}`);
  }
  const numbers = backends.map(({ fingerprint: { numbers, threads, processor }, units }) => ({
    numbers: { ...numbers, threads: String(threads), processor },
    units,
  }));
  await removeTemporaries(folder);
  await merge(folder, run.config, {
    rows,
    samples: run.samples - (leftOut.length - run.leftOut.length),
    leftOut,
    identity: onBackend(run.identity, {}, main.numbers),
    computed: {
      backend: main.backend,
      dtype: main.dtype,
      ...(backends.length > 1 ? { backends: numbers } : {}),
    },
  });
  return { units: rows.length, shards: run.shards, backends: backends.length };
}
