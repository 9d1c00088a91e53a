/**
 * Logits as probabilities.
 *
 * @module
 */

/**
 * Softmax of the logits of one position.
 *
 * @param logits one per token of the vocabulary
 * @returns probabilities, which add up to 1
 *
 * @example
 * ```ts
 * import { probabilities } from "./likeliest.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([...probabilities([5, 5])], [0.5, 0.5]);
 * ```
 */
export function probabilities(logits: ArrayLike<number>): Float64Array {
  const values = Float64Array.from(logits);
  const most = values.reduce((a, b) => Math.max(a, b), -Infinity);
  for (let i = 0; i < values.length; i++) values[i] = Math.exp(values[i] - most);
  const sum = values.reduce((a, b) => a + b, 0);
  return values.map((value) => value / sum);
}

/**
 * The likeliest tokens, likeliest first.
 *
 * @param logits one per token of the vocabulary
 * @param count how many; as many as there are at most
 *
 * @example
 * ```ts
 * import { likeliest } from "./likeliest.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(likeliest([0, Math.log(3)], 1), [{ id: 1, probability: 0.75 }]);
 * ```
 */
export function likeliest(
  logits: ArrayLike<number>,
  count: number,
): { readonly id: number; readonly probability: number }[] {
  const all = probabilities(logits);
  return [...all.keys()].sort((a, b) => all[b] - all[a] || a - b).slice(0, count)
    .map((id) => ({ id, probability: all[id] }));
}
