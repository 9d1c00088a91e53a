/**
 * Records of `accelerate`, whose rows hold times: what is equal from run to run, and whence the times.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { readFinished } from "../../lib/cluster/finished_shard.ts";
import { openRun } from "../../lib/cluster/run_files.ts";
import type { PrefillSpeedRow } from "../../lib/experiments/prefill_speed.ts";
import { jsonText } from "../../lib/experiments/record.ts";

async function rowsOf(folder: string): Promise<PrefillSpeedRow[]> {
  return JSON.parse(await Deno.readTextFile(`${folder}/results.json`));
}

/** The files of a record without date and times, and what is computed from times. */
export async function timedRecord(folder: string): Promise<string[]> {
  const { date: _date, files: _digests, ...manifest } = JSON.parse(
    await Deno.readTextFile(`${folder}/manifest.json`),
  );
  const rows = (await rowsOf(folder)).map((
    { denseMs: _dense, sparseMs: _sparse, speedup: _speedup, ci95: _ci95, ...row },
  ) => row);
  return [jsonText(manifest), jsonText(rows)];
}

/** Checks that a merged record's rows are those that workers measured, times included, in order. */
export async function assertTimesOfWorkers(folder: string): Promise<void> {
  const run = await openRun(folder);
  const units = await Promise.all(run.shards.keys().map((shard) => readFinished(run, shard)));
  const rows = units.flatMap(({ units }) => units).sort(([a], [b]) => a - b)
    .flatMap(([, , , , row]) => row as unknown as PrefillSpeedRow[]);
  assertEquals(await Deno.readTextFile(`${folder}/results.json`), jsonText(rows));
}
