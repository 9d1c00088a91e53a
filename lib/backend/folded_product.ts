/**
 * Batched matrix products whose second factor is one matrix for the whole batch.
 *
 * @module
 */

/**
 * Shape of a batched product in which one matrix multiplies a whole batch, so that the batch can be
 * folded into the rows of a plain product; null where the product is of another kind.
 *
 * Folding is faster, and TensorFlow 2.21's oneDNN product of `[B, 1, m, k]` with `[1, 1, k, n]`
 * writes outside of its output.
 *
 * @param a shape of the first factor, `[.., m, k]`
 * @param b shape of the second, `[.., k, n]`, or `[.., n, k]` if `transposeB`
 *
 * @example
 * ```ts
 * import { foldedShape } from "./folded_product.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(foldedShape([3, 1, 2, 5], [1, 1, 5, 4], false), [3, 1, 2, 4]);
 * assertEquals(foldedShape([3, 2, 5], [3, 5, 4], false), null);
 * ```
 */
export function foldedShape(
  a: readonly number[],
  b: readonly number[],
  transposeB: boolean,
): number[] | null {
  const one = b.slice(0, -2).every((size) => size === 1);
  const whole = a.slice(0, -2).every((size) => size === 1);
  if (!one || whole || b.length > a.length) return null;
  return [...a.slice(0, -1), b[b.length - (transposeB ? 2 : 1)]];
}
