/**
 * What an experiment is, and how one is run: units of work in order, each result bound to what it was
 * made of, resumable, with a record at the end.
 *
 * This folder runs whole experiments over many samples and keeps their records on disk.
 * @module
 */
import { InputError } from "../common/errors.ts";
import { breather, outputsSent, stopSignal } from "../common/notebook.ts";
import { quoted } from "../common/text.ts";
import { readRecordJson } from "../common/record_bytes.ts";
import type { LeftOut } from "../data/unusable.ts";
import type { TextConfig } from "../model/config.ts";
import type { ReuseCache } from "../model/reuse_cache.ts";
import type { VisionLanguageModel } from "../model/vision_language_model.ts";
import { type Identity, runIdentity } from "./identity.ts";
import type { Json } from "./journal.ts";
import {
  inOrder,
  isWhole,
  type KnownRow,
  otherSamples,
  resumedNotice,
  stillValid,
} from "./earlier_results.ts";
import { sampleSettings, type Unit } from "./lazy_sample.ts";
import { mediaOrder } from "./media_order.ts";
import { computedBy } from "./record.ts";
import type { ExperimentFacts } from "./registry.ts";
import { noneUsable, type RunContext, type SamplesContext, unlessUnusable } from "./run_context.ts";
import { decodeRow, encodeRow } from "./row_codec.ts";
import { RunFolder } from "./run_folder.ts";
import { type RecordParts, rowsFile, type RunNotes, writeResult } from "./write_result.ts";

export type { RecordParts, RunNotes };

/**
 * What every experiment is configured with. Everything else in a configuration is an option: part of
 * the run's identity by itself.
 */
export interface ExperimentConfig {
  /** The network. */
  readonly network: VisionLanguageModel;
  /** The samples; each result is bound to its own. */
  readonly samples: readonly object[];
  /** Names and notes for the record; nothing depends on them. */
  readonly about?: RunNotes;
  /** Seed of everything random. */
  readonly seed?: number;
  /** What samples have in common, kept; whoever made the configuration disposes of it. */
  readonly reuse?: ReuseCache;
}

/**
 * What of a configuration is there when results are put together, maybe on a machine without the
 * model: the options, and the sizes of the network.
 */
export type Settled<Config extends ExperimentConfig> =
  & Omit<Config, "network" | "samples" | "pretrained" | "reuse">
  & {
    /** The network, as far as its heads can be counted. */
    readonly network: {
      readonly config: {
        readonly text: Pick<
          TextConfig,
          "numHiddenLayers" | "numAttentionHeads" | "numKeyValueHeads"
        >;
      };
    };
  };

/** An experiment with its configuration: what {@link runExperiment} runs, and a plan cuts up. */
export interface ExperimentRun<Config extends ExperimentConfig, Row, Result> extends Disposable {
  readonly experiment: Experiment<Config, Row, Result>;
  /** Its configuration, without what the record says beside the results. */
  readonly config: Config;
  /** What the record says beside the results; may take a look at every sample. */
  about(): Promise<RunNotes>;
}

/** A question and how it is answered: rows of results, one for each unit of work. */
export interface Experiment<Config extends ExperimentConfig, Row, Result>
  extends Omit<ExperimentFacts, "command"> {
  /** Folders whose sources compute, besides the library's. */
  readonly sources?: readonly URL[];
  /** The work, in order. @throws {InputError} for a configuration that cannot be run */
  units(
    config: Config,
    context: RunContext,
  ): readonly Unit<Row>[] | Promise<readonly Unit<Row>[]>;
  /** What the rows come to: at least one, in the order of the units. */
  result(rows: readonly Row[], config: Settled<Config>): Result;
  /** What is written. */
  record(result: Result, config: Settled<Config>): RecordParts;
  /** Whether rows hold times, which differ from run to run. */
  readonly measuresTime?: boolean;
  /**
   * The rows of a record, in the order in which they were written. Without it the runner keeps them
   * in a file of their own, `rows.json`.
   */
  readRows?(folder: string, config: Config): Promise<readonly Row[]>;
}

