import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { topCount } from "../../lib/stats/concentration.ts";
import { sampleMatrix } from "../../lib/stats/matrix.ts";
import { topMembership } from "../../lib/stats/membership.ts";
import { normalCdf } from "../../lib/stats/normal.ts";
import { Random } from "../../lib/stats/random.ts";
import { mean, variance } from "../../lib/stats/summary.ts";

Deno.test("probabilities lie in [0, 1] and sum to the number of top heads", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 6 }),
    fc.integer({ min: 1, max: 9 }),
    fc.integer({ min: 1, max: 100 }),
    fc.integer(),
    (rows, columns, percent, seed) => {
      const random = new Random(seed);
      const data = new Float32Array(rows * columns).map(() => random.integer(3)); // many ties
      const probability = topMembership(sampleMatrix(data, rows, columns), percent / 100, {
        draws: 20,
      });
      for (const p of probability) assert(p >= 0 && p <= 1 + 1e-12);
      const sum = probability.reduce((total, p) => total + p, 0);
      assertAlmostEquals(sum, topCount(columns, percent / 100), 1e-9);
    },
  ));
});

Deno.test("a clear leader is always in, heads that never lead are out", () => {
  const random = new Random(1);
  const data = new Float32Array(20 * 10)
    .map((_, i) => (i % 10 === 4 ? 0.9 : 0.1) + 0.05 * random.uniform());
  const probability = topMembership(sampleMatrix(data, 20, 10), 0.1);
  assertEquals([...probability], [0, 0, 0, 0, 1, 0, 0, 0, 0, 0]);
});

Deno.test("two close heads share membership as the normal approximation says", () => {
  const random = new Random(2);
  const differences = Float64Array.from({ length: 100 }, () => random.normal(0.1, 1));
  const data = new Float64Array(200).map((_, i) => i % 2 === 0 ? differences[i / 2] : 0);
  const [first] = topMembership(sampleMatrix(data, 100, 2), 0.5, { draws: 8000 });
  const expected = normalCdf(mean(differences) / Math.sqrt(variance(differences) / 100));
  assertAlmostEquals(first, expected, 0.02);
});
