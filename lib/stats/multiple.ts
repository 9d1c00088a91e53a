/**
 * Corrections for testing many hypotheses at once.
 *
 * @module
 */

import { InputError } from "../common/errors.ts";

/** Indices of p-values in ascending order, after checking them. */
function ascending(pValues: ArrayLike<number>): Uint32Array {
  for (let i = 0; i < pValues.length; i++) {
    if (!(pValues[i] >= 0 && pValues[i] <= 1)) {
      throw new InputError(`Cannot correct p-value ${i}, ${pValues[i]}: it must be 0 to 1`);
    }
  }
  return Uint32Array.from({ length: pValues.length }, (_, i) => i)
    .sort((i, j) => pValues[i] - pValues[j]);
}

/**
 * Holm's step-down adjusted p-values: rejecting those at most alpha keeps the probability of any
 * false rejection at most alpha, whatever the dependence.
 *
 * @param pValues each in [0, 1]
 * @returns adjusted, in the order given
 * @throws {InputError} when a p-value is out of range
 *
 * @example
 * ```ts
 * import { holm } from "./multiple.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([...holm([0.01, 0.04, 0.03])], [0.03, 0.06, 0.06]);
 * ```
 */
export function holm(pValues: ArrayLike<number>): Float64Array {
  const adjusted = new Float64Array(pValues.length);
  let largest = 0;
  ascending(pValues).forEach((index, i) => {
    largest = Math.max(largest, Math.min(1, pValues[index] * (pValues.length - i)));
    adjusted[index] = largest;
  });
  return adjusted;
}

/**
 * Benjamini and Hochberg's adjusted p-values: rejecting those at most q keeps the expected share
 * of false rejections at most q, for independent or positively dependent tests.
 *
 * @param pValues each in [0, 1]
 * @returns adjusted, in the order given
 * @throws {InputError} when a p-value is out of range
 *
 * @example
 * ```ts
 * import { benjaminiHochberg } from "./multiple.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([...benjaminiHochberg([0.01, 0.02, 0.5, 0.04])], [0.04, 0.04, 0.5, 0.16 / 3]);
 * ```
 */
export function benjaminiHochberg(pValues: ArrayLike<number>): Float64Array {
  const adjusted = new Float64Array(pValues.length);
  let smallest = 1;
  const order = ascending(pValues);
  for (let i = order.length - 1; i >= 0; i--) {
    smallest = Math.min(smallest, pValues[order[i]] * order.length / (i + 1));
    adjusted[order[i]] = smallest;
  }
  return adjusted;
}
