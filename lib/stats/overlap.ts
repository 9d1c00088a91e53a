/**
 * Overlap of top lists: share and Jaccard index at k with its chance level, rank-biased overlap.
 *
 * @module
 */

import { InputError } from "../common/errors.ts";
import { topIndices } from "./rank.ts";

/**
 * Jaccard index of the two top-k sets: shared heads over heads in either.
 *
 * @param a scores, one per head
 * @param b scores of the same heads by another rule or on other samples
 * @param k size of the top sets, 1 to the number of heads; ties go to the lower index
 * @returns in [0, 1]; compare with {@link expectedJaccard}
 * @throws {InputError} when the lengths differ or k is out of range
 *
 * @example
 * ```ts
 * import { jaccardAtK } from "./overlap.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * assertAlmostEquals(jaccardAtK([9, 8, 1, 0], [9, 0, 8, 1], 2), 1 / 3);
 * ```
 */
export function jaccardAtK(a: ArrayLike<number>, b: ArrayLike<number>, k: number): number {
  const shared = sharedAtK(a, b, k);
  return shared / (2 * k - shared);
}

/**
 * Share of one top-k set that is in the other.
 *
 * @param a scores, one per head
 * @param b scores of the same heads by another rule or on other samples
 * @param k size of the top sets, 1 to the number of heads; ties go to the lower index
 * @returns in [0, 1]; of two sets at random k over the number of heads
 * @throws {InputError} when the lengths differ or k is out of range
 *
 * @example
 * ```ts
 * import { overlapAtK } from "./overlap.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(overlapAtK([9, 8, 1, 0], [9, 0, 8, 1], 2), 1 / 2);
 * ```
 */
export function overlapAtK(a: ArrayLike<number>, b: ArrayLike<number>, k: number): number {
  return sharedAtK(a, b, k) / k;
}

/** Number of heads that both top-k sets have. */
function sharedAtK(a: ArrayLike<number>, b: ArrayLike<number>, k: number): number {
  if (a.length !== b.length) {
    throw new InputError(`Cannot compare top lists of ${a.length} and ${b.length} heads`);
  }
  const top = new Set(topIndices(a, k));
  return topIndices(b, k).reduce((count, index) => count + (top.has(index) ? 1 : 0), 0);
}

/**
 * Expected Jaccard index of two top-k sets drawn at random: the chance level.
 *
 * @param count number of heads
 * @param k size of the sets, 1 to `count`
 * @returns mean over the hypergeometric number of shared heads
 * @throws {InputError} when k is out of range
 *
 * @example
 * ```ts
 * import { expectedJaccard } from "./overlap.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * assertAlmostEquals(expectedJaccard(2, 1), 0.5);
 * ```
 */
export function expectedJaccard(count: number, k: number): number {
  if (!(Number.isInteger(k) && k >= 1 && k <= count)) {
    throw new InputError(`Cannot compare top ${k} of ${count}: k must be 1 to ${count}`);
  }
  // Ratio of neighbouring hypergeometric probabilities, from the fewest shared heads up.
  const fewest = Math.max(0, 2 * k - count);
  let weight = 1;
  let weights = 0;
  let sum = 0;
  for (let shared = fewest; shared <= k; shared++) {
    weights += weight;
    sum += weight * shared / (2 * k - shared);
    weight *= (k - shared) ** 2 / ((shared + 1) * (count - 2 * k + shared + 1));
    if (weights > 1e200) {
      weight /= 1e200;
      weights /= 1e200;
      sum /= 1e200;
    }
  }
  return sum / weights;
}

/**
 * Extrapolated rank-biased overlap of two ranked lists (Webber, Moffat and Zobel 2010, equation
 * 32): agreement at every depth, weighted towards the top.
 *
 * @param a distinct items, best first
 * @param b distinct items, best first; may differ from `a` in items and length
 * @param persistence p in (0, 1), 0.9 by default: the first d ranks carry most of the weight when
 * p is about 1 - 1/d
 * @returns in [0, 1]; 1 for equal lists, 0 for disjoint ones
 * @throws {InputError} when a list is empty or repeats an item, or p is out of range
 *
 * @example
 * ```ts
 * import { rankBiasedOverlap } from "./overlap.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * assertAlmostEquals(rankBiasedOverlap(["L3H1", "L2H0"], ["L3H1", "L2H0"]), 1);
 * ```
 */
export function rankBiasedOverlap(
  a: ArrayLike<string | number>,
  b: ArrayLike<string | number>,
  persistence = 0.9,
): number {
  if (!(persistence > 0 && persistence < 1)) {
    throw new InputError(`Cannot use persistence ${persistence}: it must be in (0, 1)`);
  }
  for (const list of [a, b]) {
    if (list.length === 0) throw new InputError("Cannot compare an empty ranked list");
    if (new Set(Array.from(list)).size !== list.length) {
      throw new InputError("Cannot compare ranked lists: an item occurs twice in one of them");
    }
  }
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  const seenShort = new Set<string | number>();
  const seenLong = new Set<string | number>();
  let overlap = 0;
  let overlapAtShort = 0;
  let weight = 1;
  let agreement = 0; // sum over depths of p^d X_d / d
  let extension = 0; // sum beyond the short list of p^d X_s (d - s) / (s d)
  for (let depth = 1; depth <= long.length; depth++) {
    weight *= persistence;
    seenLong.add(long[depth - 1]);
    if (depth <= short.length) {
      seenShort.add(short[depth - 1]);
      if (seenLong.has(short[depth - 1])) overlap++;
      if (long[depth - 1] !== short[depth - 1] && seenShort.has(long[depth - 1])) overlap++;
      overlapAtShort = overlap;
    } else {
      if (seenShort.has(long[depth - 1])) overlap++;
      extension += weight * overlapAtShort * (depth - short.length) / (short.length * depth);
    }
    agreement += weight * overlap / depth;
  }
  const atEnd = (overlap - overlapAtShort) / long.length + overlapAtShort / short.length;
  const score = (1 - persistence) / persistence * (agreement + extension) + atEnd * weight;
  return Math.min(1, Math.max(0, score));
}
