/**
 * Numbers of 16 bits as blocks of one, for kernels that keep them so and compute in float32.
 *
 * @module
 */
import { widenToFloat32 } from "../backend/widen.ts";
import type { BlockFormat } from "../nn/kernels.ts";

function half(name: "F16" | "BF16"): BlockFormat {
  return {
    name,
    elements: 1,
    bytes: 2,
    unpack: (bytes) => widenToFloat32(bytes, name) as Float32Array<ArrayBuffer>,
  };
}

/** By the names of the stored types. */
export const halfFormats: Readonly<Record<"F16" | "BF16", BlockFormat>> = {
  F16: half("F16"),
  BF16: half("BF16"),
};
