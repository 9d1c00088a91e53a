import { assert, assertAlmostEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { clopperPearsonInterval, wilsonInterval } from "../../lib/stats/proportion.ts";
import { Random } from "../../lib/stats/random.ts";
import { reference } from "./reference.ts";

Deno.test("Wilson's intervals equal SciPy's", () => {
  for (const { successes, trials, level, low, high } of reference.proportions) {
    const found = wilsonInterval(successes, trials, level);
    assertAlmostEquals(found.low, low, 1e-12);
    assertAlmostEquals(found.high, high, 1e-12);
  }
});

Deno.test("the interval holds the true proportion about 95% of the time, also near 1", () => {
  const random = new Random(1);
  for (const truth of [0.5, 0.9, 0.97]) {
    let held = 0;
    for (let repeat = 0; repeat < 1000; repeat++) {
      let successes = 0;
      for (let trial = 0; trial < 60; trial++) if (random.uniform() < truth) successes++;
      const { low, high } = wilsonInterval(successes, 60);
      if (low <= truth && truth <= high) held++;
    }
    assert(held > 920 && held < 985, `${truth}: ${held} of 1000`);
  }
});

Deno.test("exact intervals equal scipy's (binomtest, method exact)", () => {
  const cases = [
    [0, 150, 0, 0.02429259716612193],
    [3, 150, 0.004143625281220336, 0.05733422228823086],
    [147, 150, 0.9426657777117691, 0.9958563747187796],
    [1, 20, 0.0012650894979560339, 0.24873276277202772],
    [7, 40, 0.07338272935208498, 0.32779013336159446],
  ];
  for (const [successes, trials, low, high] of cases) {
    const found = clopperPearsonInterval(successes, trials);
    assertAlmostEquals(found.low, low, 1e-9);
    assertAlmostEquals(found.high, high, 1e-9);
  }
});

Deno.test("impossible counts are refused", () => {
  for (const [successes, trials] of [[3, 2], [-1, 2], [0, 0], [0.5, 2]]) {
    for (const interval of [wilsonInterval, clopperPearsonInterval]) {
      assertThrows(() => interval(successes, trials), InputError, "Cannot make an interval");
    }
  }
});
