/**
 * The files of a planned run: what was frozen, how it is cut up, and where its parts lie.
 *
 * @module
 */
import { digestOf, digestOfBytes } from "../common/digest.ts";
import { InputError } from "../common/errors.ts";
import { removeIfThere, writeTextAtomically } from "../common/files.ts";
import { readJsonOf } from "../common/text_files.ts";
import { isRecord } from "../common/values.ts";
import type { LeftOut } from "../data/unusable.ts";
import type { Identity } from "../experiments/identity.ts";
import type { Json } from "../experiments/journal.ts";
import type { PlannedCost } from "./cost.ts";

/** A unit of a shard: its place in the run, its key, and the digest of what it is. */
export type ShardUnit = readonly [index: number, key: string, digest: string];

/** One line of `shards.jsonl`: units that one process works through. */
export interface Shard {
  /** How long it takes on the machine that planned, in seconds. */
  readonly seconds: number;
  /** Its units, in the order of the run. */
  readonly units: readonly ShardUnit[];
}

/** What `run.json` freezes. */
export interface PlannedRun {
  /** Version of this format. */
  readonly format: 1;
  /** The command that is cut up. */
  readonly command: string;
  /** Its arguments, paths from the root on. */
  readonly arguments: readonly string[];
  /** Name of the experiment. */
  readonly experiment: string;
  /** What every number depends on, but for the backend. */
  readonly identity: Identity;
  /** The experiment's configuration, as far as results are put together by it. */
  readonly config: Json;
  /** Samples that were given, without those that were left out before the first unit. */
  readonly samples: number;
  /** Samples that were left out before the first unit. */
  readonly leftOut: readonly LeftOut[];
  /** Units of the run that were left out while it was planned, by their places. */
  readonly leftOutUnits: readonly (readonly [index: number, sample: LeftOut])[];
  /** How many units are planned. */
  readonly units: number;
  /** How many shards. */
  readonly shards: number;
  /** Digest of `shards.jsonl`. */
  readonly shardsDigest: string;
  /** What it costs, by the measure of the machine that planned. */
  readonly cost: PlannedCost;
}

/** A planned run as it lies on disk. */
export interface OpenedRun {
  readonly folder: string;
  /** What was frozen. */
  readonly run: PlannedRun;
  /** Its shards by number. */
  readonly shards: readonly Shard[];
  /** Digest of all that its numbers depend on: what parts of it are bound to. */
  readonly digest: string;
}

/** Where the parts of a run lie. */
export const places = {
  run: (folder: string) => `${folder}/run.json`,
  shards: (folder: string) => `${folder}/shards.jsonl`,
  /** Finished shards. */
  done: (folder: string) => `${folder}/done`,
  finished: (folder: string, shard: number) => `${folder}/done/${shard}.jsonl`,
  /** Journals of shards that are not finished. */
  parts: (folder: string) => `${folder}/parts`,
  journal: (folder: string, shard: number) => `${folder}/parts/${shard}.partial`,
  /** Locked by the process that works on a shard. */
  claim: (folder: string, shard: number) => `${folder}/parts/${shard}.lock`,
  /** What became of each try at a shard. */
  logs: (folder: string) => `${folder}/log`,
  log: (folder: string, shard: number) => `${folder}/log/${shard}.jsonl`,
} as const;

/** Everything that a plan and its work leave in a folder, apart from the merged record. */
const planned = ["run.json", "shards.jsonl", "done", "parts", "log", "slurm"];

/** Removes a planned run, `run.json` first, so that nothing halfway counts as planned. */
export async function removeRun(folder: string): Promise<void> {
  for (const name of planned) {
    await removeIfThere(`${folder}/${name}`, { recursive: true });
  }
}

/** What parts of a run are bound to: all that was frozen, but for its cost. */
export function runDigest({ cost: _cost, ...frozen }: PlannedRun): string {
  return digestOf(frozen);
}

/** Shards as text, one a line. */
export function shardsText(shards: readonly Shard[]): string {
  return shards.map((shard) => JSON.stringify(shard) + "\n").join("");
}

/** Digest of the text of shards. */
export function shardsDigest(text: string): string {
  return digestOfBytes(new TextEncoder().encode(text));
}

/** Writes a planned run: `run.json` last, so that a run is whole or not there. */
export async function writeRun(
  folder: string,
  run: PlannedRun,
  shards: readonly Shard[],
): Promise<void> {
  for (const place of [places.done, places.parts, places.logs]) {
    await Deno.mkdir(place(folder), { recursive: true });
  }
  await writeTextAtomically(places.shards(folder), shardsText(shards));
  await writeTextAtomically(places.run(folder), JSON.stringify(run, null, 1) + "\n");
}

/** Whether a folder holds a planned run. */
export async function isPlanned(folder: string): Promise<boolean> {
  return await Deno.stat(places.run(folder)).then(() => true, () => false);
}

/**
 * What a planned run froze.
 *
 * @throws {InputError} if there is none, or one of another version
 */
export async function readPlannedRun(folder: string): Promise<PlannedRun> {
  if (!await isPlanned(folder)) {
    throw new InputError(
      `Cannot use ${folder}: it holds no run.json; wanted the folder of a planned run ` +
        "(corelens plan identify … --out RUN)",
    );
  }
  const run = await readJsonOf(places.run(folder));
  if (
    !isRecord(run) || run.format !== 1 || !isRecord(run.identity) || !Array.isArray(run.arguments)
  ) {
    throw new InputError(
      `Cannot use ${places.run(folder)}: it is no plan of this version; plan the run again`,
    );
  }
  return run as unknown as PlannedRun;
}

/**
 * Opens a planned run.
 *
 * @throws {InputError} if there is none, or its shards are not as they were planned
 */
export async function openRun(folder: string): Promise<OpenedRun> {
  const run = await readPlannedRun(folder);
  const text = await Deno.readTextFile(places.shards(folder)).catch(() => "");
  if (shardsDigest(text) !== run.shardsDigest) {
    throw new InputError(
      `Cannot use ${places.shards(folder)}: it is not as it was planned; plan the run again`,
    );
  }
  const shards = text.split("\n").slice(0, -1).map((line) => JSON.parse(line) as Shard);
  return { folder, run, shards, digest: runDigest(run) };
}

/** Numbers of the shards that are finished. */
export async function finishedShards(folder: string): Promise<Set<number>> {
  const found = new Set<number>();
  try {
    for await (const { name } of Deno.readDir(places.done(folder))) {
      const [, number] = /^(\d+)\.jsonl$/.exec(name) ?? [];
      if (number !== undefined) found.add(Number(number));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found;
}

/** Numbers of the shards that are not finished, in their order. */
export async function missingShards(folder: string, shards: number): Promise<number[]> {
  const done = await finishedShards(folder);
  return Array.from({ length: shards }, (_, i) => i).filter((shard) => !done.has(shard));
}
