import { assert, assertAlmostEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { wilsonInterval } from "../../lib/stats/proportion.ts";
import { Random } from "../../lib/stats/random.ts";
import { reference } from "./reference.ts";

Deno.test("Wilson's intervals equal SciPy's", () => {
  for (const { successes, trials, level, low, high } of reference.proportions) {
    const found = wilsonInterval(successes, trials, level);
    assertAlmostEquals(found.low, low, 1e-12);
    assertAlmostEquals(found.high, high, 1e-12);
  }
});

Deno.test("the interval holds the true proportion about 95 % of the time, also near 1", () => {
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

Deno.test("impossible counts are refused", () => {
  for (const [successes, trials] of [[3, 2], [-1, 2], [0, 0], [0.5, 2]]) {
    assertThrows(() => wilsonInterval(successes, trials), InputError, "Cannot make an interval");
  }
});
