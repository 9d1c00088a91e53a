import { assert, assertEquals, assertRejects } from "@std/assert";
import { mergeRun } from "../../lib/cluster/merge_run.ts";
import { readFinished } from "../../lib/cluster/finished_shard.ts";
import { openRun, places } from "../../lib/cluster/run_files.ts";
import { PlantedRun } from "./planted_run.ts";

Deno.test("shards in any order come to the bytes of one process, and not before all are there", async () => {
  await using planted = await PlantedRun.make();
  const alone = await planted.files(await planted.alone());
  const { folder, shards } = await planted.plan();
  assertEquals(shards.length, 6);
  for (const shard of [4, 0, 5, 2, 1]) await planted.work(folder, shard);
  await assertRejects(() => mergeRun(folder), Error, "1 of 6 shards are missing (3)");
  await planted.work(folder, 3);
  assertEquals(await mergeRun(folder), { units: 6, shards: 6, backends: 1 });
  assertEquals(await planted.files(folder), alone);
});

Deno.test("samples that cannot be used are left out as one process leaves them out", async () => {
  await using planted = await PlantedRun.make();
  const before = { skipBad: true, leftOut: [{ sample: "x", reason: "no line" }] };
  for (const unusable of [1, 5]) {
    const alone = await planted.files(await planted.alone({ unusable }, before));
    assert(alone[0].includes("damaged"));
    const { folder, shards } = await planted.plan({ unusable }, before);
    for (const shard of shards.keys()) await planted.work(folder, shard, { unusable }, before);
    await mergeRun(folder);
    assertEquals(await planted.files(folder), alone);
  }
  const { folder } = await planted.plan({ unusable: 3 });
  await assertRejects(() => planted.work(folder, 3, { unusable: 3 }), Error, "--skip-bad");
});

Deno.test("several backends are named in the manifest, or refused", async () => {
  await using planted = await PlantedRun.make();
  const { folder, shards } = await planted.plan();
  for (const shard of shards.keys()) await planted.work(folder, shard);
  const path = places.finished(folder, 2), text = await Deno.readTextFile(path);
  await Deno.writeTextFile(
    path,
    text.replace(/"backend":"[^"]*","dtype"/, '"backend":"other","dtype"'),
  );
  await assertRejects(() => mergeRun(folder, { sameBackend: true }), Error, "1 units by other");
  const told: string[] = [];
  assertEquals((await mergeRun(folder, { onNotice: (t) => told.push(t) })).backends, 2);
  assert(told[0].includes("several backends"));
  const { backends, backend } = JSON.parse(await Deno.readTextFile(`${folder}/manifest.json`));
  assertEquals(backends.map(({ units }: { units: number }) => units), [5, 1]);
  assert(backend !== "other");
});

Deno.test("damaged and foreign shards are not merged", async () => {
  await using planted = await PlantedRun.make();
  const { folder, shards } = await planted.plan();
  for (const shard of shards.keys()) await planted.work(folder, shard);
  const path = places.finished(folder, 1), text = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, text.replace("scene", "scenE").replace("page", "pagE"));
  await assertRejects(() => mergeRun(folder), Error, "not as it was written");
  await Deno.copyFile(places.finished(folder, 0), path);
  await assertRejects(() => mergeRun(folder), Error, "of another run or shard");
  await Deno.writeTextFile(path, text);
  await Deno.writeTextFile(places.shards(folder), "");
  await assertRejects(() => openRun(folder), Error, "not as it was planned");
});

Deno.test("a finished shard is read as it was written", async () => {
  await using planted = await PlantedRun.make();
  const run = await planted.plan();
  await planted.work(run.folder, 2);
  const { units, fingerprints, leftOut } = await readFinished(run, 2);
  assertEquals(units.map(([index, key]) => [index, key]), [[2, "s2"]]);
  assertEquals([fingerprints.length, leftOut.length], [1, 0]);
});
