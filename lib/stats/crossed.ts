/**
 * Means over two things at once that were both drawn: samples and draws of control heads. Either could
 * have come out otherwise, so the bootstrap draws both again.
 *
 * @module
 */

import { InputError } from "../common/errors.ts";
import { studentTails } from "./beta.ts";
import { checkLevel, type Interval, intervalFromDraws } from "./interval.ts";
import { Random } from "./random.ts";
import { drawCount, drawCounts, type ResampleOptions, resamplePlan } from "./resample.ts";

/** Values by sample and draw; not every draw needs to be measured on every sample. */
export interface CrossedTable {
  /** Number of samples. */
  readonly rows: number;
  /** Number of draws. */
  readonly columns: number;
  /** The values, `[rows, columns]`; NaN where a draw was not measured on a sample. */
  readonly data: Float32Array | Float64Array;
}

/** A mean over samples and draws. */
export interface CrossedInterval extends Interval {
  /** Standard deviation of the mean over bootstrap draws. */
  readonly standardError: number;
  /**
   * Two-sided probability of a mean so far from 0 if it were 0: Student's t with as many degrees of
   * freedom as the smaller of the two numbers has.
   */
  readonly pValue: number;
}

/** The mean of a table's measured values, with weights of rows and columns. */
function weightedMean(
  { rows, columns, data }: CrossedTable,
  ofRows: ArrayLike<number> | null,
  ofColumns: ArrayLike<number> | null,
): number {
  let sum = 0, weights = 0;
  for (let row = 0; row < rows; row++) {
    const rowWeight = ofRows ? ofRows[row] : 1;
    if (rowWeight === 0) continue;
    const start = row * columns;
    let own = 0, measured = 0;
    for (let column = 0; column < columns; column++) {
      const value = data[start + column];
      if (value !== value) continue; // NaN
      const weight = ofColumns ? ofColumns[column] : 1;
      own += weight * value;
      measured += weight;
    }
    sum += rowWeight * own;
    weights += rowWeight * measured;
  }
  return sum / weights;
}

/**
 * Two-way bootstrap interval of the mean over samples and draws: in each bootstrap draw both are drawn
 * again, with replacement (the "pigeonhole" bootstrap, Owen 2007; somewhat too wide rather than too
 * narrow). With one column only the samples are drawn.
 *
 * @param table values by sample and draw, NaN where not measured
 * @param options draws of the bootstrap (2000), seed (0), level (0.95), strata and clusters of the
 *   samples
 * @throws {InputError} when nothing is measured, labels do not fit, or level or draws is out of range
 *
 * @example
 * ```ts
 * import { crossedInterval } from "./crossed.ts";
 * import { assert } from "@std/assert";
 * const data = Float64Array.of(0.9, 0.5, NaN, 0.8, NaN, 0.7, 0.6, 0.9, 0.4);
 * const { estimate, low, high } = crossedInterval({ rows: 3, columns: 3, data });
 * assert(low < estimate && estimate < high);
 * ```
 */
export function crossedInterval(
  table: CrossedTable,
  options: ResampleOptions & { readonly level?: number } = {},
): CrossedInterval {
  const { rows, columns, data } = table, level = options.level ?? 0.95;
  checkLevel(level);
  if (data.length !== rows * columns || !data.some((value) => !Number.isNaN(value))) {
    throw new InputError(
      `Cannot take the mean of ${rows} samples and ${columns} draws from ${data.length} values: ` +
        "wanted one for each pair, and some that are measured",
    );
  }
  const plan = resamplePlan(rows, options);
  const random = new Random(options.seed ?? 0).fork("samples and draws");
  const rowCounts = new Uint32Array(rows), columnCounts = new Uint32Array(columns);
  const means: number[] = [];
  const wanted = drawCount(options.draws, 2000);
  for (let draw = 0; draw < wanted; draw++) {
    drawCounts(plan, random, rowCounts);
    columnCounts.fill(0);
    for (let i = 0; i < columns; i++) columnCounts[random.integer(columns)]++;
    const mean = weightedMean(table, rowCounts, columns > 1 ? columnCounts : null);
    if (!Number.isNaN(mean)) means.push(mean);
  }
  const estimate = weightedMean(table, null, null);
  const sorted = Float64Array.from(means).sort();
  if (sorted.length === 0) {
    return { estimate, low: NaN, high: NaN, level, standardError: NaN, pValue: NaN };
  }
  const centre = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  const squares = sorted.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  const standardError = Math.sqrt(squares / Math.max(1, sorted.length - 1));
  const units = plan.strata.reduce((sum, stratum) => sum + stratum.length, 0);
  const freedom = Math.max(1, Math.min(units, columns > 1 ? columns : Infinity) - 1);
  const still = standardError <= 1e-12 * Math.max(1, Math.abs(estimate));
  return {
    ...intervalFromDraws(estimate, sorted, level),
    standardError,
    pValue: still ? (estimate === 0 ? 1 : 0) : studentTails(estimate / standardError, freedom),
  };
}
