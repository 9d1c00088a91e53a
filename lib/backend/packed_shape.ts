/**
 * How weights in blocks lie in memory: row after row, each in whole blocks.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { BlockFormat } from "../nn/kernels.ts";

/** Bytes of a row of `columns` numbers. */
export function packedRowBytes({ elements, bytes }: BlockFormat, columns: number): number {
  return columns / elements * bytes;
}

/**
 * Refuses bytes that are not a weight of a shape.
 *
 * @param length bytes of all rows' blocks
 * @param shape `[.., rows, columns]`
 * @throws {InputError} for rows that are no whole blocks, and for another number of bytes
 *
 * @example
 * ```ts
 * import { checkPacked } from "./packed_shape.ts";
 * import { assertThrows } from "@std/assert";
 * const format = { name: "Q8_0", elements: 32, bytes: 34, unpack: () => new Float32Array(32) };
 * checkPacked(68, format, [2, 32]);
 * assertThrows(() => checkPacked(68, format, [32, 2]));
 * ```
 */
export function checkPacked(
  length: number,
  format: BlockFormat,
  shape: readonly number[],
): void {
  const columns = shape[shape.length - 1] ?? 0,
    rows = shape.slice(0, -1).reduce((a, b) => a * b, 1);
  const whole = shape.length >= 2 && columns % format.elements === 0;
  if (whole && length === rows * packedRowBytes(format, columns)) return;
  throw new InputError(
    `Cannot make a weight [${shape}] of ${length} bytes of ${format.name}: wanted rows of ` +
      `whole blocks, ${format.elements} numbers in ${format.bytes} bytes each`,
  );
}

/**
 * Rows of numbers with their columns put back in order.
 *
 * @param order the column that each of a row's numbers belongs to; none for rows that are in order
 *
 * @example
 * ```ts
 * import { inOrder } from "./packed_shape.ts";
 * import { assertEquals } from "@std/assert";
 * const rows = Float32Array.of(1, 2, 3, 4, 5, 6);
 * assertEquals(inOrder(rows, Int32Array.of(2, 0, 1)), Float32Array.of(2, 3, 1, 5, 6, 4));
 * ```
 */
export function inOrder(
  values: Float32Array<ArrayBuffer>,
  order: Int32Array | undefined,
): Float32Array<ArrayBuffer> {
  if (!order) return values;
  const out = new Float32Array(values.length);
  for (let row = 0; row < values.length; row += order.length) {
    for (let i = 0; i < order.length; i++) out[row + order[i]] = values[row + i];
  }
  return out;
}
