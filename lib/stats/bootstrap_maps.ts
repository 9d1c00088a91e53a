/**
 * Bootstrap intervals of statistics of the mean map over samples, such as the share that top heads hold.
 *
 * @module
 */
import { bootstrapMeans, type BootstrapOptions, leaveOneOutMeans } from "./bootstrap.ts";
import { type ShareOptions, topShare } from "./concentration.ts";
import { acceleration, type Interval, intervalFromDraws } from "./interval.ts";
import { columnMeans, type SampleMatrix } from "./matrix.ts";
import { canLeaveOneOut, resamplePlan } from "./resample.ts";

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
 * import { meanMapInterval } from "./bootstrap_maps.ts";
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
 * import { topShareInterval } from "./bootstrap_maps.ts";
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
