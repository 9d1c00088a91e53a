/**
 * Planning: a run is frozen, tried on a few units, and cut into shards.
 *
 * @module
 */
import { cpus } from "node:os";
import { numericChoices } from "../backend/numbers.ts";
import { currentBackend } from "../backend/select.ts";
import { digestOf } from "../common/digest.ts";
import { InputError } from "../common/errors.ts";
import type { LeftOut } from "../data/unusable.ts";
import {
  checkKeys,
  type ExperimentConfig,
  type ExperimentRun,
  identityOf,
} from "../experiments/experiment.ts";
import { changedParts, type Identity, onBackend } from "../experiments/identity.ts";
import { computedBy, readManifestIfAny } from "../experiments/record.ts";
import { encodeRow } from "../experiments/row_codec.ts";
import { noneUsable, type SamplesContext, unlessUnusable } from "../experiments/run_context.ts";
import { prefillOf, secondsOfUnits, weightBytes } from "./cost.ts";
import type { Fingerprint } from "./finished_shard.ts";
import {
  isPlanned,
  type OpenedRun,
  openRun,
  type PlannedRun,
  readPlannedRun,
  removeRun,
  runDigest,
  type Shard,
  shardsDigest,
  shardsText,
  type ShardUnit,
  writeRun,
} from "./run_files.ts";
import { cutShards, sharedMedia } from "./shards.ts";
import { keepTried, type OpenedUnit, tryUnits } from "./try_units.ts";

/** How a run is planned. */
export interface PlanOptions extends SamplesContext {
  /** Folder of the run. */
  readonly folder: string;
  readonly command: string;
  /** Its arguments, as `work` will read them. */
  readonly arguments: readonly string[];
  /** Minutes of a shard on this machine, about; 10 by default. */
  readonly shardMinutes?: number;
  /** Seconds from the start of the process until the model was loaded. */
  readonly startSeconds?: number;
}

/** Name of the processor, where it may be asked for. */
function processor(): string {
  const { state } = Deno.permissions.querySync({ name: "sys", kind: "cpus" });
  return state === "granted" ? cpus()[0]?.model.trim() ?? "unknown" : "unknown";
}

/** What this process computes with. */
export async function fingerprintOf({ network }: ExperimentConfig): Promise<Fingerprint> {
  const numbers = await numericChoices(network.kernels);
  const { backend, dtype } = computedBy(network.kernels);
  return {
    numbers,
    backend,
    dtype,
    threads: currentBackend()?.threads ?? 1,
    processor: processor(),
  };
}

/** What of a run's identity is common to all backends. */
export async function commonIdentity<Config extends ExperimentConfig, Row, Result>(
  { experiment, config }: ExperimentRun<Config, Row, Result>,
  { numbers }: Fingerprint,
): Promise<Identity> {
  return onBackend(await identityOf(experiment, config), numbers);
}

/** What of a configuration results are put together by, as JSON. */
function settledConfig(config: ExperimentConfig): Record<string, unknown> {
  const { network, samples: _samples, reuse: _reuse, ...options } = config;
  const { pretrained: _pretrained, ...plain } = options as Record<string, unknown>;
  const { numHiddenLayers, numAttentionHeads, numKeyValueHeads } = network.config.text;
  const text = { numHiddenLayers, numAttentionHeads, numKeyValueHeads };
  return { ...plain, network: { config: { text } } };
}

/** Refuses a folder that holds something else; removes what a plan that was killed left there. */
async function earlierPlan(
  { folder, fresh }: PlanOptions,
  now: Pick<PlannedRun, "command" | "identity">,
): Promise<void> {
  const howTo = "start over with --fresh, or choose another folder";
  if (fresh) await removeRun(folder);
  if (!await isPlanned(folder)) {
    if (fresh || await readManifestIfAny(folder) === null) return await removeRun(folder);
    throw new InputError(`Cannot plan in ${folder}: it holds the record of a run; ${howTo}`);
  }
  const { identity } = await readPlannedRun(folder);
  const changed = changedParts(identity, now.identity);
  if (changed.length === 0) return;
  throw new InputError(
    `Cannot plan in ${folder}: a run was planned there with other settings (` +
      `${changed.join(", ")}); ${howTo}`,
  );
}