function optionsOf(config: ExperimentConfig): Readonly<Record<string, unknown>> {
  const { network: _network, about: _about, reuse: _reuse, samples, ...given } = config;
  const { pretrained: _pretrained, ...options } = given as Record<string, unknown>;
  return { ...options, prompts: sampleSettings(samples) ?? undefined };
}

/** The identity of a run of an experiment; see {@link runIdentity}. */
export async function identityOf<Config extends ExperimentConfig>(
  experiment: Pick<Experiment<Config, unknown, unknown>, "name" | "sources">,
  config: Config,
): Promise<Identity> {
  const { name, sources } = experiment;
  const { network } = config;
  return await runIdentity({ experiment: name, network, options: optionsOf(config), sources });
}

/** @throws {InputError} for two units of one key */
export function checkKeys(units: readonly Unit<unknown>[]): void {
  const keys = new Set<string>();
  for (const { key } of units) {
    if (keys.has(key)) throw new InputError(`Cannot run ${quoted(key)} twice: ids must differ`);
    keys.add(key);
  }
}

/** Works through units, but for those whose results are kept. */
async function workThrough<Row>(
  units: readonly Unit<Row>[],
  kept: ReadonlyMap<string, KnownRow<Row>>,
  context: RunContext,
  done: (key: string, row: KnownRow<Row>) => void | Promise<void>,
): Promise<void> {
  const left = mediaOrder(units.filter(({ key }) => !kept.has(key)));
  const stop = stopSignal(), breathe = breather();
  context.onProgress?.(0, left.length);
  for (const [i, unit] of left.entries()) {
    await breathe();
    stop.throwIfAborted();
    context.signal?.throwIfAborted();
    const row = await unlessUnusable(context, async () => {
      const { digest, work } = await unit.open();
      return { digest, row: await work() };
    });
    if (row !== undefined) await done(unit.key, row); // else it is tried again next time
    context.onProgress?.(i + 1, left.length);
  }
  await outputsSent();
}

/** What earlier runs left, by key: a finished record's rows, then what a killed run computed. */
async function knownRows<Config extends ExperimentConfig, Row>(
  experiment: Experiment<Config, Row, unknown>,
  config: Config,
  { path, finished, journal }: RunFolder,
): Promise<Map<string, KnownRow<Row>>> {
  const known = new Map<string, KnownRow<Row>>();
  if (finished) {
    const rows = await experiment.readRows?.(path, config) ??
      (await readRecordJson(path, rowsFile) as Json[]).map(decodeRow<Row>);
    const { digests = [] } = finished;
    if (digests.length !== rows.length) {
      throw new InputError(
        `Cannot run in ${path}: it holds ${rows.length} results, its manifest names ` +
          `${digests.length}; start over with --fresh, or choose another folder`,
      );
    }
    digests.forEach(([key, digest], i) => known.set(key, { digest, row: rows[i] }));
  }
  for (const [key, { digest, value }] of journal.entries) {
    known.set(key, { digest, row: decodeRow<Row>(value) });
  }
  return known;
}

