/**
 * Planned runs of `identify` that are made up: no model computes, every score is random.
 *
 * @module
 */
import { putFinished } from "../../lib/cluster/finished_shard.ts";
import {
  type OpenedRun,
  places,
  type PlannedRun,
  runDigest,
  type Shard,
  shardsDigest,
  shardsText,
  type ShardUnit,
  writeRun,
} from "../../lib/cluster/run_files.ts";
import { logEvent } from "../../lib/cluster/shard_log.ts";
import { digestOf } from "../../lib/common/digest.ts";
import { Journal, type Json } from "../../lib/experiments/journal.ts";
import { encodeRow } from "../../lib/experiments/row_codec.ts";
import { Random } from "../../lib/stats/random.ts";

const backend = {
  numbers: { backend: "none" },
  backend: "none",
  dtype: "float32",
  threads: 1,
  processor: "none",
};

/** How large a run is. */
export interface Size {
  readonly shards: number;
  /** Units of each shard. */
  readonly units: number;
  readonly layers: number;
  readonly heads: number;
  /** Scoring rules. */
  readonly rules: readonly string[];
  /** Bootstrap draws. */
  readonly draws: number;
}

/** A planned run of which nothing is done; neighbouring units lie in different shards. */
export async function madeRun(folder: string, size: Size): Promise<OpenedRun> {
  const { shards, units, layers, heads, rules, draws } = size;
  const list = Array.from({ length: shards }, (_, shard): Shard => ({
    seconds: 600,
    units: Array.from({ length: units }, (_, i): ShardUnit => {
      const index = i * shards + shard;
      return [index, `unit ${index}`, digestOf(index)];
    }),
  }));
  const run: PlannedRun = {
    format: 1,
    command: "identify",
    arguments: [],
    experiment: "find_heads",
    identity: { experiment: "find_heads", code: "made up" },
    config: {
      rules: rules.map((name) => ({ name, needs: [] })),
      fraction: 0.05,
      draws,
      seed: 0,
      about: { model: "none", data: "made up" },
      network: {
        config: {
          text: { numHiddenLayers: layers, numAttentionHeads: heads, numKeyValueHeads: heads },
        },
      },
    },
    samples: shards * units,
    leftOut: [],
    leftOutUnits: [],
    units: shards * units,
    shards,
    shardsDigest: shardsDigest(shardsText(list)),
    cost: {
      prefillTokens: null,
      prefillGflop: null,
      weightBytes: 0,
      hours: shards / 6,
      tried: 3,
      startSeconds: 0,
      media: { files: 0, uses: 0, savedHours: 0 },
    },
  };
  await writeRun(folder, run, list);
  return { folder, run, shards: list, digest: runDigest(run) };
}

/** The result of a unit, by random scores. */
function rowOf({ run }: OpenedRun, index: number, id: string): Json {
  const { rules, network: { config: { text } } } = run.config as unknown as {
    rules: readonly unknown[];
    network: { config: { text: { numHiddenLayers: number; numAttentionHeads: number } } };
  };
  const length = text.numHiddenLayers * text.numAttentionHeads, random = new Random(index);
  const maps = rules.map(() => Float32Array.from({ length }, () => random.uniform()));
  return encodeRow({ id, domain: index % 2 ? "page" : "scene", maps });
}

/** Leaves a shard as a worker does that is killed after half of its units. */
export async function beginShard(opened: OpenedRun, shard: number): Promise<void> {
  const { folder, digest: run, shards: { [shard]: { units } } } = opened;
  await logEvent(folder, shard, { event: "start" });
  using journal = await Journal.open(places.journal(folder, shard));
  await journal.begin({ run, shard });
  for (const [index, key, digest] of units.slice(0, units.length / 2)) {
    await journal.add(key, { digest, value: encodeRow([backend, rowOf(opened, index, key)]) });
  }
}

/** Finishes a shard. */
export async function finishShard(opened: OpenedRun, shard: number): Promise<void> {
  const { folder, shards: { [shard]: { units } } } = opened;
  await putFinished(opened, shard, {
    fingerprints: [backend],
    leftOut: [],
    units: units.map(([index, key, digest]) =>
      [index, key, digest, 0, rowOf(opened, index, key)] as const
    ),
  });
  await Deno.remove(places.journal(folder, shard)).catch(() => {});
  await logEvent(folder, shard, { event: "done", seconds: 600 });
}
