/**
 * Attention mass: how much of a distribution of attention lands on some tokens.
 *
 * @module
 */

/**
 * Attention on some tokens together.
 *
 * @param attention on each token of the prompt
 * @param tokens indices
 *
 * @example
 * ```ts
 * import { massOn } from "./attention_mass.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(massOn([0.5, 0.25, 0.25], [0, 2]), 0.75);
 * ```
 */
export function massOn(attention: ArrayLike<number>, tokens: readonly number[]): number {
  let sum = 0;
  for (const token of tokens) sum += attention[token];
  return sum;
}
