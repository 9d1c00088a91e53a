import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../lib/common/errors.ts";
import { bootstrapMeans, meanIntervals } from "../../lib/stats/bootstrap.ts";
import { meanMapInterval, topShareInterval } from "../../lib/stats/bootstrap_maps.ts";
import { topShare } from "../../lib/stats/concentration.ts";
import { columnMeans, sampleMatrix } from "../../lib/stats/matrix.ts";
import { Random } from "../../lib/stats/random.ts";
import { drawRows, resamplePlan } from "../../lib/stats/resample.ts";
import { reference } from "./reference.ts";

/** A matrix filled row by row from a function. */
function fill(rows: number, columns: number, value: (row: number, column: number) => number) {
  const data = new Float64Array(rows * columns);
  for (let i = 0; i < data.length; i++) data[i] = value(Math.floor(i / columns), i % columns);
  return sampleMatrix(data, rows, columns);
}

/** Share of columns whose interval holds the truth. */
function coverage(found: { low: Float64Array; high: Float64Array }, truth: number): number {
  return found.low.filter((low, c) => low <= truth && truth <= found.high[c]).length /
    found.low.length;
}

Deno.test("95% intervals of the mean hold the true mean about 95% of the time", () => {
  // Each column is a data set of its own, so that one call gives 600 intervals.
  const random = new Random(1);
  const normal = fill(40, 600, () => random.normal(3, 2));
  const skewed = fill(80, 600, () => -Math.log(1 - random.uniform()));
  for (const method of ["percentile", "bca"] as const) {
    const ofNormal = coverage(meanIntervals(normal, { method, draws: 800 }), 3);
    assert(ofNormal > 0.91 && ofNormal < 0.98, `${method}, normal: ${ofNormal}`);
    const ofSkewed = coverage(meanIntervals(skewed, { method, draws: 800 }), 1);
    assert(ofSkewed > 0.9 && ofSkewed < 0.98, `${method}, skewed: ${ofSkewed}`);
  }
});

Deno.test("with clusters, intervals are honest where plain ones are far too narrow", () => {
  const random = new Random(2);
  const clusters = Array.from({ length: 240 }, (_, row) => Math.floor(row / 8));
  const shared = fill(30, 300, () => random.normal());
  const matrix = fill(
    240,
    300,
    (row, column) => shared.data[clusters[row] * 300 + column] + 0.3 * random.normal(),
  );
  const options = { draws: 500 };
  assert(coverage(meanIntervals(matrix, options), 0) < 0.7);
  const honest = coverage(meanIntervals(matrix, { ...options, clusters }), 0);
  assert(honest > 0.89 && honest < 0.99, `clustered: ${honest}`);
});

Deno.test("the top share's interval holds the true share", () => {
  const truth = Float64Array.from({ length: 60 }, (_, c) => c < 6 ? 0.5 * Math.exp(-c / 3) : 0.04);
  const share = topShare(truth, 0.05);
  let held = 0;
  for (let repeat = 0; repeat < 150; repeat++) {
    const random = new Random(repeat).fork("top share");
    const matrix = fill(50, 60, (_, c) => truth[c] * Math.exp(0.3 * random.normal() - 0.045));
    const { low, high } = topShareInterval(matrix, 0.05, { draws: 300 });
    if (low <= share && share <= high) held++;
  }
  assert(held / 150 > 0.88 && held < 150, `${held} of 150`);
});

Deno.test("means and BCa intervals over strata agree with SciPy's", () => {
  const { first, second, low, high, standardError } = reference.intervals.strata;
  const values = [...first, ...second];
  const strata = values.map((_, i) => i < first.length ? "first" : "second");
  const matrix = fill(values.length, 1, (row) => values[row]);
  const found = meanIntervals(matrix, { strata, draws: 40000 });
  assertAlmostEquals(found.low[0], low, 0.04 * standardError);
  assertAlmostEquals(found.high[0], high, 0.06 * standardError);
  assertAlmostEquals(found.standardError[0], standardError, 0.02 * standardError);
  const asMap = meanMapInterval(matrix, (means) => means[0], { strata, draws: 40000 });
  assertAlmostEquals(asMap.low, found.low[0], 1e-9);
  assertAlmostEquals(asMap.high, found.high[0], 1e-9);
});

Deno.test("draws are shared by all columns and averaged exactly", () => {
  fc.assert(fc.property(
    fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 1, maxLength: 12 }),
    fc.integer(),
    (values, seed) => {
      const matrix = fill(values.length, 3, (row, c) => c === 2 ? 7 : values[row] * (c + 1) + c);
      const means = bootstrapMeans(matrix, { draws: 5, seed });
      for (let draw = 0; draw < 5; draw++) {
        assertAlmostEquals(means[3 * draw + 1], 2 * means[3 * draw] + 1, 1e-9);
        assertAlmostEquals(means[3 * draw + 2], 7, 1e-12);
      }
    },
  ));
});

Deno.test("means are those of the rows that are drawn, whatever the sizes", () => {
  const random = new Random(6);
  for (const [rows, columns, draws] of [[1, 1, 1], [7, 3, 5], [600, 40, 9], [3, 9000, 6]]) {
    const matrix = fill(rows, columns, () => random.normal());
    const strata = Array.from({ length: rows }, (_, row) => row % 3);
    const means = bootstrapMeans(matrix, { draws, seed: 2, strata });
    const plan = resamplePlan(rows, { strata }), same = new Random(2);
    for (let draw = 0; draw < draws; draw++) {
      const wanted = columnMeans(matrix, drawRows(plan, same));
      const found = means.subarray(draw * columns, (draw + 1) * columns);
      for (let c = 0; c < columns; c++) assertAlmostEquals(found[c], wanted[c], 1e-12);
    }
  }
});

Deno.test("shifting and scaling the data shifts and scales the interval", () => {
  const random = new Random(4);
  const matrix = fill(25, 2, () => random.normal());
  const moved = fill(25, 2, (row, c) => 10 + 3 * matrix.data[row * 2 + c]);
  const a = meanIntervals(matrix, { draws: 300 });
  const b = meanIntervals(moved, { draws: 300 });
  for (const end of ["low", "estimate", "high"] as const) {
    assertAlmostEquals(b[end][0], 10 + 3 * a[end][0], 1e-9);
  }
});

Deno.test("the same seed gives the same interval and the estimate is the plain mean", () => {
  const random = new Random(5);
  const matrix = fill(12, 4, () => random.uniform());
  assertEquals(meanIntervals(matrix, { seed: "x" }), meanIntervals(matrix, { seed: "x" }));
  assertEquals(meanIntervals(matrix).estimate, columnMeans(matrix));
});

Deno.test("one sample, and columns that do not vary, give intervals of width zero", () => {
  const one = meanIntervals(fill(1, 2, (_, c) => c));
  assertEquals([...one.low, ...one.high], [0, 1, 0, 1]);
  const constant = meanIntervals(fill(9, 1, () => 0.25));
  assertEquals([constant.low[0], constant.high[0]], [0.25, 0.25]);
});

Deno.test("options out of range are refused", () => {
  const matrix = fill(3, 2, (row) => row - 1.5);
  assertThrows(() => meanIntervals(matrix, { level: 1 }), InputError, "level must be");
  assertThrows(() => meanIntervals(matrix, { draws: 0.5 }), InputError, "positive integer");
  assertThrows(() => topShareInterval(fill(3, 2, () => 1), 0), InputError, "in (0, 1]");
  assertThrows(() => topShareInterval(matrix, 0.5), InputError, "negative");
});
