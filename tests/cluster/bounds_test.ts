import { assertEquals } from "@std/assert";
import { mergeRun } from "../../lib/cluster/merge_run.ts";
import { places } from "../../lib/cluster/run_files.ts";
import { runStatus } from "../../lib/cluster/run_status.ts";
import { Journal } from "../../lib/experiments/journal.ts";
import { readManifest } from "../../lib/experiments/record.ts";
import { claimShard } from "../../lib/cluster/shard_log.ts";
import { runProgram } from "../suites/program.ts";
import { beginShard, finishShard, madeRun } from "./made_run.ts";

const size = { layers: 1, heads: 2, rules: ["ram"], draws: 100 };

Deno.test("the status of 10,000 shards is counted from their files alone", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await madeRun(folder, { ...size, shards: 10_000, units: 1 });
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

Deno.test("a worker that was killed before it computed anything counts as failed at once", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await madeRun(folder, { ...size, shards: 1, units: 1 });
    const program = `
      import { claimShard, logEvent } from "LIB/cluster/shard_log.ts";
      await claimShard(${JSON.stringify(folder)}, 0);
      await logEvent(${JSON.stringify(folder)}, 0, { event: "start" });
      Deno.kill(Deno.pid, "SIGKILL");
    `;
    await runProgram(program);
    const { running, failed } = await runStatus(folder);
    assertEquals([running.length, failed.map(({ tries, code }) => [tries, code])], [0, [[
      1,
      null,
    ]]]);
    {
      using _claim = await claimShard(folder, 0);
      assertEquals((await runStatus(folder)).running.map(({ shard }) => shard), [0]);
    }
    assertEquals([...Deno.readDirSync(places.parts(folder))], []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a merge counts every unit of many shards once, and status the units of killed ones", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const run = await madeRun(folder, { ...size, shards: 40, units: 100 });
    for (let shard = 0; shard < 40; shard++) await beginShard(run, shard);
    const begun = await runStatus(folder, Date.now() + 60 * 60_000);
    assertEquals([begun.done, begun.failed.length, begun.secondsLeft], [0, 40, null]);
    for (let shard = 0; shard < 39; shard++) await finishShard(run, shard);
    {
      using _worker = await Journal.open(places.journal(folder, 39));
      const { running, secondsLeft } = await runStatus(folder);
      assertEquals(running.map(({ shard, units, of }) => [shard, units, of]), [[39, 50, 100]]);
      assertEquals(secondsLeft, 300);
    }
    await finishShard(run, 39);
    assertEquals((await mergeRun(folder)).units, 4000);
    const { digests } = await readManifest(folder);
    assertEquals(digests?.map(([key]) => key), Array.from({ length: 4000 }, (_, i) => `unit ${i}`));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
