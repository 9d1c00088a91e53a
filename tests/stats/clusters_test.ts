import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { clusteredShare, clusterMeans } from "../../lib/stats/clusters.ts";
import { wilsonInterval } from "../../lib/stats/proportion.ts";
import { Random } from "../../lib/stats/random.ts";

Deno.test("samples alone in their clusters have Wilson's interval", () => {
  const values = [1, 1, 0, 1, 0, 1, 1];
  const found = clusteredShare(values, values.map((_, i) => `c${i}`));
  const wanted = wilsonInterval(5, 7);
  assertAlmostEquals(found.low, wanted.low, 1e-12);
  assertAlmostEquals(found.high, wanted.high, 1e-12);
});

Deno.test("copies of a sample count once", () => {
  const values = [1, 0, 1, 1, 0, 1, 0, 1, 1, 1], copies = 5;
  const many = values.flatMap((value) => Array(copies).fill(value));
  const clusters = values.flatMap((_, i) => Array(copies).fill(`c${i}`));
  const { low, high } = clusteredShare(many, clusters), once = wilsonInterval(7, 10);
  // the variance over clusters divides by one less than their number
  assert(high - low > 0.95 * (once.high - once.low) && low < once.low + 0.01);
  const all = clusteredShare(Array(50).fill(1), clusters);
  assertAlmostEquals(all.low, wilsonInterval(10, 10).low, 1e-12);
});

Deno.test("the interval holds the truth about as often as it says", () => {
  const random = new Random(7);
  let held = 0;
  const trials = 600, truth = 0.8;
  for (let trial = 0; trial < trials; trial++) {
    const values: number[] = [], clusters: string[] = [];
    for (let c = 0; c < 24; c++) {
      const hard = random.uniform() < 0.5 ? 0.65 : 0.95; // contexts differ
      for (let i = 0; i < 6; i++) {
        values.push(Number(random.uniform() < hard));
        clusters.push(`c${c}`);
      }
    }
    const { low, high } = clusteredShare(values, clusters);
    held += Number(low <= truth && truth <= high);
  }
  assert(held / trials > 0.92 && held / trials < 0.985, `${held / trials}`);
});

Deno.test("means of clusters stand in the order of their first values", () => {
  assertEquals([...clusterMeans([0, 1, 1, 1], ["b", "a", "b", "a"])], [0.5, 1]);
  assertThrows(() => clusterMeans([1], []), Error, "1 values by 0 clusters");
});
