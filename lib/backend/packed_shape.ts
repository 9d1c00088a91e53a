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
 * @param bytes the blocks of all rows
 * @param shape `[.., rows, columns]`
 * @throws {InputError} for rows that are no whole blocks, and for another number of bytes
 *
 * @example
 * ```ts
 * import { checkPacked } from "./packed_shape.ts";
 * import { assertThrows } from "@std/assert";
 * const format = { name: "Q8_0", elements: 32, bytes: 34, unpack: () => new Float32Array(32) };
 * checkPacked(new Uint8Array(68), format, [2, 32]);
 * assertThrows(() => checkPacked(new Uint8Array(68), format, [32, 2]));
 * ```
 */
export function checkPacked(
  bytes: Uint8Array,
  format: BlockFormat,
  shape: readonly number[],
): void {
  const columns = shape[shape.length - 1] ?? 0,
    rows = shape.slice(0, -1).reduce((a, b) => a * b, 1);
  const whole = shape.length >= 2 && columns % format.elements === 0;
  if (whole && bytes.byteLength === rows * packedRowBytes(format, columns)) return;
  throw new InputError(
    `Cannot make a weight [${shape}] of ${bytes.byteLength} bytes of ${format.name}: wanted rows of ` +
      `whole blocks, ${format.elements} numbers in ${format.bytes} bytes each`,
  );
}
