/**
 * The shapes at which kernels are checked: in the kernel suite against every implementation, and by
 * `deno task native --sanitize` in our own operations alone.
 * @module
 */

/** Shapes of an attention call: the runs of keys hold `[batch, positions]` each. */
export interface AttentionShapes {
  readonly query: readonly [batch: number, heads: number, queries: number, headDim: number];
  readonly keyHeads: number;
  readonly runs: readonly (readonly [batch: number, positions: number])[];
}

/** Attention: one key and many, groups of heads, shared prefixes, odd widths, tiles and their rests. */
export const attentionShapes: readonly AttentionShapes[] = [
  { query: [1, 2, 7, 8], keyHeads: 1, runs: [[1, 7]] },
  { query: [1, 1, 1, 4], keyHeads: 1, runs: [[1, 1]] },
  { query: [2, 4, 5, 16], keyHeads: 2, runs: [[2, 9]] },
  { query: [3, 2, 2, 6], keyHeads: 2, runs: [[1, 4], [3, 3]] }, // shared prefix, few queries
  { query: [2, 2, 9, 13], keyHeads: 1, runs: [[1, 21], [2, 9]] }, // shared prefix, odd width
  { query: [2, 2, 9, 16], keyHeads: 1, runs: [[1, 70], [1, 10], [2, 5], [2, 30]] },
  { query: [1, 2, 70, 64], keyHeads: 1, runs: [[1, 3], [1, 600]] }, // tiles of queries and keys
  { query: [1, 1, 130, 72], keyHeads: 1, runs: [[1, 130]] },
  { query: [1, 6, 33, 32], keyHeads: 2, runs: [[1, 33]] },
];

/** Attention on rows: the lengths of the runs, windows of several sizes among them. */
export const rowShapes: readonly {
  readonly heads: number;
  readonly headDim: number;
  readonly lengths: readonly number[];
}[] = [
  { heads: 2, headDim: 8, lengths: [7] },
  { heads: 3, headDim: 6, lengths: [1, 1, 4] },
  { heads: 1, headDim: 20, lengths: [16, 16, 8, 16] },
  { heads: 1, headDim: 72, lengths: [80, 80] },
  { heads: 1, headDim: 64, lengths: [290] },
];

/** Sinks and windows that heads take in turn. */
export const keyRanges: readonly (readonly [sink: number, window: number])[] = [
  [1, 1],
  [0, 3],
  [4, 2],
  [64, 5],
  [2, 100],
  [0, 1000],
];

/** Rows, columns in and out of a linear map: few rows, whole tiles, rests, halves of Strassen's cut. */
export const linearSizes: readonly (readonly [rows: number, inner: number, outer: number])[] = [
  ...[[1, 70, 9], [1, 64, 32], [2, 33, 4], [3, 70, 9], [5, 48, 6], [16, 70, 9]],
  ...[[17, 70, 9], [32, 32, 32], [45, 64, 96], [161, 544, 32], [33, 32, 288]],
  ...[[256, 32, 32], [257, 48, 80], [300, 144, 48], [301, 544, 96], [600, 1056, 64], [300, 33, 40]],
  ...[[256, 588, 32], [257, 1, 16], [290, 1030, 48]],
] as [number, number, number][];

/** Tensors whose last axis is normalised. */
export const normShapes: readonly (readonly number[])[] = [
  ...[[3, 8], [2, 5, 1], [2, 5, 3], [1, 2, 3, 16], [4, 65], [8], [0, 8]],
];

/** Tensors whose last two axes are tokens and an even width. */
export const rotateShapes: readonly (readonly number[])[] = [
  ...[[5, 4], [2, 5, 8], [1, 3, 5, 2], [1, 2, 1, 64], [2, 0, 4]],
];
