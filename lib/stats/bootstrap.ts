/**
 * Bootstrap intervals of head maps over samples: every head's mean at once. Statistics of the mean map:
 * bootstrap_maps.ts; other statistics: bootstrap_pairs.ts.
 *
 * @module
 */

import { acceleration, checkLevel, intervalFromDraws, type IntervalMethod } from "./interval.ts";
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
  const { rows, columns } = matrix;
  const draws = drawCount(options.draws, 2000);
  const plan = resamplePlan(rows, options);
  const random = new Random(options.seed ?? 0);
  const drawn = new Uint32Array(rows), counts = new Float64Array(4 * rows);
  const totals = new Float64Array(4), means = new Float64Array(draws * columns);
  const sums = new Float64Array(4 * columns);
  for (let first = 0; first < draws; first += 4) {
    const some = Math.min(4, draws - first);
    for (let i = 0; i < some; i++) {
      totals[i] = drawCounts(plan, random, drawn);
      for (let row = 0; row < rows; row++) counts[4 * row + i] = drawn[row];
    }
    addWeighted(matrix, counts, sums.fill(0));
    for (let c = 0; c < columns; c++) {
      for (let i = 0; i < some; i++) means[(first + i) * columns + c] = sums[4 * c + i] / totals[i];
    }
  }
  return means;
}

/**
 * Adds the columns' sums, each weighted by four draws' counts at once, in blocks of rows that stay in
 * the processor's first cache. Every sum is made in the order of the rows.
 *
 * @param counts `[rows, 4]`
 * @param sums `[columns, 4]`
 */
function addWeighted(
  { rows, columns, data }: SampleMatrix,
  counts: Float64Array,
  sums: Float64Array,
): void {
  const block = Math.max(16, Math.floor(8192 / columns));
  for (let begin = 0; begin < rows; begin += block) {
    const end = Math.min(begin + block, rows);
    for (let c = 0; c < columns; c++) {
      let a = sums[4 * c], b = sums[4 * c + 1], d = sums[4 * c + 2], e = sums[4 * c + 3];
      for (let row = begin; row < end; row++) {
        const value = data[row * columns + c], i = 4 * row;
        a += counts[i] * value;
        b += counts[i + 1] * value;
        d += counts[i + 2] * value;
        e += counts[i + 3] * value;
      }
      sums[4 * c] = a;
      sums[4 * c + 1] = b;
      sums[4 * c + 2] = d;
      sums[4 * c + 3] = e;
    }
  }
}

/** Calls `visit` with the means of columns, all by default, without each unit, stratum by stratum. */
export function leaveOneOutMeans(
  matrix: SampleMatrix,
  plan: ResamplePlan,
  visit: (means: Float64Array, stratum: number, unit: number) => void,
  from = 0,
  to: number = matrix.columns,
): void {
  const { rows, columns, data } = matrix;
  const sums = columnMeans(matrix).subarray(from, to);
  for (let c = 0; c < sums.length; c++) sums[c] *= rows;
  const means = new Float64Array(sums.length);
  plan.strata.forEach((units, stratum) =>
    units.forEach((unit, index) => {
      means.set(sums);
      for (const row of unit) {
        const start = row * columns + from;
        for (let c = 0; c < means.length; c++) means[c] -= data[start + c];
      }
      for (let c = 0; c < means.length; c++) means[c] /= rows - unit.length;
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
 * @param means what {@link bootstrapMeans} makes of the two, where it is known
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
  means: Float64Array = bootstrapMeans(matrix, options),
): ColumnIntervals {
  const { columns } = matrix;
  const level = options.level ?? 0.95;
  checkLevel(level);
  const estimate = columnMeans(matrix);
  const draws = means.length / columns;
  const accelerations = (options.method ?? "bca") === "bca"
    ? columnAccelerations(matrix, resamplePlan(matrix.rows, options))
    : null;
  const low = new Float64Array(columns);
  const high = new Float64Array(columns);
  const standardError = new Float64Array(columns);
  const column = new Float64Array(draws);
  for (let c = 0; c < columns; c++) {
    for (let draw = 0; draw < draws; draw++) column[draw] = means[draw * columns + c];
    column.sort();
    const interval = intervalFromDraws(estimate[c], column, level, accelerations?.[c]);
    low[c] = interval.low;
    high[c] = interval.high;
    standardError[c] = deviation(column);
  }
  return { estimate, low, high, standardError, level };
}

/** Means without one unit that are held at once. */
const leftOutAtOnce = 2 ** 22;

/** Acceleration of every column's mean; null where no unit can be left out. */
function columnAccelerations(matrix: SampleMatrix, plan: ResamplePlan): Float64Array | null {
  if (!canLeaveOneOut(plan)) return null;
  const { rows, columns } = matrix, found = new Float64Array(columns);
  const width = Math.max(1, Math.floor(leftOutAtOnce / rows));
  for (let from = 0; from < columns; from += width) {
    const to = Math.min(columns, from + width), own = to - from;
    const leftOut = plan.strata.map((units) => new Float64Array(units.length * own));
    const note = (left: Float64Array, stratum: number, unit: number) => {
      const size = plan.strata[stratum].length;
      for (let c = 0; c < own; c++) leftOut[stratum][c * size + unit] = left[c];
    };
    leaveOneOutMeans(matrix, plan, note, from, to);
    for (let c = 0; c < own; c++) {
      found[from + c] = acceleration(leftOut.map((left, stratum) => {
        const size = plan.strata[stratum].length;
        return left.subarray(c * size, (c + 1) * size);
      }));
    }
  }
  return found;
}

/** Standard deviation with divisor n - 1; 0 for a single value. */
function deviation(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  let squares = 0;
  for (const value of values) squares += (value - sum / values.length) ** 2;
  return Math.sqrt(squares / Math.max(1, values.length - 1));
}
