import { assert, assertEquals, assertRejects } from "@std/assert";
import { mergeRun } from "../../lib/cluster/merge_run.ts";
import { places } from "../../lib/cluster/run_files.ts";
import { readEvents } from "../../lib/cluster/shard_log.ts";
import { isFinished } from "../../lib/cluster/work_shard.ts";
import { Journal, type Json } from "../../lib/experiments/journal.ts";
import { copyFolder, PlantedRun } from "./planted_run.ts";

/** All samples show the same picture. */
const together = { media: () => ["one.png"] };

Deno.test("samples that share media are one shard, which resumes at the unit where it was killed", async () => {
  await using planted = await PlantedRun.make();
  const alone = await planted.files(await planted.alone());
  const { folder, shards, run } = await planted.plan(together);
  assertEquals([shards.length, run.cost.media], [1, {
    files: 1,
    uses: 6,
    savedHours: run.cost.media.savedHours,
  }]);
  const seen: string[] = [];
  for (const killedAt of [2, 4, 4]) {
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
  assertEquals(run.cost.tried, 2); // one to warm up, one that finds its media used
  using journal = await Journal.open(places.journal(folder, 0));
  assertEquals(journal.entries.size, 2);
});

Deno.test("units that were tried on another backend are computed again, others are not", async () => {
  await using planted = await PlantedRun.make();
  const { folder } = await planted.plan(together);
  const path = places.journal(folder, 0);
  const others = { threads: 99 };
  for (const [during, wanted] of [["plan", 6], [undefined, 4]] as const) {
    {
      using journal = await Journal.open(path);
      for (const [key, { digest, value }] of [...journal.entries]) {
        const [by, row] = value as unknown as [Record<string, Json>, Json];
        const changed = [{ ...by, ...others }, row, ...during ? [during] : []];
        await journal.add(key, { digest, value: changed });
      }
    }
    const seen: string[] = [], copy = `${folder}-${wanted}`;
    await copyFolder(folder, copy);
    await planted.work(copy, 0, { ...together, seen });
    assertEquals(seen.slice(1).length, wanted); // the first is loaded for the rules that there are
    const told: string[] = [];
    const { backends } = await mergeRun(copy, { onNotice: (text) => void told.push(text) });
    assertEquals([backends, told.some((text) => text.includes("threads: 99"))], [
      wanted === 6 ? 1 : 2,
      wanted === 4,
    ]);
    if (wanted === 4) {
      await assertRejects(() => mergeRun(copy, { sameBackend: true }), Error, "one backend only");
    }
  }
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
  assertEquals([held.entries.size, (await mergeRun(folder)).units], [2, 6]);
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
