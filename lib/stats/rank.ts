/**
 * Comparing rankings: ranks with ties, Kendall, Spearman and Pearson correlation, overlap of top
 * lists.
 *
 * @module
 */

import { InputError } from "../common/errors.ts";
import { checkFinite } from "./summary.ts";

/** Throws unless both lists have one length of at least 2 and only finite values. */
function checkPair(a: ArrayLike<number>, b: ArrayLike<number>, action: string): void {
  checkFinite(a, action, 2);
  checkFinite(b, action, 2);
  if (a.length !== b.length) {
    throw new InputError(
      `Cannot ${action} of ${a.length} and ${b.length} values: wanted lists of one length`,
    );
  }
}

/**
 * Ranks from 1 (smallest); equal values share the mean of their ranks.
 *
 * @returns `[values.length]`
 * @throws {InputError} when the list is empty or a value is not finite
 *
 * @example
 * ```ts
 * import { averageRanks } from "./rank.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([...averageRanks([10, 30, 20, 20])], [1, 4, 2.5, 2.5]);
 * ```
 */
export function averageRanks(values: ArrayLike<number>): Float64Array {
  checkFinite(values, "rank");
  const order = Uint32Array.from({ length: values.length }, (_, i) => i)
    .sort((i, j) => values[i] - values[j]);
  const ranks = new Float64Array(values.length);
  for (let start = 0; start < order.length;) {
    let end = start + 1;
    while (end < order.length && values[order[end]] === values[order[start]]) end++;
    for (let i = start; i < end; i++) ranks[order[i]] = (start + 1 + end) / 2;
    start = end;
  }
  return ranks;
}

/**
 * Indices of the values from the largest down; of equal values the lower index comes first.
 *
 * @param values one per head
 * @param count how many to return; all when left out
 * @returns `[count]`
 * @throws {InputError} when a value is not finite or more are wanted than there are
 *
 * @example
 * ```ts
 * import { topIndices } from "./rank.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([...topIndices([0.2, 0.9, 0.2, 0.5], 3)], [1, 3, 0]);
 * ```
 */
export function topIndices(values: ArrayLike<number>, count = values.length): Uint32Array {
  checkFinite(values, "rank");
  if (!(Number.isInteger(count) && count >= 1 && count <= values.length)) {
    throw new InputError(
      `Cannot take the top ${count} of ${values.length}: count must be 1 to ${values.length}`,
    );
  }
  return Uint32Array.from({ length: values.length }, (_, i) => i)
    .sort((i, j) => values[j] - values[i] || i - j)
    .slice(0, count);
}

/**
 * Pearson correlation.
 *
 * @returns in [-1, 1]; NaN when one list is constant
 * @throws {InputError} when the lengths differ, are below 2, or a value is not finite
 *
 * @example
 * ```ts
 * import { pearson } from "./rank.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * assertAlmostEquals(pearson([1, 2, 3], [2, 4, 6]), 1);
 * ```
 */
export function pearson(a: ArrayLike<number>, b: ArrayLike<number>): number {
  checkPair(a, b, "correlate");
  const count = a.length;
  let sumA = 0;
  let sumB = 0;
  for (let i = 0; i < count; i++) {
    sumA += a[i];
    sumB += b[i];
  }
  let products = 0;
  let squaresA = 0;
  let squaresB = 0;
  let constantA = true;
  let constantB = true;
  for (let i = 0; i < count; i++) {
    const fromA = a[i] - sumA / count;
    const fromB = b[i] - sumB / count;
    products += fromA * fromB;
    squaresA += fromA * fromA;
    squaresB += fromB * fromB;
    constantA &&= a[i] === a[0];
    constantB &&= b[i] === b[0];
  }
  if (constantA || constantB) return NaN;
  return Math.min(1, Math.max(-1, products / (Math.sqrt(squaresA) * Math.sqrt(squaresB))));
}

/**
 * Spearman's rank correlation, ties by average ranks.
 *
 * @returns in [-1, 1]; NaN when one list is constant
 * @throws {InputError} when the lengths differ, are below 2, or a value is not finite
 *
 * @example
 * ```ts
 * import { spearman } from "./rank.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * assertAlmostEquals(spearman([1, 2, 3], [1, 10, 100]), 1);
 * ```
 */
export function spearman(a: ArrayLike<number>, b: ArrayLike<number>): number {
  checkPair(a, b, "correlate");
  return pearson(averageRanks(a), averageRanks(b));
}

/** Number of pairs among equal neighbours of a sorted order. */
function tiedPairs(count: number, equal: (i: number) => boolean): number {
  let pairs = 0;
  let run = 1;
  for (let i = 1; i <= count; i++) {
    if (i < count && equal(i)) {
      run++;
    } else {
      pairs += run * (run - 1) / 2;
      run = 1;
    }
  }
  return pairs;
}

/** Sorts in place by merging and returns the number of pairs that were out of order. */
function sortCountingSwaps(values: Float64Array): number {
  let from = values;
  let to: Float64Array = new Float64Array(values.length);
  let swaps = 0;
  for (let width = 1; width < from.length; width *= 2) {
    for (let start = 0; start < from.length; start += 2 * width) {
      const middle = Math.min(start + width, from.length);
      const end = Math.min(start + 2 * width, from.length);
      let left = start;
      let right = middle;
      for (let i = start; i < end; i++) {
        if (left < middle && (right >= end || from[left] <= from[right])) {
          to[i] = from[left++];
        } else {
          to[i] = from[right++];
          swaps += middle - left;
        }
      }
    }
    [from, to] = [to, from];
  }
  values.set(from);
  return swaps;
}

/**
 * Kendall's tau-b, corrected for ties, in O(n log n) (Knight 1966).
 *
 * @returns in [-1, 1]; NaN when one list is constant
 * @throws {InputError} when the lengths differ, are below 2, or a value is not finite
 *
 * @example
 * ```ts
 * import { kendallTau } from "./rank.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * assertAlmostEquals(kendallTau([1, 2, 3, 4], [1, 2, 4, 3]), 2 / 3);
 * ```
 */
export function kendallTau(a: ArrayLike<number>, b: ArrayLike<number>): number {
  checkPair(a, b, "correlate");
  const count = a.length;
  const order = Uint32Array.from({ length: count }, (_, i) => i)
    .sort((i, j) => a[i] - a[j] || b[i] - b[j]);
  const sameA = (i: number): boolean => a[order[i]] === a[order[i - 1]];
  const tiesA = tiedPairs(count, sameA);
  const tiesBoth = tiedPairs(count, (i) => sameA(i) && b[order[i]] === b[order[i - 1]]);
  const sorted = Float64Array.from(order, (i) => b[i]);
  const discordant = sortCountingSwaps(sorted);
  const tiesB = tiedPairs(count, (i) => sorted[i] === sorted[i - 1]);
  const pairs = count * (count - 1) / 2;
  if (tiesA === pairs || tiesB === pairs) return NaN;
  const balance = pairs - tiesA - tiesB + tiesBoth - 2 * discordant;
  const tau = balance / Math.sqrt(pairs - tiesA) / Math.sqrt(pairs - tiesB);
  return Math.min(1, Math.max(-1, tau));
}
