/**
 * From bootstrap draws to an interval: percentile, and bias-corrected and accelerated (BCa).
 *
 * @module
 */

import { InputError } from "../common/errors.ts";
import { normalCdf, normalQuantile } from "./normal.ts";
import { sortedQuantile } from "./summary.ts";

/** How an interval is read from bootstrap draws. */
export type IntervalMethod = "percentile" | "bca";

/** An estimate with its confidence interval. */
export interface Interval {
  /** The estimate from all samples. */
  readonly estimate: number;
  /** Lower end. */
  readonly low: number;
  /** Upper end. */
  readonly high: number;
  /** Confidence level, e.g. 0.95. */
  readonly level: number;
}

/**
 * An interval as records have it.
 *
 * @example
 * ```ts
 * import { endsOf } from "./interval.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(endsOf({ low: 0.25, high: 1 }), [0.25, 1]);
 * ```
 */
export function endsOf({ low, high }: Pick<Interval, "low" | "high">): [low: number, high: number] {
  return [low, high];
}

/**
 * Throws unless the level is strictly between 0 and 1.
 *
 * @throws {InputError} otherwise
 */
export function checkLevel(level: number): void {
  if (!(level > 0 && level < 1)) {
    throw new InputError(`Cannot make an interval of level ${level}: level must be in (0, 1)`);
  }
}

/**
 * Acceleration of BCa from leave-one-unit-out estimates (Efron and Tibshirani 1993, equation
 * 14.15; over several strata as in Davison and Hinkley 1997, section 5.3).
 *
 * @param leftOut for each stratum the estimates with one of its units left out
 * @returns the acceleration; 0 where the estimates do not vary
 */
export function acceleration(leftOut: readonly ArrayLike<number>[]): number {
  let cubes = 0;
  let squares = 0;
  for (const estimates of leftOut) {
    const count = estimates.length;
    let sum = 0;
    for (let i = 0; i < count; i++) sum += estimates[i];
    for (let i = 0; i < count; i++) {
      const influence = (count - 1) * (sum / count - estimates[i]) / count;
      cubes += influence ** 3;
      squares += influence ** 2;
    }
  }
  return squares > 0 ? cubes / (6 * squares ** 1.5) : 0;
}

/**
 * Interval from sorted bootstrap draws of one statistic.
 *
 * Percentile: the quantiles of the draws at (1 - level) / 2 and (1 + level) / 2. BCa (Efron
 * 1987): the same at shifted probabilities, which corrects median bias and a standard error that
 * changes with the parameter. Where every draw lies on one side of the estimate the correction
 * is undefined and the percentile interval is returned.
 *
 * @param estimate the statistic on all samples
 * @param sorted bootstrap draws in ascending order, at least 1
 * @param level confidence level in (0, 1)
 * @param accelerate acceleration for BCa; percentile when left out
 * @throws {InputError} when the level is not in (0, 1)
 *
 * @example
 * ```ts
 * import { intervalFromDraws } from "./interval.ts";
 * import { assertEquals } from "@std/assert";
 * const draws = Float64Array.from({ length: 101 }, (_, i) => i);
 * assertEquals(intervalFromDraws(50, draws, 0.5), { estimate: 50, low: 25, high: 75, level: 0.5 });
 * ```
 */
export function intervalFromDraws(
  estimate: number,
  sorted: ArrayLike<number>,
  level: number,
  accelerate?: number,
): Interval {
  checkLevel(level);
  let lowAt = (1 - level) / 2;
  let highAt = (1 + level) / 2;
  if (accelerate !== undefined) {
    let below = 0;
    let equal = 0;
    for (let i = 0; i < sorted.length && sorted[i] <= estimate; i++) {
      if (sorted[i] < estimate) below++;
      else equal++;
    }
    const bias = normalQuantile((below + equal / 2) / sorted.length);
    if (Number.isFinite(bias)) {
      const shift = (probability: number): number => {
        const moved = bias + normalQuantile(probability);
        return normalCdf(bias + moved / (1 - accelerate * moved));
      };
      lowAt = shift(lowAt);
      highAt = shift(highAt);
    }
  }
  return {
    estimate,
    low: sortedQuantile(sorted, lowAt),
    high: sortedQuantile(sorted, highAt),
    level,
  };
}
