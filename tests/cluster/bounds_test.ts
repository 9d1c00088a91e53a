import { assertEquals } from "@std/assert";
import { digestOfBytes } from "../../lib/common/digest.ts";
import { mergeRun } from "../../lib/cluster/merge_run.ts";
import {
  openRun,
  places,
  type PlannedRun,
  type Shard,
  shardsDigest,
  shardsText,
  writeRun,
} from "../../lib/cluster/run_files.ts";
import { runStatus } from "../../lib/cluster/run_status.ts";
import { encodeRow } from "../../lib/experiments/row_codec.ts";

/** A planned run of units that nobody computed: one layer of two heads. */
async function madeRun(folder: string, shards: number, units: number): Promise<void> {
  const list = Array.from({ length: shards }, (_, k): Shard => ({
    seconds: 60,
    units: Array.from({ length: units }, (_, i) => [k * units + i, `u${k * units + i}`, "0"]),
  }));
  const text = { numHiddenLayers: 1, numAttentionHeads: 2, numKeyValueHeads: 1 };
  const run: PlannedRun = {
    format: 1,
    command: "identify",
    arguments: [],
    experiment: "find_heads",
    identity: { experiment: "find_heads", code: "0" },
    config: { rules: [{ name: "ram" }], fraction: 0.5, draws: 100, network: { config: { text } } },
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
      hours: 0,
      tried: 0,
      startSeconds: 0,
      media: { files: 0, uses: 0 },
    },
  };
  await writeRun(folder, run, list);
}

/** Finishes every shard. */
async function finishAll(folder: string): Promise<void> {
  const run = await openRun(folder);
  for (const [shard, { units }] of run.shards.entries()) {
    const body = units.map(([index, key, digest]) => {
      const row = { id: key, domain: "all", maps: [Float32Array.of(index % 7, 1)] };
      return JSON.stringify([index, key, digest, 0, encodeRow(row)]) + "\n";
    }).join("");
    const fingerprints = [{ numbers: { backend: "b" }, backend: "b", dtype: "float32" }];
    const sum = digestOfBytes(new TextEncoder().encode(body));
    const head = { run: run.digest, shard, fingerprints, leftOut: [], digest: sum };
    await Deno.writeTextFile(places.finished(folder, shard), `${JSON.stringify(head)}\n${body}`);
  }
}

Deno.test("the status of 10,000 shards is counted from their files alone", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await madeRun(folder, 10_000, 1);
    for (let shard = 0; shard < 10_000; shard++) {
      if (shard % 2 === 0) Deno.writeTextFileSync(places.finished(folder, shard), "");
      const event = shard % 4 === 1
        ? { event: "failed", code: 1, message: "no" }
        : { event: "start" };
      const line = JSON.stringify({ at: 0, host: "h", pid: 1, ...event });
      if (shard % 4 < 2) Deno.writeTextFileSync(places.log(folder, shard), `${line}\n`);
    }
    const { done, failed, waiting } = await runStatus(folder);
    assertEquals([done, failed.length, waiting], [5000, 2500, 2500]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a merge counts every unit of many shards once", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await madeRun(folder, 40, 100);
    await finishAll(folder);
    assertEquals((await mergeRun(folder)).units, 4000);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
