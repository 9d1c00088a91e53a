/**
 * Bootstrap intervals of head maps over samples: every head's mean at once, and statistics of the
 * mean map such as the top share. Other statistics: bootstrap_pairs.ts.
 *
 * @module
 */

import { type ShareOptions, topShare } from "./concentration.ts";
import {
  acceleration,
  checkLevel,
  type Interval,
  intervalFromDraws,
  type IntervalMethod,
} from "./interval.ts";
import { columnMeans, type SampleMatrix } from "./matrix.ts";
import { Random } from "./random.ts";
import {
  canLeaveOneOut,
  drawCount,
  drawCounts,
  type ResampleOptions,
  type ResamplePlan,
  resamplePlan,
} from "./resample.ts";

/** Options of every bootstrap interval. */
export interface BootstrapOptions extends ResampleOptions {
  /** Confidence level in (0, 1); 0.95 by default. */
  readonly level?: number;
  /** How the interval is read from the draws; BCa by default unless said otherwise. */
  readonly method?: IntervalMethod;
}

/** Estimates and interval ends of every column of a {@link SampleMatrix}. */
export interface ColumnIntervals {
  /** Mean over samples, `[columns]`. */
  readonly estimate: Float64Array;
  /** Lower ends, `[columns]`. */
  readonly low: Float64Array;
  /** Upper ends, `[columns]`. */
  readonly high: Float64Array;
  /** Standard deviation of the bootstrap draws, `[columns]`. */
  readonly standardError: Float64Array;
  /** Confidence level. */
  readonly level: number;
}

/**
 * Column means of bootstrap draws. One set of samples is drawn for all columns together, so the
 * draws keep the dependence between heads.
 *
 * @param matrix values by sample, `[rows, columns]`
 * @param options draws (2000), seed (0), strata, clusters
 * @returns `[draws, columns]`, row-major
 * @throws {InputError} when labels do not fit or draws is not positive
 *
 * @example
 * ```ts
 * import { bootstrapMeans } from "./bootstrap.ts";
 * import { sampleMatrix } from "./matrix.ts";
 * import { assertEquals } from "@std/assert";
 * const matrix = sampleMatrix(new Float64Array([0, 1, 1, 2]), 2, 2);
 * const means = bootstrapMeans(matrix, { draws: 50 });
 * assertEquals(means.length, 100);
 * assertEquals(means[1] - means[0], 1); // both columns saw the same samples
 * ```
 */
export function bootstrapMeans(matrix: SampleMatrix, options: ResampleOptions = {}): Float64Array {
  const { rows, columns, data } = matrix;
  const draws = drawCount(options.draws, 2000);
  const plan = resamplePlan(rows, options);
  const random = new Random(options.seed ?? 0);
  const counts = new Uint32Array(rows);
  const means = new Float64Array(draws * columns);
  for (let draw = 0; draw < draws; draw++) {
    const total = drawCounts(plan, random, counts);
    const sums = means.subarray(draw * columns, (draw + 1) * columns);
    for (let row = 0; row < rows; row++) {
      const count = counts[row];
      if (count === 0) continue;
      const start = row * columns;
      for (let c = 0; c < columns; c++) sums[c] += count * data[start + c];
    }
    for (let c = 0; c < columns; c++) sums[c] /= total;
  }
  return means;
}

/** Calls `visit` with the column means without each unit, stratum by stratum. */
function leaveOneOutMeans(
  matrix: SampleMatrix,
  plan: ResamplePlan,
  visit: (means: Float64Array, stratum: number, unit: number) => void,
): void {
  const { rows, columns, data } = matrix;
  const sums = columnMeans(matrix);
  for (let c = 0; c < columns; c++) sums[c] *= rows;
  const means = new Float64Array(columns);
  plan.strata.forEach((units, stratum) =>
    units.forEach((unit, index) => {
      means.set(sums);
      for (const row of unit) {
        for (let c = 0; c < columns; c++) means[c] -= data[row * columns + c];
      }
      for (let c = 0; c < columns; c++) means[c] /= rows - unit.length;
      visit(means, stratum, index);
    })
  );
}

/**
 * Bootstrap interval of every column's mean, paired over columns.
 *
 * A column that does not vary (every answer right, say) gets an interval of width zero, which
 * resampling cannot improve: use {@link wilsonInterval} for proportions near 0 or 1.
 *
 * @param matrix values by sample, `[rows, columns]`
 * @param options draws (2000), seed (0), level (0.95), method ("bca"), strata, clusters
 * @throws {InputError} when labels do not fit, or level or draws is out of range
 *
 * @example
 * ```ts
 * import { meanIntervals } from "./bootstrap.ts";
 * import { sampleMatrix } from "./matrix.ts";
 * import { assert } from "@std/assert";
 * const matrix = sampleMatrix(new Float64Array([1, 5, 2, 5, 3, 5]), 3, 2);
 * const { estimate, low, high } = meanIntervals(matrix);
 * assert(low[0] < estimate[0] && estimate[0] < high[0]);
 * assert(low[1] === 5 && high[1] === 5);
 * ```
 */
