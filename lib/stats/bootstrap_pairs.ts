/**
 * Bootstrap intervals of any statistic of the samples, of paired differences, and of ratios of
 * medians of paired timings.
 *
 * @module
 */

import { InputError } from "../common/errors.ts";
import type { BootstrapOptions } from "./bootstrap.ts";
import { meanMapInterval } from "./bootstrap_maps.ts";
import { acceleration, type Interval, intervalFromDraws } from "./interval.ts";
import { Random } from "./random.ts";
import { canLeaveOneOut, drawCount, drawRows, resamplePlan } from "./resample.ts";
import { checkFinite, median } from "./summary.ts";

/**
 * Bootstrap interval of any statistic of the samples.
 *
 * Draws on which the statistic is NaN (the correlation of a constant list, say) are left out; a
 * statistic that is NaN on all samples gives an interval of NaN.
 *
 * @param rows number of samples
 * @param statistic a number from row indices; an index may occur several times or not at all
 * @param options draws (2000), seed (0), level (0.95), method ("bca"; the statistic is then also
 * called once per unit left out), strata, clusters
 * @throws {InputError} when labels do not fit, or level or draws is out of range
 *
 * @example
 * ```ts
 * import { bootstrapInterval } from "./bootstrap_pairs.ts";
 * import { spearman } from "./rank.ts";
 * import { assert } from "@std/assert";
 * const x = [1, 2, 3, 4, 5, 6], y = [1, 3, 2, 4, 6, 5];
 * const pick = (values: number[], rows: Uint32Array) => Array.from(rows, (row) => values[row]);
 * const { low, high } = bootstrapInterval(
 *   6,
 *   (rows) => spearman(pick(x, rows), pick(y, rows)),
 *   { method: "percentile" },
 * );
 * assert(low < high);
 * ```
 */
export function bootstrapInterval(
  rows: number,
  statistic: (rows: Uint32Array) => number,
  options: BootstrapOptions = {},
): Interval {
  const plan = resamplePlan(rows, options);
  const random = new Random(options.seed ?? 0);
  const all = Uint32Array.from({ length: rows }, (_, row) => row);
  const estimate = statistic(all);
  const level = options.level ?? 0.95;
  if (Number.isNaN(estimate)) return { estimate, low: NaN, high: NaN, level };
  const values = Float64Array.from(
    { length: drawCount(options.draws, 2000) },
    () => statistic(drawRows(plan, random)),
  ).filter((value) => !Number.isNaN(value)).sort();
  if (values.length === 0) return { estimate, low: NaN, high: NaN, level };
  const bca = (options.method ?? "bca") === "bca" && canLeaveOneOut(plan);
  const leftOut = plan.strata.map((units) =>
    units.map((unit) => {
      if (!bca) return 0;
      const without = new Set(unit);
      return statistic(all.filter((row) => !without.has(row)));
    }).filter((value) => !Number.isNaN(value))
  );
  return intervalFromDraws(estimate, values, level, bca ? acceleration(leftOut) : undefined);
}

/**
 * Bootstrap interval of `mean(a) - mean(b)` of paired values, e.g. right answers of the whole
 * and of the ablated model on the same samples.
 *
 * @param a values by sample
 * @param b values by sample, in the same order
 * @param options draws (2000), seed (0), level (0.95), method ("bca"), strata, clusters
 * @throws {InputError} when the lengths differ or a value is not finite
 *
 * @example
 * ```ts
 * import { differenceInterval } from "./bootstrap_pairs.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(differenceInterval([1, 1, 1, 0], [0, 0, 1, 0]).estimate, 0.5);
 * ```
 */
export function differenceInterval(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  options: BootstrapOptions = {},
): Interval {
  checkPairs(a, b);
  const data = Float64Array.from(a, (value, i) => value - b[i]);
  return meanMapInterval({ rows: data.length, columns: 1, data }, (means) => means[0], options);
}

/** Throws unless both lists are finite and of one length. */
function checkPairs(a: ArrayLike<number>, b: ArrayLike<number>): void {
  checkFinite(a, "bootstrap pairs");
  checkFinite(b, "bootstrap pairs");
  if (a.length !== b.length) {
    throw new InputError(
      `Cannot pair ${a.length} values with ${b.length}: wanted lists of one length`,
    );
  }
}

/**
 * Bootstrap interval of `median(a) / median(b)` of paired timings, e.g. interleaved runs of two
 * programs: pairs are drawn together, so drifts of the machine that hit both cancel.
 *
 * Percentile by default: the leave-one-out estimates of a median do not converge, so its
 * acceleration for BCa would be noise.
 *
 * @param a times of one program, e.g. in milliseconds, above 0
 * @param b times of the other in the same rounds, above 0
 * @param options draws (2000), seed (0), level (0.95), method ("percentile"), strata, clusters
 * @throws {InputError} when the lengths differ or a time is not above 0
 *
 * @example
 * ```ts
 * import { ratioOfMediansInterval } from "./bootstrap_pairs.ts";
 * import { assertEquals } from "@std/assert";
 * const dense = [200, 210, 190], sparse = [100, 104, 96];
 * assertEquals(ratioOfMediansInterval(dense, sparse).estimate, 2);
 * ```
 */
export function ratioOfMediansInterval(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  options: BootstrapOptions = {},
): Interval {
  checkPairs(a, b);
  for (const list of [a, b]) {
    const bad = Array.from(list).findIndex((time) => time <= 0);
    if (bad >= 0) throw new InputError(`Cannot divide times: time ${bad} is ${list[bad]}, not > 0`);
  }
  return bootstrapInterval(
    a.length,
    (rows) => median(pick(a, rows)) / median(pick(b, rows)),
    { method: "percentile", ...options },
  );
}

/** The values at the given indices. */
function pick(values: ArrayLike<number>, rows: Uint32Array): Float64Array {
  return Float64Array.from(rows, (row) => values[row]);
}
