/**
 * Element types of GGUF tensors: whole numbers of blocks, each of some elements in some bytes.
 *
 * Source: llama.cpp `ggml.h` (numbers of the types) and `ggml-common.h` (the blocks).
 * @module
 */

/** A type that we can read. */
export type GgufType =
  | "F32"
  | "F16"
  | "BF16"
  | "Q4_0"
  | "Q4_1"
  | "Q5_0"
  | "Q5_1"
  | "Q8_0"
  | "Q2_K"
  | "Q3_K"
  | "Q4_K"
  | "Q5_K"
  | "Q6_K"
  | "IQ4_NL"
  | "IQ4_XS";

export interface BlockSize {
  /** Elements of a block; rows are whole numbers of blocks. */
  readonly elements: number;
  /** Bytes of a block. */
  readonly bytes: number;
}

/** Blocks by type. */
export const blockSizes: Readonly<Record<GgufType, BlockSize>> = {
  F32: { elements: 1, bytes: 4 },
  F16: { elements: 1, bytes: 2 },
  BF16: { elements: 1, bytes: 2 },
  Q4_0: { elements: 32, bytes: 18 },
  Q4_1: { elements: 32, bytes: 20 },
  Q5_0: { elements: 32, bytes: 22 },
  Q5_1: { elements: 32, bytes: 24 },
  Q8_0: { elements: 32, bytes: 34 },
  Q2_K: { elements: 256, bytes: 84 },
  Q3_K: { elements: 256, bytes: 110 },
  Q4_K: { elements: 256, bytes: 144 },
  Q5_K: { elements: 256, bytes: 176 },
  Q6_K: { elements: 256, bytes: 210 },
  IQ4_NL: { elements: 32, bytes: 18 },
  IQ4_XS: { elements: 256, bytes: 136 },
};

/** All types that we can read. */
export const ggufTypes: readonly GgufType[] = Object.keys(blockSizes) as GgufType[];

/** Types by their number in a file. */
const byNumber: Readonly<Record<number, GgufType>> = {
  ...{ 0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0" },
  ...{ 10: "Q2_K", 11: "Q3_K", 12: "Q4_K", 13: "Q5_K", 14: "Q6_K" },
  ...{ 20: "IQ4_NL", 23: "IQ4_XS", 30: "BF16" },
};

/**
 * The type of a number in a file, or null for one that we cannot read.
 *
 * @example
 * ```ts
 * import { ggufTypeOf } from "./gguf_types.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([3, 9].map(ggufTypeOf), ["Q4_1", null]);
 * ```
 */
export function ggufTypeOf(number: number): GgufType | null {
  return byNumber[number] ?? null;
}
