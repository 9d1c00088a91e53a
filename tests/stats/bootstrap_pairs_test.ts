import { assert, assertAlmostEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import {
  bootstrapInterval,
  differenceInterval,
  ratioOfMediansInterval,
} from "../../lib/stats/bootstrap_pairs.ts";
import { Random } from "../../lib/stats/random.ts";
import { pearson, spearman } from "../../lib/stats/rank.ts";
import { mean } from "../../lib/stats/summary.ts";
import { reference } from "./reference.ts";

Deno.test("intervals of means, differences and ratios come close to SciPy's", () => {
  for (const { statistic, method, x, y, low, high, standardError } of reference.intervals.close) {
    const options = { method, draws: 60000, seed: 3 };
    const found = {
      mean: () => bootstrapInterval(x.length, (rows) => mean(pick(x, rows)), options),
      meanDifference: () => differenceInterval(x, y, options),
      ratioOfMedians: () => ratioOfMediansInterval(x, y, options),
    }[statistic]();
    const what = `${statistic}, ${method}: ${found.low} ${found.high} for ${low} ${high}`;
    assert(Math.abs(found.low - low) < 0.2 * standardError, what);
    assert(Math.abs(found.high - high) < 0.2 * standardError, what);
  }
});

/** The values at the given indices. */
function pick(values: number[], rows: ArrayLike<number>): number[] {
  return Array.from(rows, (row) => values[row]);
}

Deno.test("the interval of a correlation holds the true correlation", () => {
  let held = 0;
  for (let repeat = 0; repeat < 120; repeat++) {
    const random = new Random(repeat);
    const a = Array.from({ length: 40 }, () => random.normal());
    const b = a.map((value) => 0.6 * value + 0.8 * random.normal());
    const { low, high } = bootstrapInterval(
      40,
      (rows) => pearson(pick(a, rows), pick(b, rows)),
      { draws: 300 },
    );
    if (low <= 0.6 && 0.6 <= high) held++;
  }
  assert(held > 105 && held < 120, `${held} of 120`);
});

Deno.test("a drift that hits both programs alike does not widen the interval of their ratio", () => {
  const random = new Random(8);
  const drift = Array.from({ length: 15 }, () => random.uniform(1, 2));
  const { estimate, low, high } = ratioOfMediansInterval(
    drift.map((factor) => 300 * factor),
    drift.map((factor) => 200 * factor),
  );
  for (const value of [estimate, low, high]) assertAlmostEquals(value, 1.5, 1e-12);
});

Deno.test("swapping the programs gives the reciprocal interval", () => {
  const random = new Random(9);
  const a = Array.from({ length: 11 }, () => random.uniform(1, 2));
  const b = Array.from({ length: 11 }, () => random.uniform(1, 2));
  const forward = ratioOfMediansInterval(a, b, { draws: 999 });
  const back = ratioOfMediansInterval(b, a, { draws: 999 });
  assertAlmostEquals(forward.estimate, 1 / back.estimate, 1e-12);
  assert(Math.abs(forward.low * back.high - 1) < 0.01);
});

Deno.test("undefined draws are left out, an undefined estimate gives an undefined interval", () => {
  const a = [1, 2, 3, 4];
  const some = bootstrapInterval(4, (rows) => spearman(pick(a, rows), pick(a, rows)));
  assertAlmostEquals(some.low, 1, 1e-12);
  assertAlmostEquals(some.high, 1, 1e-12);
  const none = bootstrapInterval(4, () => NaN);
  assert(Number.isNaN(none.estimate) && Number.isNaN(none.low) && Number.isNaN(none.high));
});

Deno.test("pairs must match and times be positive", () => {
  assertThrows(() => differenceInterval([1, 2], [1]), InputError, "wanted lists of one length");
  assertThrows(() => ratioOfMediansInterval([1, 0], [1, 1]), InputError, "time 1 is 0, not > 0");
});
