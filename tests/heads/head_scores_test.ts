import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  byDomain,
  filterSamples,
  gridOfScores,
  headConcentration,
  headScores,
  meanScores,
  sampleMap,
  type SampleScores,
  summarizeHeads,
} from "../../lib/heads/head_scores.ts";
import { headIndex } from "../../lib/common/head_id.ts";
import { Random } from "../../lib/stats/random.ts";

const grid = { layers: 3, heads: 4 };

/** Noisy scores in which one head stands out. */
function noisy(samples: number, best: number | null, seed = 1) {
  const random = new Random(seed);
  return headScores(
    "ram",
    grid,
    Array.from({ length: samples }, (_, i): SampleScores => ({
      id: `s${i}`,
      domain: i % 3 === 0 ? "page" : "scene",
      map: Float32Array.from(
        { length: 12 },
        (_, h) => 0.1 * random.uniform() + (h === best ? 0.5 : 0),
      ),
    })),
  );
}

Deno.test("means, domains and single maps are those of the samples put in", () => {
  const scores = noisy(9, 5);
  assertEquals(scores.shape, [9, 3, 4]);
  assertEquals(gridOfScores(scores), grid);
  const mean = meanScores(scores);
  for (let h = 0; h < 12; h++) {
    let sum = 0;
    for (let i = 0; i < 9; i++) sum += sampleMap(scores, i)[h];
    assertAlmostEquals(mean[h], sum / 9, 1e-12);
  }
  const domains = byDomain(scores);
  assertEquals([...domains.keys()], ["page", "scene"]);
  assertEquals(domains.get("page")!.sampleIds, ["s0", "s3", "s6"]);
  assertEquals(sampleMap(domains.get("page")!, 1), sampleMap(scores, 3));
  const one = filterSamples(scores, (id) => id === "s4");
  assertEquals([one.shape[0], one.domains], [1, ["scene"]]);
});

Deno.test("what cannot be put together is an error that names the sample", () => {
  const map = new Float32Array(12);
  const sample = { id: "a", domain: "scene", map };
  const wrong = (samples: SampleScores[], message: string) =>
    assertThrows(() => headScores("ram", grid, samples), Error, message);
  wrong([], "Cannot score heads on 0 samples");
  wrong([sample, sample], 'Cannot score sample "a" twice');
  wrong([{ ...sample, map: map.subarray(1) }], "11 values, wanted 12");
  wrong([{ ...sample, map: map.slice().fill(NaN, 3, 4) }], 'scores of sample "a": value 3 is NaN');
  assertThrows(() => filterSamples(noisy(3, null), () => false), Error, "on 0 samples");
});

Deno.test("the summary: intervals hold the mean, the best head leads and is surely a member", () => {
  const scores = noisy(30, 5);
  const summary = summarizeHeads(scores, { fraction: 1 / 12, draws: 500 });
  summary.mean.forEach((mean, h) => {
    assert(summary.low[h] <= mean && mean <= summary.high[h]);
  });
  assertEquals(summary.ranking[0], { layer: 1, head: 1 });
  assertEquals(summary.membership[5], 1);
  assertAlmostEquals(summary.membership.reduce((a, b) => a + b, 0), 1, 1e-9);
  const means = summary.ranking.map((id) => summary.mean[headIndex(id, 4)]);
  assert(means.every((value, i) => i === 0 || value <= means[i - 1]));
  assertEquals(summarizeHeads(scores, { fraction: 1 / 12, draws: 500 }), summary);
});

Deno.test("concentration: certain with one head that stands out, absent without", () => {
  const concentrated = headConcentration(noisy(30, 5), { fraction: 1 / 12, draws: 300 });
  assert(concentrated.topShare.estimate > 0.4 && concentrated.pValue <= 0.001);
  assert(concentrated.pValueWithinLayers <= 0.01);
  assert(concentrated.chanceShare < 0.15);
  const pValues = Array.from(
    { length: 8 },
    (_, seed) =>
      headConcentration(noisy(30, null, seed + 10), { fraction: 1 / 12, draws: 50 }).pValue,
  );
  assert(pValues.filter((p) => p > 0.05).length >= 6, `p-values without effect: ${pValues}`);
});

Deno.test("negative means, as a contrast may have, count as nothing", () => {
  const scores = headScores("contrast", { layers: 1, heads: 2 }, [
    { id: "a", domain: "scene", map: Float32Array.of(-0.25, 0.5) },
    { id: "b", domain: "scene", map: Float32Array.of(-0.5, 0.25) },
  ]);
  assertEquals(headConcentration(scores, { fraction: 0.5, draws: 50 }).topShare.estimate, 1);
});
