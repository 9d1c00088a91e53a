import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../lib/common/errors.ts";
import {
  expectedJaccard,
  jaccardAtK,
  overlapAtK,
  rankBiasedOverlap,
} from "../../lib/stats/overlap.ts";
import { Random } from "../../lib/stats/random.ts";
import { mean } from "../../lib/stats/summary.ts";
import { reference } from "./reference.ts";

Deno.test("rank-biased overlap equals the rbo package's extrapolation", () => {
  for (const { a, b, p, rbo } of reference.overlaps.rbo) {
    assertAlmostEquals(rankBiasedOverlap(a, b, p), rbo, 1e-12);
    assertAlmostEquals(rankBiasedOverlap(b, a, p), rbo, 1e-12);
  }
});

Deno.test("equal lists overlap fully, disjoint ones not at all, a change at the top weighs more", () => {
  fc.assert(fc.property(fc.integer({ min: 4, max: 60 }), fc.integer(), (count, seed) => {
    const list = [...new Random(seed).permutation(count)];
    assertAlmostEquals(rankBiasedOverlap(list, list), 1, 1e-9);
    assertAlmostEquals(rankBiasedOverlap(list, list.map((item) => item + count)), 0, 1e-9);
    const atTop = [list[1], list[0], ...list.slice(2)];
    const atBottom = [...list.slice(0, -2), list[count - 1], list[count - 2]];
    assert(rankBiasedOverlap(list, atTop) < rankBiasedOverlap(list, atBottom));
  }));
});

Deno.test("the expected Jaccard index equals the hypergeometric mean and random draws", () => {
  for (const { count, k, expected } of reference.overlaps.expectedJaccard) {
    assertAlmostEquals(expectedJaccard(count, k), expected, 1e-10);
  }
  const random = new Random(1);
  const drawn = Array.from({ length: 3000 }, () => {
    const scores = [0, 1].map(() => Array.from({ length: 20 }, () => random.uniform()));
    return jaccardAtK(scores[0], scores[1], 5);
  });
  assertAlmostEquals(mean(drawn), expectedJaccard(20, 5), 0.01);
});

Deno.test("the Jaccard index counts shared heads", () => {
  assertEquals(jaccardAtK([5, 4, 3, 2], [5, 4, 3, 2], 2), 1);
  assertEquals(jaccardAtK([5, 4, 0, 0], [0, 0, 5, 4], 2), 0);
  assertThrows(() => jaccardAtK([1, 2], [1], 1), InputError, "2 and 1 heads");
  assertThrows(() => expectedJaccard(3, 4), InputError, "k must be 1 to 3");
});

Deno.test("lists that are empty or repeat an item are refused", () => {
  assertThrows(() => rankBiasedOverlap([], [1]), InputError, "empty");
  assertThrows(() => rankBiasedOverlap([1, 1], [1]), InputError, "twice");
  assertThrows(() => rankBiasedOverlap([1], [1], 1), InputError, "in (0, 1)");
});

Deno.test("the share of a top list and its Jaccard index say the same: J = s / (2 - s)", () => {
  fc.assert(fc.property(fc.integer({ min: 2, max: 40 }), fc.integer(), (count, seed) => {
    const random = new Random(seed), k = 1 + random.integer(count);
    const [a, b] = [random.permutation(count), random.permutation(count)];
    const share = overlapAtK(a, b, k);
    assertAlmostEquals(jaccardAtK(a, b, k), share / (2 - share), 1e-12);
    assertEquals(overlapAtK(a, a, k), 1);
  }));
});
