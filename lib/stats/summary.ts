/**
 * Mean, variance and quantiles of a list of numbers.
 *
 * @module
 */

import { InputError } from "../common/errors.ts";

/**
 * Throws unless the list has at least `minimum` values, all finite.
 *
 * @param values the list to check
 * @param action what is being computed, for the message
 * @param minimum smallest length allowed
 * @throws {InputError} when the list is too short or holds NaN or an infinity
 */
export function checkFinite(values: ArrayLike<number>, action: string, minimum = 1): void {
  if (values.length < minimum) {
    throw new InputError(
      `Cannot ${action} of ${values.length} values: at least ${minimum} needed`,
    );
  }
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      throw new InputError(
        `Cannot ${action}: value ${i} is ${values[i]}, wanted a finite number`,
      );
    }
  }
}

/**
 * Arithmetic mean.
 *
 * @throws {InputError} when the list is empty or a value is not finite
 *
 * @example
 * ```ts
 * import { mean } from "./summary.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(mean([1, 2, 6]), 3);
 * ```
 */
export function mean(values: ArrayLike<number>): number {
  checkFinite(values, "take the mean");
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/**
 * Sample variance, divided by n - 1.
 *
 * @throws {InputError} when there are fewer than two values or one is not finite
 *
 * @example
 * ```ts
 * import { variance } from "./summary.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(variance([1, 2, 3]), 1);
 * ```
 */
export function variance(values: ArrayLike<number>): number {
  checkFinite(values, "take the variance", 2);
  const centre = mean(values);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] - centre) ** 2;
  return sum / (values.length - 1);
}

/**
 * Quantile of values that are already in ascending order, interpolated linearly between order
 * statistics (type 7 of Hyndman and Fan, NumPy's default).
 *
 * @param sorted values in ascending order, at least one, not checked
 * @param probability in [0, 1]
 */
export function sortedQuantile(sorted: ArrayLike<number>, probability: number): number {
  const position = probability * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
}

/**
 * Quantile of a list, interpolated linearly (NumPy's default).
 *
 * @param values in any order; not changed
 * @param probability in [0, 1]
 * @throws {InputError} when the list is empty, a value is not finite or the probability is not in
 * [0, 1]
 *
 * @example
 * ```ts
 * import { quantile } from "./summary.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(quantile([4, 1, 3, 2], 0.5), 2.5);
 * ```
 */
export function quantile(values: ArrayLike<number>, probability: number): number {
  checkFinite(values, "take a quantile");
  if (!(probability >= 0 && probability <= 1)) {
    throw new InputError(`Cannot take quantile ${probability}: probability must be 0 to 1`);
  }
  return sortedQuantile(Float64Array.from(values).sort(), probability);
}

/**
 * Median: the middle value, or the mean of the two middle ones.
 *
 * @throws {InputError} when the list is empty or a value is not finite
 *
 * @example
 * ```ts
 * import { median } from "./summary.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(median([9, 1, 5]), 5);
 * ```
 */
export function median(values: ArrayLike<number>): number {
  return quantile(values, 0.5);
}
