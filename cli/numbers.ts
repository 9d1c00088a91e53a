/**
 * Numbers as the tables of commands show them.
 *
 * @module
 */

/**
 * A number with its interval.
 *
 * @param samples of a mean: a single one says nothing of its interval, which is left out
 *
 * @example
 * ```ts
 * import { withInterval } from "./numbers.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(withInterval(0.5, [0.25, 1]), "0.500 [0.250, 1.000]");
 * assertEquals(withInterval(0.5, [0.5, 0.5], 1), "0.500");
 * ```
 */
export function withInterval(
  value: number,
  [low, high]: readonly [number, number],
  samples?: number,
): string {
  const shown = value.toFixed(3);
  return samples === 1 ? shown : `${shown} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
}
