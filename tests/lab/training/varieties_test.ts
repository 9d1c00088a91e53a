import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Random } from "../../../lib/stats/random.ts";
import {
  finishStages,
  layoutsBetween,
  longStages,
  scenesStages,
  variedStages,
} from "../../../lab/training/stages.ts";
import { varietySource } from "../../../lab/training/sources.ts";
import { taskContext } from "../../../lab/training/task_contexts.ts";
import {
  drawVariety,
  listsChoices,
  practisedVarieties,
  runningShares,
  varieties,
} from "../../../lab/training/varieties.ts";

Deno.test("every variety can be drawn in every layout that training uses", () => {
  const random = new Random(3);
  for (const { grids, pairs: [, most] } of variedStages.slice(0, 2)) {
    for (const { domain, variety } of varieties) {
      const layout = grids[random.integer(grids.length)];
      const { questions, labels } = taskContext(random, {
        ...{ domain, grids: layout, difficulty: variety, pairs: most, questions: 4, words: 64 },
        ...{ split: "train", pixels: false },
      });
      assert(questions.length > 0);
      assertEquals(labels.length, layout.reduce((sum, [rows, columns]) => sum + rows * columns, 0));
    }
  }
});

Deno.test("varieties have names of their own, and some list choices", () => {
  assertEquals(new Set(varieties.map(({ name }) => name)).size, varieties.length);
  const listing = varieties.filter(listsChoices).map(({ name }) => name);
  assert(listing.includes("long-video: lettered choices"));
  assert(listing.every((name) => name.startsWith("long-video")));
});

Deno.test("what is known badly is practised more, and nothing is given up", () => {
  const some = varieties.slice(0, 3), random = new Random(1);
  const shares = { [some[0].name]: 1, [some[1].name]: 0, [some[2].name]: 1 };
  const counts = new Map(some.map(({ name }) => [name, 0]));
  for (let i = 0; i < 4000; i++) {
    const { name } = drawVariety(some, shares, random);
    counts.set(name, counts.get(name)! + 1);
  }
  const [easy, hard] = some.map(({ name }) => counts.get(name)! / 4000);
  assertAlmostEquals(hard, 1.25 / 1.75, 0.03);
  assertAlmostEquals(easy, 0.25 / 1.75, 0.03);
});

Deno.test("a running share begins with the first batch and forgets with every question", () => {
  const first = runningShares({}, { a: [3, 4] });
  assertEquals(first, { a: 0.75 });
  const { a, b } = runningShares(first, { a: [0, 60], b: [1, 1] });
  assertAlmostEquals(a, 0.75 / Math.E, 1e-12);
  assertEquals(b, 1);
});

Deno.test("layouts have as many visual tokens as asked, and are not all squares", () => {
  const layouts = layoutsBetween(48, 160);
  for (const grids of layouts) {
    const cells = grids.reduce((sum, [rows, columns]) => sum + rows * columns, 0);
    assert(cells >= 48 && cells <= 160);
  }
  assert(layouts.some(([[rows, columns]]) => rows === 5 && columns === 6));
});

Deno.test("all but coordinates is practised in a stage of the longest phase, lettered choices by themselves", () => {
  const names = longStages.map((stage) => practisedVarieties(stage).map(({ name }) => name));
  const others = varieties.filter(({ name }) => !/coordinates/.test(name)).map(({ name }) => name);
  assertEquals(new Set(names.flat()), new Set(others));
  const isLettered = (name: string) => /lettered choices/.test(name);
  for (const [i, own] of names.entries()) {
    assert(own.every((name) => isLettered(name) === (i >= 4)), `stage ${i}: ${own.join(", ")}`);
  }
  for (let seed = 0; seed < 8; seed++) { // not every format has them: a draw of such a one would find nothing
    const random = new Random(seed), stage = { ...longStages[4], contexts: 1, questions: 2 };
    const batch = varietySource(stage, stage.grids[random.integer(20)], random, {});
    assert(batch.questions.every(({ domain }) => isLettered(domain)));
  }
});

Deno.test("the last phase practises everything, and three forms by themselves in short contexts", () => {
  const names = finishStages.map((stage) => practisedVarieties(stage).map(({ name }) => name));
  for (const own of names.slice(0, 3)) assertEquals(own, varieties.map(({ name }) => name));
  for (const [i, form] of ["lettered choices", "coordinates", "one number an image"].entries()) {
    const own = names[4 + i];
    assert(own.length > 0 && own.every((name) => name.includes(form)));
    assertEquals(own, varieties.map(({ name }) => name).filter((name) => name.includes(form)));
  }
  const cells = finishStages.map(({ grids }) =>
    Math.max(...grids.map((one) => one.reduce((sum, [rows, columns]) => sum + rows * columns, 0)))
  );
  assertEquals(cells, [160, 512, 1024, 4096, 96, 160, 160, 96]);
});

Deno.test("what follows it practises everything, and what is mistaken where it is", () => {
  const names = scenesStages.map((stage) => practisedVarieties(stage).map(({ name }) => name));
  for (const own of names.slice(0, 3)) assertEquals(own, varieties.map(({ name }) => name));
  const [coordinates, numbers, scenes] = names.slice(4);
  assert(coordinates.length === 2 && coordinates.every((name) => name.includes("coordinates")));
  assert(numbers.length === 4 && numbers.every((name) => name.includes("one number an image")));
  assert(scenes.includes("scene: sentences") && scenes.includes("scene: two-word answers"));
  assert(scenes.every((name) => name.startsWith("scene: ") && !/coordinates|keys/.test(name)));
  assert(scenesStages[5].grids.every(({ length }) => length >= 3));
  assertAlmostEquals(scenesStages.reduce((sum, { share }) => sum + share!, 0), 1, 1e-9);
});

Deno.test("as many pairs as there are words are never asked for: too few might be left that are not held out", () => {
  const stage = { ...finishStages[2], pairs: [64, 64] as const, contexts: 1, questions: 1 };
  const most = stage.grids.filter((grids) => grids.length === 2 && grids[0][0] >= 16);
  for (let seed = 0; seed < 12; seed++) {
    const only = { ...stage, only: "video: a number beside each" };
    const batch = varietySource(only, most[seed % most.length], new Random(seed), {});
    assertEquals(batch.questions.length, batch.count);
  }
});
