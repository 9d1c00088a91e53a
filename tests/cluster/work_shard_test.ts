import { assert, assertEquals, assertRejects } from "@std/assert";
import { mergeRun } from "../../lib/cluster/merge_run.ts";
import { places } from "../../lib/cluster/run_files.ts";
import { readEvents } from "../../lib/cluster/shard_log.ts";
import { isFinished } from "../../lib/cluster/work_shard.ts";
import { Journal } from "../../lib/experiments/journal.ts";
import { PlantedRun } from "./planted_run.ts";

/** All samples show the same picture. */
const together = { media: () => ["one.png"] };

Deno.test("samples that share media are one shard, which resumes at the unit where it was killed", async () => {
  await using planted = await PlantedRun.make();
  const alone = await planted.files(await planted.alone());
  const { folder, shards, run } = await planted.plan(together);
  assertEquals([shards.length, run.cost.media], [1, { files: 1, uses: 6 }]);
  const seen: string[] = [];
  for (const killedAt of [1, 3, 3]) {
    const work = planted.work(folder, 0, { ...together, killedAt, seen });
    await assertRejects(() => work, Error, "killed");
  }
  assertEquals(await isFinished({ folder, run }, 0), false);
  await planted.work(folder, 0, { ...together, seen });
  const computed = seen.filter((id) => id !== "s0"); // which says what rules there are, each time
  assertEquals(new Set(computed).size, computed.length);
  await mergeRun(folder);
  assertEquals(await planted.files(folder), alone);
  assertEquals([...Deno.readDirSync(places.parts(folder))], []);
});

Deno.test("units that were tried while planning are not computed again", async () => {
  await using planted = await PlantedRun.make();
  const { folder, run } = await planted.plan(together);
  assertEquals(run.cost.tried, 3);
  using journal = await Journal.open(places.journal(folder, 0));
  assertEquals(journal.entries.size, 3);
});

Deno.test("what is not as it was planned is a mistake, and named", async () => {
  await using planted = await PlantedRun.make();
  const { folder } = await planted.plan();
  await assertRejects(
    () => planted.work(folder, 1, { changed: 1 }),
    Error,
    '"s1": it is not as it was',
  );
  await assertRejects(
    () => planted.work(folder, 1, {}, {}, 0.5),
    Error,
    "option fraction (0.1875 then",
  );
  await assertRejects(() => planted.work(folder, 6), Error, "there are 0 to 5");
  await assertRejects(() => planted.work(planted.folder, 0), Error, "it holds no run.json");
});

Deno.test("the first of two results stays, and a disagreement is logged and told", async () => {
  await using planted = await PlantedRun.make();
  const { folder } = await planted.plan();
  await planted.work(folder, 5);
  const path = places.finished(folder, 5), first = await Deno.readTextFile(path);
  const told: string[] = [];
  const onNotice = (text: string) => told.push(text);
  await planted.work(folder, 5, {}, { onNotice });
  assertEquals([told, await Deno.readTextFile(path)], [[], first]);
  await planted.work(folder, 5, { unusable: 5 }, { onNotice, skipBad: true });
  assert(told[0].includes("other results for 1 of its units"));
  assertEquals(await Deno.readTextFile(path), first);
  assert(readEvents(folder, 5).some(({ event }) => event === "disagrees"));
});

Deno.test("two processes on one shard both end, and count once", async () => {
  await using planted = await PlantedRun.make();
  const { folder } = await planted.plan(together);
  using held = await Journal.open(places.journal(folder, 0));
  await planted.work(folder, 0, together);
  assertEquals([held.entries.size, (await mergeRun(folder)).units], [3, 6]);
});

Deno.test("a plan stays as it is, and is not overwritten by another", async () => {
  await using planted = await PlantedRun.make();
  const { folder, digest } = await planted.plan();
  const told: string[] = [];
  const again = await planted.plan({}, { folder, onNotice: (text) => told.push(text) });
  assertEquals([again.digest, told.length], [digest, 1]);
  await assertRejects(() => planted.plan({ changed: 1 }, { folder }), Error, "on other samples");
  const alone = await planted.alone();
  await assertRejects(
    () => planted.plan({}, { folder: alone }),
    Error,
    "holds the record of a run",
  );
  assert((await planted.plan({ changed: 1 }, { folder, fresh: true })).digest !== digest);
});
