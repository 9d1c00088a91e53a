import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { acceleration, intervalFromDraws } from "../../lib/stats/interval.ts";
import { mean } from "../../lib/stats/summary.ts";
import { reference } from "./reference.ts";

Deno.test("from the same draws, percentile and BCa intervals equal SciPy's", () => {
  for (const { sample, draws, intervals } of reference.intervals.given) {
    const leftOut = sample.map((_, i) => mean(sample.filter((_, j) => j !== i)));
    for (const { level, method, low, high } of intervals) {
      const found = intervalFromDraws(
        mean(sample),
        draws,
        level,
        method === "bca" ? acceleration([leftOut]) : undefined,
      );
      assertAlmostEquals(found.low, low, 1e-12);
      assertAlmostEquals(found.high, high, 1e-12);
    }
  }
});

Deno.test("draws on one side of the estimate fall back to the percentile interval", () => {
  const draws = [2, 3, 4, 5, 6];
  assertEquals(intervalFromDraws(1, draws, 0.5, 0.1), intervalFromDraws(1, draws, 0.5));
});

Deno.test("estimates that do not vary have acceleration 0", () => {
  assertEquals(acceleration([[2, 2, 2], [5]]), 0);
});

Deno.test("a level outside (0, 1) is refused", () => {
  for (const level of [0, 1, NaN]) {
    assertThrows(() => intervalFromDraws(0, [0], level), InputError, "level must be in (0, 1)");
  }
});
