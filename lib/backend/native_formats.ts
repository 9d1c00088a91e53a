/**
 * Weights in blocks as the operations are told of them: their formats, and where they lie.
 *
 * @module
 */
import { type PackedTensor, sizeOf } from "./native_tensors.ts";
import { packedRowBytes } from "./packed_shape.ts";

/**
 * Formats that the operations read, and their numbers: those of GGUF files, and of groups of codes and of
 * floats of eight bits (`lib/weights/packings/groups.ts`). The counterpart is `WithFormat` in `tools/native/ops/formats.h`:
 * change both.
 */
export const nativeFormats: Readonly<Record<string, number>> = {
  ...{ F16: 1, BF16: 30 },
  ...{ Q4_0: 2, Q4_1: 3, Q5_0: 6, Q5_1: 7, Q8_0: 8 },
  ...{ Q2_K: 10, Q3_K: 11, Q4_K: 12, Q5_K: 13, Q6_K: 14 },
  ...{ IQ4_NL: 20, IQ4_XS: 23 },
  ...{ "G4_32": 101, "G4_64": 102, "G4_128": 103 },
  ...{ "A4_32": 104, "A4_64": 105, "A4_128": 106, "G8_32": 107, "G8_128": 108 },
  ...{ "F8_32": 109, "F8_128": 110 },
  ...{ "A5_32": 111, "A5_64": 112, "A6_32": 113, "A6_64": 114, "A8_32": 115, "A8_64": 116 },
};

/** Which bytes of its tensor are a weight's, as operations are told: nothing where all are. */
export function placeOf({ shape, how: { format, skipped } }: PackedTensor): number[] {
  if (skipped === null) return [];
  const rows = sizeOf(shape.slice(0, -1)),
    rowBytes = packedRowBytes(format, shape[shape.length - 1]);
  return [skipped | 0, Math.floor(skipped / 2 ** 32), rows, rowBytes];
}
