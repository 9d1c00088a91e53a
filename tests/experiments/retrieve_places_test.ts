import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { UnusableSampleError } from "../../lib/data/unusable.ts";
import { headSamples } from "../../lib/experiments/samples.ts";
import { findHeads } from "../../lib/experiments/find_heads.ts";
import {
  readRetrievedPlaces,
  retrievePlaces,
  retrieverNames,
} from "../../lib/experiments/retrieve_places.ts";
import { fromPretrained } from "../../lib/families/pretrained.ts";
import { domainOf } from "../../lab/synthetic/domains.ts";
import { corelens } from "../suites/command_line.ts";

const pages = (seed: number, images: number) =>
  domainOf("page").generate(seed, { cellsPerSide: 5, images, difficulty: 0, split: "test" });

Deno.test("the best heads of mini find the page that holds the answer, as guessing does not", async () => {
  using model = await fromPretrained("mini");
  const { kernels } = model.network;
  const samples = headSamples(model, [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => pages(seed, 3)));
  const scores = await findHeads(model, samples.slice(0, 2), { rivals: false });
  const folder = await Deno.makeTempDir();
  const before = kernels.tensorCount();
  const rows = await retrievePlaces(model, samples.slice(2), scores, { draws: 3, folder });
  assertEquals(kernels.tensorCount(), before, "retrieval left tensors behind");
  assertEquals(rows.length, 2 * retrieverNames.length * 2);
  for (const row of rows) {
    assertEquals([row.samples, row.places], [6, 3]);
    // three places: the first five are all of them
    assertAlmostEquals(row.chance, row.at === 1 ? 1 / 3 : 1);
    if (row.at === 5) assertEquals(row.recall, 1);
    if (row.at === 1 && row.retriever === "core") assertEquals(row.recall, 1);
    assert(row.ci95[0] <= row.recall && row.recall <= row.ci95[1] + 1e-9);
  }
  assertEquals((await readRetrievedPlaces(folder)).length, rows.length);
  await Deno.remove(folder, { recursive: true });
  await assertRejects(
    () => retrievePlaces(model, headSamples(model, [pages(1, 1)]), scores),
    UnusableSampleError,
    "its evidence is in 1 of 1 places",
  );
});

Deno.test("corelens retrieve prints recall beside chance", async () => {
  const folder = await Deno.makeTempDir();
  const data = ["--dataset", "shipped:page", "--limit", "2"];
  const heads = await corelens("identify", ...data, "--out", `${folder}/heads`);
  assertEquals(heads.code, 0, heads.err);
  const { code, out, err } = await corelens(
    ...["retrieve", "--dataset", "shipped:page", "--limit", "3", "--draws", "2"],
    ...["--scores", `${folder}/heads`, "--out", `${folder}/retrieval`],
  );
  assertEquals(code, 0, err);
  assert(/^3 samples, 3.0 places each/m.test(out), out);
  assert(/^core +calibrated +5 +1 +1 /m.test(out), out);
  assert(/^random +raw +5 +2 +5 /m.test(out), out);
  await Deno.remove(folder, { recursive: true });
});
