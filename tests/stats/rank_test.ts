import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../lib/common/errors.ts";
import { averageRanks, kendallTau, pearson, spearman, topIndices } from "../../lib/stats/rank.ts";
import { largestDifference, reference } from "./reference.ts";

/** Two lists of one length with many ties. */
const pairs = fc.array(fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 6 })), {
  minLength: 2,
  maxLength: 30,
});

/** Kendall's tau-b from its definition, comparing every pair. */
function tauByPairs(a: number[], b: number[]): number {
  let balance = 0;
  let untiedA = 0;
  let untiedB = 0;
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < i; j++) {
      balance += Math.sign(a[i] - a[j]) * Math.sign(b[i] - b[j]);
      untiedA += Math.abs(Math.sign(a[i] - a[j]));
      untiedB += Math.abs(Math.sign(b[i] - b[j]));
    }
  }
  return balance / Math.sqrt(untiedA * untiedB);
}

Deno.test("ranks and correlations equal SciPy's, with and without ties", () => {
  for (const pair of reference.rankPairs) {
    assertEquals(largestDifference(averageRanks(pair.a), pair.averageRanks), 0);
    assertAlmostEquals(kendallTau(pair.a, pair.b), pair.kendall, 1e-12);
    assertAlmostEquals(spearman(pair.a, pair.b), pair.spearman, 1e-12);
    assertAlmostEquals(pearson(pair.a, pair.b), pair.pearson, 1e-12);
  }
});

Deno.test("Kendall's tau agrees with counting every pair", () => {
  fc.assert(fc.property(pairs, (list) => {
    const a = list.map(([x]) => x);
    const b = list.map(([, y]) => y);
    const expected = tauByPairs(a, b);
    if (Number.isNaN(expected)) assert(Number.isNaN(kendallTau(a, b)));
    else assertAlmostEquals(kendallTau(a, b), expected, 1e-12);
  }));
});

Deno.test("rank correlations ignore monotone changes, and turn sign when one list is turned", () => {
  fc.assert(fc.property(pairs, (list) => {
    const a = list.map(([x]) => x);
    const b = list.map(([, y]) => y);
    for (const correlate of [kendallTau, spearman]) {
      const value = correlate(a, b);
      if (Number.isNaN(value)) continue;
      assertAlmostEquals(correlate(a.map(Math.exp), b.map((y) => y ** 3)), value, 1e-12);
      assertAlmostEquals(correlate(a, b.map((y) => -y)), -value, 1e-12);
      assertAlmostEquals(correlate(b, a), value, 1e-12);
      assertAlmostEquals(correlate(a, a), 1, 1e-12);
    }
  }));
});

Deno.test("top indices come from the largest down, ties by index", () => {
  fc.assert(fc.property(pairs, (list) => {
    const values = list.map(([x]) => x);
    const order = [...topIndices(values)];
    assertEquals([...order].sort((i, j) => i - j), values.map((_, i) => i));
    for (let i = 1; i < order.length; i++) {
      const [before, after] = [order[i - 1], order[i]];
      assert(values[before] > values[after] || values[before] === values[after] && before < after);
    }
  }));
  assertThrows(() => topIndices([1, 2], 0), InputError, "count must be 1 to 2");
});

Deno.test("constant lists have no correlation, bad lists are refused", () => {
  for (const correlate of [kendallTau, spearman, pearson]) {
    assert(Number.isNaN(correlate([1, 1, 1], [1, 2, 3])));
    assertThrows(() => correlate([1, 2], [1, 2, 3]), InputError, "wanted lists of one length");
    assertThrows(() => correlate([1], [1]), InputError, "at least 2");
    assertThrows(() => correlate([1, NaN], [1, 2]), InputError, "value 1 is NaN");
  }
});
