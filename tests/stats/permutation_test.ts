import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import {
  monteCarloPValue,
  rankCorrelationTest,
  signFlipTest,
} from "../../lib/stats/permutation.ts";
import { Random } from "../../lib/stats/random.ts";
import { reference } from "./reference.ts";

/** Four standard errors of a p-value estimated twice, from 9,999 and 100,000 arrangements. */
const margin = (p: number): number => 1e-4 + 4 * Math.sqrt(p * (1 - p) / 9000);

Deno.test("sign-flip tests equal SciPy's: exactly when exact, else within sampling error", () => {
  for (const { values, alternative, ...expected } of reference.permutations.signFlip) {
    const found = signFlipTest(values, { alternative });
    assertEquals(found.exact, expected.exact);
    assertAlmostEquals(found.statistic, expected.statistic, 1e-12);
    const tolerance = expected.exact ? 1e-12 : margin(expected.pValue);
    assertAlmostEquals(found.pValue, expected.pValue, tolerance);
  }
});

Deno.test("without an effect, p-values at most 5% come about 5% of the time", () => {
  const random = new Random(1);
  const list = (count: number): number[] =>
    Array.from({ length: count }, () => Math.sign(random.normal()) * random.uniform() ** 3);
  const share = (test: (seed: number) => number): number =>
    Array.from({ length: 400 }, (_, seed) => test(seed)).filter((p) => p <= 0.05).length / 400;
  const rates = {
    signFlip: share((seed) => signFlipTest(list(20), { draws: 199, seed }).pValue),
    correlation: share((seed) =>
      rankCorrelationTest(list(15), list(15), { draws: 199, seed }).pValue
    ),
  };
  for (const [name, rate] of Object.entries(rates)) {
    assert(rate > 0.015 && rate < 0.09, `${name}: ${rate}`);
  }
});

Deno.test("samples of a cluster flip together, which weakens the evidence", () => {
  const differences = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1];
  const clusters = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1];
  const options = { alternative: "greater" as const };
  assertEquals(signFlipTest(differences, options).pValue, 2 ** -10);
  assertEquals(signFlipTest(differences, { ...options, clusters }).pValue, 2 ** -2);
});

Deno.test("more than 31 samples use fresh random signs for each", () => {
  const differences = Array.from({ length: 64 }, (_, i) => i < 32 ? 1 : -1);
  // If the second half repeated the first half's signs, every flipped sum would be 0.
  assert(signFlipTest(differences, { alternative: "greater" }).pValue < 0.65);
});

Deno.test("random p-values are never zero and ties count as extreme", () => {
  assertEquals(monteCarloPValue(9, [1, 2, 3, 4]), 1 / 5);
  assertEquals(monteCarloPValue(0.1 + 0.2, [0.3, 0, 0, 0]), 2 / 5);
  assertEquals(monteCarloPValue(1, [1, 2, 3, 0], "less"), 3 / 5);
  assertEquals(monteCarloPValue(1, [1, 1, 1], "two-sided"), 1);
  assertThrows(() => monteCarloPValue(1, []), InputError, "0 values");
});

Deno.test("a strong rank correlation is significant, a constant list is not", () => {
  const a = Array.from({ length: 30 }, (_, i) => i);
  for (const correlation of ["kendall", "spearman"] as const) {
    const found = rankCorrelationTest(a, a.map((value) => value ** 2), { correlation });
    assertAlmostEquals(found.statistic, 1, 1e-12);
    assertEquals(found.pValue, 2 / 10000);
  }
  assertEquals(rankCorrelationTest(a, a.map(() => 1)).pValue, 1);
});

Deno.test("bad input is refused", () => {
  assertThrows(() => signFlipTest([]), InputError, "0 values");
  assertThrows(() => signFlipTest([1], { clusters: [] }), InputError, "one per sample");
  assertThrows(() => signFlipTest([1], { draws: 0 }), InputError, "positive integer");
});
