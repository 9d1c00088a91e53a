import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { type SampleMatrix, sampleMatrix } from "../../lib/stats/matrix.ts";
import { expectedJaccard } from "../../lib/stats/overlap.ts";
import { Random } from "../../lib/stats/random.ts";
import { agreement, agreementTable, spearmanBrown, splitHalf } from "../../lib/stats/stability.ts";

/** Head values with variance 1 over heads, seen through noise of a given standard deviation. */
function noisyMap(random: Random, rows: number, columns: number, noise: number): SampleMatrix {
  const truth = Float64Array.from({ length: columns }, () => random.normal(10, 1));
  const data = new Float64Array(rows * columns)
    .map((_, i) => truth[i % columns] + noise * random.normal());
  return sampleMatrix(data, rows, columns);
}

Deno.test("split-half reliability equals the true share of variance", () => {
  // Variance 1 between heads, noise variance 4 / 16 in the mean of 16 samples: 1 / 1.25.
  const found = splitHalf(noisyMap(new Random(1), 16, 3000, 2), { splits: 20 });
  assertAlmostEquals(found.reliability, 0.8, 0.03);
  assertAlmostEquals(found.pearson.mean, 1 / 1.5, 0.03);
  assert(found.pearson.low <= found.pearson.mean && found.pearson.mean <= found.pearson.high);
});

Deno.test("noise alone has no reliability and top lists overlap as by chance", () => {
  const random = new Random(2);
  const data = new Float64Array(20 * 200).map(() => random.uniform());
  const found = splitHalf(sampleMatrix(data, 20, 200), { fraction: 0.1, splits: 100 });
  assert(Math.abs(found.kendall.mean) < 0.1);
  assertAlmostEquals(found.jaccard.mean, expectedJaccard(200, 20), 0.03);
  assertAlmostEquals(found.heldOutTopShare.mean, 0.1, 0.005); // no bias from choosing on noise
});

Deno.test("halves respect strata and clusters", () => {
  // Each stratum (or cluster) has a map of its own: halves agree only when it is split evenly
  // (or cannot agree when it is kept whole).
  const labels = Array.from({ length: 40 }, (_, row) => row % 2 === 0 ? "scene" : "page");
  const data = new Float64Array(40 * 10)
    .map((_, i) => labels[Math.floor(i / 10)] === "scene" ? i % 10 : 9 - i % 10 + (i % 10) ** 2);
  const matrix = sampleMatrix(data, 40, 10);
  assertAlmostEquals(splitHalf(matrix, { strata: labels }).pearson.low, 1, 1e-9);
  const whole = splitHalf(matrix, { clusters: labels });
  assert(whole.pearson.high < 0.99);
  assertAlmostEquals(whole.pearson.low, whole.pearson.high, 1e-9); // there is only one such split
});

Deno.test("odd strata keep the halves within one unit of each other", () => {
  const strata = ["a", "b", "c", "d"];
  const matrix = sampleMatrix(new Float64Array([1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3]), 4, 3);
  assertAlmostEquals(splitHalf(matrix, { strata }).reliability, 1, 1e-9);
});

Deno.test("a table of agreements is symmetric with ones on the diagonal", () => {
  const random = new Random(3);
  const map = (): number[] => Array.from({ length: 30 }, () => random.uniform());
  const maps = { scene: map(), page: map(), video: map() };
  const { names, tables } = agreementTable(maps, { fraction: 0.2 });
  assertEquals(names, ["scene", "page", "video"]);
  for (const table of Object.values(tables)) {
    for (let i = 0; i < 3; i++) {
      assertAlmostEquals(table[i][i], 1, 1e-9);
      for (let j = 0; j < 3; j++) assertEquals(table[i][j], table[j][i]);
    }
  }
  assertEquals(tables.kendall[0][2], agreement(maps.scene, maps.video).kendall);
});

Deno.test("a map that does not vary has no reliability but does not fail", () => {
  const found = splitHalf(sampleMatrix(new Float64Array(20).fill(0.5), 5, 4), { splits: 10 });
  assert(Number.isNaN(found.reliability));
  assertEquals(found.splits, 0);
});

Deno.test("Spearman and Brown's formula", () => {
  assertEquals(spearmanBrown(1), 1);
  assertEquals(spearmanBrown(0, 10), 0);
  assertAlmostEquals(spearmanBrown(spearmanBrown(0.3), 0.5), 0.3, 1e-12); // doubled, then halved
  assertThrows(() => spearmanBrown(-1), InputError, "above -1");
});

Deno.test("a single unit cannot be split", () => {
  const matrix = sampleMatrix(new Float64Array(6), 3, 2);
  assertThrows(() => splitHalf(matrix, { clusters: [1, 1, 1] }), InputError, "Cannot split 1 unit");
});