/**
 * Runs an experiment. With a folder, a run that was stopped there at any moment resumes: results whose
 * samples are as they were are kept, those of changed samples are computed again, those of samples
 * that are gone are dropped, and the record's bytes are those of an undisturbed run. A finished run is
 * read, not run again.
 *
 * @returns what the experiment makes of its rows
 * @throws {InputError} for two units of one key, or a folder with a run of other settings (unless
 * `fresh`), naming what differs
 * @throws the signal's reason, once it is aborted
 *
 * @example
 * ```ts
 * import { type Experiment, type ExperimentConfig, runExperiment } from "./experiment.ts";
 * import { createKernels } from "../backend/create_kernels.ts";
 * import { useBackend } from "../backend/select.ts";
 * import { plantedModel } from "../../lab/planted/planted.ts";
 * import { plantedSample } from "../../lab/planted/planted_world.ts";
 * import { sampleUnits } from "./lazy_sample.ts";
 * import { assertEquals } from "@std/assert";
 * type Config = ExperimentConfig & { samples: readonly ReturnType<typeof plantedSample>[] };
 * const lengths: Experiment<Config, number, number[]> = {
 *   name: "prompt_lengths",
 *   question: "How long are the prompts?",
 *   action: "measure prompts",
 *   units: ({ samples }) => sampleUnits(samples, ({ inputs }) => Promise.resolve(inputs.inputIds.length)),
 *   result: (rows) => [...rows],
 *   record: () => ({ options: {}, files: {} }),
 * };
 * await useBackend("auto");
 * const { model: network } = plantedModel(createKernels("float32"), { seed: 1 });
 * const folder = await Deno.makeTempDir();
 * const config = { network, samples: [plantedSample(1, 0), plantedSample(1, 1)] };
 * const first = await runExperiment(lengths, config, { folder });
 * assertEquals(await runExperiment(lengths, config, { folder }), first);
 * network.dispose();
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function runExperiment<Config extends ExperimentConfig, Row, Result>(
  experiment: Experiment<Config, Row, Result>,
  config: Config,
  options: SamplesContext = {},
): Promise<Result> {
  const { action } = experiment, { length: samples } = config.samples;
  if (samples === 0) throw new InputError(`Cannot ${action} on 0 samples: 1 needed`);
  const leftOut: LeftOut[] = [];
  const onLeftOut = (sample: LeftOut) => {
    leftOut.push(sample);
    options.onLeftOut?.(sample);
  };
  const context = { ...options, onLeftOut };
  const units = await experiment.units(config, context);
  checkKeys(units);
  const resultOf = (rows: ReadonlyMap<string, KnownRow<Row>>) => {
    if (rows.size === 0) throw noneUsable(action, samples, leftOut.at(-1)?.reason);
    return experiment.result(inOrder(units, rows).map(([, { row }]) => row), config);
  };
  if (options.folder === undefined) {
    const rows = new Map<string, KnownRow<Row>>();
    await workThrough(units, rows, context, (key, row) => void rows.set(key, row));
    return resultOf(rows);
  }
  const identity = await identityOf(experiment, config);
  const folder = await RunFolder.open(options.folder, identity, options.fresh);
  try {
    const { path, finished, journal } = folder;
    const before = await knownRows(experiment, config, folder);
    const comparison = await stillValid(units, before);
    const { kept } = comparison;
    if (finished && isWhole(finished, units, comparison)) {
      context.onNotice?.(`nothing to do: ${path} holds the results of this run`);
      await journal.remove();
      return resultOf(kept);
    }
    if (finished && journal.identity === null && kept.size === 0) {
      throw otherSamples(path, comparison);
    }
    if (before.size > 0) context.onNotice?.(resumedNotice(path, comparison, units.length));
    await folder.begin(identity);
    const note = (key: string, { digest, row }: KnownRow<Row>) =>
      journal.add(key, { digest, value: encodeRow(row) });
    const rows = new Map(kept);
    await workThrough(units, kept, context, async (key, row) => {
      await note(key, row);
      rows.set(key, row);
    });
    if (finished) { // its files are replaced now: the journal must hold all that they hold
      for (const [key, row] of kept) await note(key, row);
    }
    const result = resultOf(rows);
    await writeResult(path, experiment, config, result, {
      rows: inOrder(units, rows),
      samples: samples - leftOut.length,
      leftOut: [...options.leftOut ?? [], ...leftOut],
      identity,
      computed: computedBy(config.network.kernels),
    });
    await journal.remove();
    return result;
  } finally {
    await folder.close();
  }
}

/** Runs an experiment as it is configured; see {@link runExperiment}. */
export async function runConfigured<Config extends ExperimentConfig, Row, Result>(
  { experiment, config, about }: ExperimentRun<Config, Row, Result>,
  context: SamplesContext = {},
): Promise<Result> {
  return await runExperiment(experiment, { ...config, about: await about() }, context);
}
