/**
 * Masks as biases: what is added to attention scores so that a query does not see a key.
 *
 * @module
 */
import type { Kernels, KeyRange, Tensor } from "./kernels.ts";

/**
 * Added to the score of a key that a query must not see. The softmax of it is exactly 0 beside any
 * seen key; unlike -Infinity it stays a number where all keys are hidden, and fits into bfloat16.
 */
export const hiddenScore: number = -1e30;

/** Stretches of positions, half-open, whose queries also see the later keys of their own stretch. */
export type MutualBlocks = readonly (readonly [start: number, end: number])[];

/** The block that a position lies in; undefined where it is in none. */
export function blockOf(
  position: number,
  blocks: MutualBlocks = [],
): MutualBlocks[number] | undefined {
  return blocks.find(([start, end]) => position >= start && position < end);
}

/** The position after the last key that a query sees: the next one, or the end of its block. */
export function seenUntil(position: number, blocks?: MutualBlocks): number {
  return blockOf(position, blocks)?.[1] ?? position + 1;
}

/**
 * 0 where the query at a position may see a key, else {@link hiddenScore}: `[positions, keys]`.
 *
 * @param positions position of each query
 * @param window most recent positions that a query sees, its own included; all by default
 * @param blocks see {@link MutualBlocks}; none by default
 */
export function causalBiasAt(
  k: Kernels,
  positions: readonly number[],
  keys: number,
  window = Infinity,
  blocks?: MutualBlocks,
): Tensor {
  const data = new Float32Array(positions.length * keys);
  positions.forEach((position, i) => {
    const end = Math.min(keys, seenUntil(position, blocks));
    data.fill(hiddenScore, i * keys + end, (i + 1) * keys);
    data.fill(hiddenScore, i * keys, i * keys + Math.max(0, position + 1 - window));
  });
  return k.tensor(data, [positions.length, keys]);
}

/**
 * The causal mask of consecutive queries: `[queries, keys]`.
 *
 * @param first position of the first query
 * @param window as in {@link causalBiasAt}
 * @param blocks as there
 */
export function causalBias(
  k: Kernels,
  queries: number,
  keys: number,
  first: number,
  window?: number,
  blocks?: MutualBlocks,
): Tensor {
  const positions = Array.from({ length: queries }, (_, i) => first + i);
  return causalBiasAt(k, positions, keys, window, blocks);
}

/**
 * 0 where a head's query sees a key, else {@link hiddenScore}: `[heads, queries, keys]`.
 *
 * @param ranges what each head sees; null for everything up to the query
 * @param first position of the first query
 */
export function rangeBias(
  k: Kernels,
  ranges: readonly (KeyRange | null)[],
  queries: number,
  keys: number,
  first: number,
): Tensor {
  const data = new Float32Array(ranges.length * queries * keys).fill(hiddenScore);
  ranges.forEach((range, head) => {
    for (let i = 0; i < queries; i++) {
      const row = (head * queries + i) * keys;
      const start = range ? Math.max(0, first + i - range.window + 1) : 0;
      data.fill(0, row + start, row + first + i + 1);
      if (range) data.fill(0, row, row + Math.min(range.sink, first + i + 1));
    }
  });
  return k.tensor(data, [ranges.length, queries, keys]);
}
