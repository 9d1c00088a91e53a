/**
 * Rounding as Python does it, on which sizes and time stamps depend.
 *
 * @module
 */

/**
 * Rounds to the nearest whole number, halves to the even one.
 *
 * @example
 * ```ts
 * import { roundHalfEven } from "./rounding.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([0.5, 1.5, 2.4, 2.5].map(roundHalfEven), [0, 2, 2, 2]);
 * ```
 */
export function roundHalfEven(value: number): number {
  const low = Math.floor(value), rest = value - low;
  if (rest !== 0.5) return Math.round(value);
  return low % 2 === 0 ? low : low + 1;
}

/**
 * A number that is not negative with one decimal, as Python's `f"{value:.1f}"`: halves, which only
 * quarters are, go to the even digit.
 *
 * @example
 * ```ts
 * import { oneDecimal } from "./rounding.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([0.25, 0.75, 3, 1.26].map(oneDecimal), ["0.2", "0.8", "3.0", "1.3"]);
 * ```
 */
export function oneDecimal(value: number): string {
  if (Number.isInteger(4 * value) && (4 * value) % 2 === 1) {
    return (roundHalfEven(value * 10) / 10).toFixed(1);
  }
  return value.toFixed(1);
}