/**
 * Plans a run: writes `run.json`, which freezes digests of all that its numbers depend on, and
 * `shards.jsonl`. The units that were tried are not lost: their results wait in the shards' journals.
 * A run that is planned already stays as it is.
 *
 * @throws {InputError} if the folder holds another run, naming what differs
 */
export async function planRun<Config extends ExperimentConfig, Row, Result>(
  run: ExperimentRun<Config, Row, Result>,
  options: PlanOptions,
): Promise<OpenedRun> {
  const { experiment, config } = run, { folder, command, shardMinutes = 10 } = options;
  const samples = config.samples.length;
  if (samples === 0) throw new InputError(`Cannot ${experiment.action} on 0 samples: 1 needed`);
  const start = performance.now();
  const fingerprint = await fingerprintOf(config);
  const identity = await commonIdentity(run, fingerprint);
  const checkSeconds = (performance.now() - start) / 1000;
  await earlierPlan(options, { command, identity });
  const leftOut: LeftOut[] = [...options.leftOut ?? []];
  const units = await experiment.units(config, {
    ...options,
    onLeftOut: (sample) => void leftOut.push(sample),
  });
  checkKeys(units);
  const leftOutUnits: [number, LeftOut][] = [], opened: OpenedUnit<Row>[] = [];
  for (const [index, unit] of units.entries()) {
    const onLeftOut = (sample: LeftOut) => void leftOutUnits.push([index, sample]);
    const found = await unlessUnusable({ ...options, onLeftOut }, () => unit.open());
    if (found) opened.push({ index, unit, digest: found.digest });
  }
  const about = await run.about();
  const frozen = {
    format: 1 as const,
    command,
    arguments: options.arguments,
    experiment: experiment.name,
    identity,
    config: JSON.parse(JSON.stringify(encodeRow(settledConfig({ ...config, about })))),
    samples: samples - (leftOut.length - (options.leftOut?.length ?? 0)),
    leftOut,
    leftOutUnits,
    units: opened.length,
  };
  if (await isPlanned(folder)) {
    const before = await openRun(folder);
    const known = before.shards.flatMap(({ units }) => units).sort(([a], [b]) => a - b);
    const now = opened.map(({ index, unit, digest }) => [index, unit.key, digest]);
    if (digestOf(known) === digestOf(now)) {
      options.onNotice?.(`nothing to do: ${folder} holds the plan of this run`);
      return before;
    }
    throw new InputError(
      `Cannot plan in ${folder}: a run was planned there on other samples; start over with --fresh, ` +
        "or choose another folder",
    );
  }
  const tried = await tryUnits(opened, options);
  if (tried.length === 0) throw noneUsable(experiment.action, samples);
  const { seconds, saved } = secondsOfUnits(opened.map(({ unit }) => unit), tried);
  const weights = opened.map(({ unit }, i) => ({ seconds: seconds[i], media: unit.media }));
  const shards = cutShards(weights, shardMinutes * 60).map((places): Shard => ({
    seconds: Number(places.reduce((sum, i) => sum + weights[i].seconds, 0).toPrecision(4)),
    units: places.map((i): ShardUnit => [opened[i].index, opened[i].unit.key, opened[i].digest]),
  }));
  const planned: PlannedRun = {
    ...frozen,
    shards: shards.length,
    shardsDigest: shardsDigest(shardsText(shards)),
    cost: {
      ...prefillOf(config.network, opened.length, tried),
      weightBytes: weightBytes(config.network),
      hours: shards.reduce((sum, shard) => sum + shard.seconds, 0) / 3600,
      tried: tried.length,
      startSeconds: Number(((options.startSeconds ?? 0) + checkSeconds).toPrecision(3)),
      media: { ...sharedMedia(weights), savedHours: saved / 3600 },
    },
  };
  const made = { folder, run: planned, shards, digest: runDigest(planned) };
  await Deno.mkdir(folder, { recursive: true });
  await keepTried(made, tried, fingerprint);
  await writeRun(folder, planned, shards);
  return made;
}
