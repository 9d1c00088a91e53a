/**
 * Element types of the safetensors format, and the arrays that hold them in JavaScript.
 *
 * @module
 */
import { widenToFloat32 } from "../backend/widen.ts";

/** Element type as a safetensors header writes it. */
export type SafetensorsDType =
  | "BOOL"
  | "U8"
  | "I8"
  | "F8_E5M2"
  | "F8_E4M3"
  | "I16"
  | "U16"
  | "F16"
  | "BF16"
  | "I32"
  | "U32"
  | "F32"
  | "F64"
  | "I64"
  | "U64";

/** Bytes of one element of every type that we read, in the format's own order of types. */
const elementBytes: Readonly<Record<SafetensorsDType, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
};

/** All {@link SafetensorsDType}s; files are written in the reverse of this order (widest first). */
export const safetensorsDTypes: readonly SafetensorsDType[] = Object.keys(
  elementBytes,
) as SafetensorsDType[];

/** Whether a string names an element type that we read. */
export function isSafetensorsDType(name: string): name is SafetensorsDType {
  return Object.hasOwn(elementBytes, name);
}

/** Bytes of one element. */
export function dtypeBytes(dtype: SafetensorsDType): number {
  return elementBytes[dtype];
}

/** What {@link decode} returns: 64-bit integers stay big integers, half precision becomes float32. */
export type DecodedArray =
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>;

/**
 * Little-endian bytes as a typed array: F32, F16 and BF16 as a new float32 array (exact), integers
 * and F64 in their own type, BOOL and the 8-bit floats as their raw bytes.
 *
 * @param bytes whole elements; shared with the result where type and alignment allow
 * @param dtype stored element type
 *
 * @example
 * ```ts
 * import { decode } from "./dtypes.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(decode(new Uint8Array([0, 0x3c, 0, 0xc0]), "F16"), new Float32Array([1, -2]));
 * ```
 */
export function decode(bytes: Uint8Array<ArrayBuffer>, dtype: SafetensorsDType): DecodedArray {
  if (dtype === "F32" || dtype === "F16" || dtype === "BF16") {
    return widenToFloat32(bytes, dtype) as Float32Array<ArrayBuffer>;
  }
  const size = elementBytes[dtype];
  const { buffer, byteOffset, length } = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  const count = length / size;
  switch (dtype) {
    case "F64":
      return new Float64Array(buffer, byteOffset, count);
    case "I8":
      return new Int8Array(buffer, byteOffset, count);
    case "I16":
      return new Int16Array(buffer, byteOffset, count);
    case "U16":
      return new Uint16Array(buffer, byteOffset, count);
    case "I32":
      return new Int32Array(buffer, byteOffset, count);
    case "U32":
      return new Uint32Array(buffer, byteOffset, count);
    case "I64":
      return new BigInt64Array(buffer, byteOffset, count);
    case "U64":
      return new BigUint64Array(buffer, byteOffset, count);
    default:
      return new Uint8Array(buffer, byteOffset, count);
  }
}

/**
 * Float32 to bfloat16, rounded to the nearest, ties to even, as PyTorch does: values beyond the
 * largest finite bfloat16 become infinite. Every NaN becomes 0x7fc0 (PyTorch's bits for NaN depend on
 * the processor).
 *
 * @param values any number of float32 values
 * @returns the bit patterns, one 16-bit word a value
 *
 * @example
 * ```ts
 * import { float32ToBfloat16 } from "./dtypes.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(float32ToBfloat16(new Float32Array([1, -2])), new Uint16Array([0x3f80, 0xc000]));
 * ```
 */
export function float32ToBfloat16(values: Float32Array): Uint16Array<ArrayBuffer> {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const out = new Uint16Array(values.length);
  for (let i = 0; i < words.length; i++) {
    const bits = words[i];
    out[i] = (bits & 0x7fffffff) > 0x7f800000
      ? 0x7fc0
      : (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
  }
  return out;
}
