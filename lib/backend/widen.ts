/**
 * Checkpoint bytes to float32, for backends that know no half-precision type.
 *
 * @module
 */
import type { StoredDType } from "../nn/kernels.ts";

/** Bytes of one element of a stored type. */
export const storedBytes: Readonly<Record<StoredDType, number>> = { F32: 4, F16: 2, BF16: 2 };

let halfTable: Float32Array | null = null;

/** Float32 values of all 65,536 half-precision bit patterns (IEEE 754 binary16). */
function float16Table(): Float32Array {
  if (halfTable) return halfTable;
  halfTable = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    halfTable[bits] = exponent === 0
      ? sign * fraction * 2 ** -24
      : exponent === 31
      ? (fraction ? NaN : sign * Infinity)
      : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return halfTable;
}

/**
 * Widens little-endian bf16, f16 or f32 bytes to a new float32 array; exact.
 *
 * @param bytes raw bytes, of a length that is a multiple of the element size
 * @param stored element type of the bytes
 * @throws {RangeError} if the length is not a whole number of elements
 *
 * @example
 * ```ts
 * import { widenToFloat32 } from "./widen.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([...widenToFloat32(new Uint8Array([0x80, 0x3f]), "BF16")], [1]);
 * ```
 */
export function widenToFloat32(bytes: Uint8Array, stored: StoredDType): Float32Array {
  const size = storedBytes[stored];
  if (bytes.byteLength % size !== 0) {
    throw new RangeError(
      `Cannot read ${bytes.byteLength} bytes as ${stored}: the length must be a multiple of ${size}`,
    );
  }
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  const count = bytes.byteLength / size;
  if (stored === "F32") return new Float32Array(aligned.buffer, aligned.byteOffset, count).slice();
  const bits = new Uint16Array(aligned.buffer, aligned.byteOffset, count);
  const out = new Float32Array(count);
  if (stored === "BF16") {
    const words = new Uint32Array(out.buffer);
    for (let i = 0; i < count; i++) words[i] = bits[i] << 16;
  } else {
    const table = float16Table();
    for (let i = 0; i < count; i++) out[i] = table[bits[i]];
  }
  return out;
}
