/**
 * How unevenly a total is spread over heads: Gini coefficient, share of the top heads, effective
 * number of heads.
 *
 * @module
 */

import { InputError } from "../common/errors.ts";
import { checkFinite } from "./summary.ts";

/** What to do with negative values, which a share of a total cannot hold. */
export interface ShareOptions {
  /**
   * `"error"` (default) throws on a negative value; `"zero"` counts it as 0, for scores such as
   * contrasts whose sign carries no mass.
   */
  readonly negative?: "error" | "zero";
}

/** A copy without negative values, or an error. */
function checkShares(
  values: ArrayLike<number>,
  action: string,
  options: ShareOptions,
): Float64Array {
  checkFinite(values, action);
  return Float64Array.from(values, (value, i) => {
    if (value >= 0) return value;
    if (options.negative === "zero") return 0;
    throw new InputError(
      `Cannot ${action}: value ${i} is ${value}, wanted 0 or more (or option negative: "zero")`,
    );
  });
}

/**
 * How many heads the top fraction holds: the nearest whole number, halves up, at least 1.
 *
 * @param count number of heads, at least 1
 * @param fraction in (0, 1]
 * @throws {InputError} when the fraction or the count is out of range
 *
 * @example
 * ```ts
 * import { topCount } from "./concentration.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(topCount(96, 0.05), 5); // 4.8
 * assertEquals(topCount(270, 0.05), 14); // 13.5
 * assertEquals(topCount(8, 0.01), 1);
 * ```
 */
export function topCount(count: number, fraction: number): number {
  if (!(Number.isInteger(count) && count > 0)) {
    throw new InputError(`Cannot take the top of ${count} heads: at least 1 needed`);
  }
  if (!(fraction > 0 && fraction <= 1)) {
    throw new InputError(`Cannot take the top ${fraction} of ${count} heads: must be in (0, 1]`);
  }
  return Math.min(count, Math.max(1, Math.floor(fraction * count + 0.5 + 1e-9)));
}

/**
 * Share of the total held by the top fraction of the values. A total of 0 is spread evenly, so
 * its share is the fraction that the top count makes up.
 *
 * @param values one per head, 0 or more
 * @param fraction in (0, 1]; the number of heads is {@link topCount}
 * @param options what to do with negative values
 * @returns in (0, 1]
 * @throws {InputError} when the list is empty, a value is negative or not finite, or the fraction
 * is out of range
 *
 * @example
 * ```ts
 * import { topShare } from "./concentration.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(topShare([1, 6, 2, 1], 0.25), 0.6);
 * ```
 */
export function topShare(
  values: ArrayLike<number>,
  fraction: number,
  options: ShareOptions = {},
): number {
  const sorted = checkShares(values, "take the top share", options).sort();
  const top = topCount(sorted.length, fraction);
  let total = 0;
  let held = 0;
  for (let i = 0; i < sorted.length; i++) {
    total += sorted[i];
    if (i >= sorted.length - top) held += sorted[i];
  }
  return total > 0 ? held / total : top / sorted.length;
}

/**
 * Share of the total held by given heads, e.g. those that are top on other samples. A total of 0
 * is spread evenly.
 *
 * @param values one per head, 0 or more
 * @param heads distinct indices
 * @param options what to do with negative values
 * @returns in [0, 1]
 * @throws {InputError} when the list is empty or a value is negative or not finite
 *
 * @example
 * ```ts
 * import { shareOf } from "./concentration.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(shareOf([1, 6, 2, 1], [1, 2]), 0.8);
 * ```
 */
export function shareOf(
  values: ArrayLike<number>,
  heads: ArrayLike<number>,
  options: ShareOptions = {},
): number {
  const shares = checkShares(values, "take the share", options);
  const total = shares.reduce((sum, value) => sum + value, 0);
  if (total === 0) return heads.length / shares.length;
  return Array.from(heads).reduce((sum, head) => sum + shares[head], 0) / total;
}

/**
 * Gini coefficient: 0 when all values are equal (or all 0), (n - 1) / n when one holds all.
 *
 * @param values one per head, 0 or more
 * @param options what to do with negative values
 * @returns in [0, 1)
 * @throws {InputError} when the list is empty or a value is negative or not finite
 *
 * @example
 * ```ts
 * import { gini } from "./concentration.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(gini([1, 1, 1, 1]), 0);
 * assertEquals(gini([0, 0, 0, 1]), 0.75);
 * ```
 */
export function gini(values: ArrayLike<number>, options: ShareOptions = {}): number {
  const sorted = checkShares(values, "take the Gini coefficient", options).sort();
  const count = sorted.length;
  let total = 0;
  let weighted = 0;
  for (let i = 0; i < count; i++) {
    total += sorted[i];
    weighted += (2 * i + 1 - count) * sorted[i];
  }
  return total > 0 ? Math.max(0, weighted / (count * total)) : 0;
}

/**
 * Shannon entropy of the shares, in nats: 0 when one value holds all, log n when all are equal.
 * A total of 0 counts as spread evenly.
 *
 * @param values one per head, 0 or more
 * @param options what to do with negative values
 * @returns in nats
 * @throws {InputError} when the list is empty or a value is negative or not finite
 *
 * @example
 * ```ts
 * import { entropy } from "./concentration.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * assertAlmostEquals(entropy([3, 3]), Math.log(2));
 * ```
 */
export function entropy(values: ArrayLike<number>, options: ShareOptions = {}): number {
  const shares = checkShares(values, "take the entropy", options);
  const total = shares.reduce((sum, value) => sum + value, 0);
  if (total === 0) return Math.log(shares.length);
  let sum = 0;
  for (const value of shares) {
    const share = value / total;
    if (share > 0) sum -= share * Math.log(share);
  }
  return Math.max(0, sum);
}
