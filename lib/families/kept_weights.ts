/**
 * In which form a weight is kept in memory, and what that takes.
 *
 * @module
 */
import { nativeFormats } from "../backend/native_formats.ts";
import type { BlockFormat } from "../nn/kernels.ts";
import { halfFormats } from "../weights/half_formats.ts";
import type { WeightHeaders } from "../weights/weight_source.ts";

/**
 * The blocks in which a weight can be kept: those of a quantised one, and the two bytes of each number
 * of a large model's matrices.
 *
 * @param large whether the model is large ({@link isLarge}); small ones become plain float32
 * @returns null for a weight that becomes plain numbers
 */
export function keptFormat(
  headers: WeightHeaders,
  name: string,
  large: boolean,
): BlockFormat | null {
  const packed = headers.packedAs?.(name) ?? null;
  if (packed || headers.plainOnly || !large) return packed;
  const { dtype, shape } = headers.info(name);
  return shape.length >= 2 && (dtype === "F16" || dtype === "BF16") ? halfFormats[dtype] : null;
}

/** Bytes that a weight takes on native TensorFlow, by `--dtype`. */
export interface KeptBytes {
  readonly float32: number;
  readonly bfloat16: number;
}

/** What a weight takes in memory; parameters as for {@link keptFormat}. */
export function keptBytes(headers: WeightHeaders, name: string, large: boolean): KeptBytes {
  const count = headers.info(name).shape.reduce((a, b) => a * b, 1);
  const format = keptFormat(headers, name, large);
  if (!format || !Object.hasOwn(nativeFormats, format.name)) {
    return { float32: 4 * count, bfloat16: 2 * count };
  }
  const bytes = count / format.elements * format.bytes;
  return { float32: bytes, bfloat16: bytes };
}