export function meanIntervals(
  matrix: SampleMatrix,
  options: BootstrapOptions = {},
): ColumnIntervals {
  const { columns } = matrix;
  const level = options.level ?? 0.95;
  checkLevel(level);
  const estimate = columnMeans(matrix);
  const means = bootstrapMeans(matrix, options);
  const draws = means.length / columns;
  const plan = resamplePlan(matrix.rows, options);
  const bca = (options.method ?? "bca") === "bca" && canLeaveOneOut(plan);
  const leftOut = plan.strata.map((units) => new Float64Array(bca ? units.length * columns : 0));
  if (bca) {
    leaveOneOutMeans(matrix, plan, (left, stratum, unit) => {
      const size = plan.strata[stratum].length;
      for (let c = 0; c < columns; c++) leftOut[stratum][c * size + unit] = left[c];
    });
  }
  const low = new Float64Array(columns);
  const high = new Float64Array(columns);
  const standardError = new Float64Array(columns);
  const column = new Float64Array(draws);
  for (let c = 0; c < columns; c++) {
    for (let draw = 0; draw < draws; draw++) column[draw] = means[draw * columns + c];
    column.sort();
    const accelerate = bca
      ? acceleration(leftOut.map((left, stratum) => {
        const size = plan.strata[stratum].length;
        return left.subarray(c * size, (c + 1) * size);
      }))
      : undefined;
    const interval = intervalFromDraws(estimate[c], column, level, accelerate);
    low[c] = interval.low;
    high[c] = interval.high;
    standardError[c] = deviation(column);
  }
  return { estimate, low, high, standardError, level };
}

/** Standard deviation with divisor n - 1; 0 for a single value. */
function deviation(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  let squares = 0;
  for (const value of values) squares += (value - sum / values.length) ** 2;
  return Math.sqrt(squares / Math.max(1, values.length - 1));
}

/**
 * Bootstrap interval of a statistic of the mean map, such as its Gini coefficient: samples are
 * drawn, averaged per head, and the statistic taken of the `[columns]` means.
 *
 * @param matrix values by sample, `[rows, columns]`
 * @param statistic a number from the column means `[columns]`; must not keep or change them
 * @param options draws (2000), seed (0), level (0.95), method ("bca"), strata, clusters
 * @throws {InputError} when labels do not fit, or level or draws is out of range
 *
 * @example
 * ```ts
 * import { gini } from "./concentration.ts";
 * import { meanMapInterval } from "./bootstrap.ts";
 * import { sampleMatrix } from "./matrix.ts";
 * import { assert } from "@std/assert";
 * const matrix = sampleMatrix(new Float64Array([0.9, 0.1, 0.8, 0.3, 0.7, 0]), 3, 2);
 * const { low, estimate, high } = meanMapInterval(matrix, gini);
 * assert(low <= estimate && estimate <= high);
 * ```
 */
export function meanMapInterval(
  matrix: SampleMatrix,
  statistic: (means: Float64Array) => number,
  options: BootstrapOptions = {},
): Interval {
  const { columns } = matrix;
  const means = bootstrapMeans(matrix, options);
  const values = Float64Array.from(
    { length: means.length / columns },
    (_, draw) => statistic(means.subarray(draw * columns, (draw + 1) * columns)),
  );
  const plan = resamplePlan(matrix.rows, options);
  const bca = (options.method ?? "bca") === "bca" && canLeaveOneOut(plan);
  const leftOut = plan.strata.map((units) => new Float64Array(bca ? units.length : 0));
  if (bca) {
    leaveOneOutMeans(matrix, plan, (left, stratum, unit) => {
      leftOut[stratum][unit] = statistic(left);
    });
  }
  return intervalFromDraws(
    statistic(columnMeans(matrix)),
    values.sort(),
    options.level ?? 0.95,
    bca ? acceleration(leftOut) : undefined,
  );
}

/**
 * Bootstrap interval of the share of the total that the top heads hold.
 *
 * The heads are chosen anew in each draw. With few samples the estimate is too high, because the
 * top heads are chosen on the same noise that their share is measured on; BCa corrects the
 * interval for it in part, and `splitHalf` gives the share on held-out samples.
 *
 * @param matrix values by sample, `[rows, columns]`
 * @param fraction share of the columns that counts as top, in (0, 1]
 * @param options as for {@link meanMapInterval}, and what to do with negative means
 * @throws {InputError} when the fraction is out of range or a mean is negative
 *
 * @example
 * ```ts
 * import { topShareInterval } from "./bootstrap.ts";
 * import { sampleMatrix } from "./matrix.ts";
 * import { assertEquals } from "@std/assert";
 * const matrix = sampleMatrix(new Float64Array([0.9, 0.1, 0.8, 0.2, 0.7, 0.3]), 3, 2);
 * assertEquals(Math.round(100 * topShareInterval(matrix, 0.5).estimate), 80);
 * ```
 */
export function topShareInterval(
  matrix: SampleMatrix,
  fraction: number,
  options: BootstrapOptions & ShareOptions = {},
): Interval {
  return meanMapInterval(matrix, (means) => topShare(means, fraction, options), options);
}
