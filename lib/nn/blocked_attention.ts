/**
 * Attention out of the kernels' other operations, in blocks of queries against the keys that they see.
 *
 * The specification of {@link Kernels.attention}, and what runs where there is no operation for it;
 * `tests/suites/kernel_suite.ts` holds all of them equal.
 * @module
 */
import { faultsApart } from "./faulty_keys.ts";
import type { AttentionOptions, Kernels, Tensor } from "./kernels.ts";
import { rangeBias } from "./mask.ts";

/** Rows of queries handled at once; bounds memory at `N * block * S` scores. */
export const queryBlock = 256;

/**
 * Scores of folded queries with runs of keys: `[B, K, M, length]`.
 *
 * @param query `[B, K, M, H]`, the query heads of a key-value head one after the other in its rows
 * @param keys runs of positions, `[1 or B, K, S, H]` each
 * @param length how many of the keys; all by default
 */
export function keyScores(
  k: Kernels,
  query: Tensor,
  keys: readonly Tensor[],
  length = Infinity,
): Tensor {
  const parts: Tensor[] = [];
  let start = 0;
  for (const key of keys) {
    const size = Math.min(key.shape[2], length - start);
    if (size <= 0) break;
    const part = size === key.shape[2] ? key : k.slice(key, [0, 0, 0, 0], [-1, -1, size, -1]);
    parts.push(k.matMul(query, part, { transposeB: true }));
    start += size;
  }
  return parts.length === 1 ? parts[0] : k.concat(parts, 3);
}

/**
 * Values mixed by a folded pattern: `[B, K, M, H]`.
 *
 * @param pattern `[B, K, M, length]`
 * @param values runs of positions, `[1 or B, K, S, H]` each, of together at least `length`
 */
export function mixValues(k: Kernels, pattern: Tensor, values: readonly Tensor[]): Tensor {
  const length = pattern.shape[3];
  let start = 0;
  let mixed: Tensor | null = null;
  for (const value of values) {
    const size = Math.min(value.shape[2], length - start);
    if (size <= 0) break;
    const rows = size === value.shape[2] ? value : k.slice(value, [0, 0, 0, 0], [-1, -1, size, -1]);
    const weights = size === length
      ? pattern
      : k.slice(pattern, [0, 0, 0, start], [-1, -1, -1, size]);
    const part = k.matMul(weights, rows);
    mixed = mixed ? k.add(mixed, part) : part;
    start += size;
  }
  return mixed!;
}

/**
 * {@link Kernels.attention} out of the other operations of `k`. What is not finite reaches only queries
 * that see it.
 */
export function blockedAttention(
  k: Kernels,
  query: Tensor,
  keys: readonly Tensor[],
  values: readonly Tensor[],
  options: AttentionOptions,
): Tensor {
  const hides = options.causal && (query.shape[2] > 1 || options.ranges !== undefined);
  if (!hides) return finiteAttention(k, query, keys, values, options);
  return k.scope(() => {
    const apart = faultsApart(k, query, keys, values, options);
    if (!apart) return finiteAttention(k, query, keys, values, options);
    const z = finiteAttention(k, query, apart.keys, apart.values, options);
    return k.cast(k.add(z, apart.missing), k.computeDType);
  });
}

/** Sizes by which queries are folded under the key-value heads that they read. */
export interface Folding {
  /** B. */
  readonly batch: number;
  /** N. */
  readonly heads: number;
  /** K. */
  readonly keyValueHeads: number;
}

/**
 * A block of the rows of `[B, N, T, H]`, the heads of a group beneath each other: `[B, K, G*t, H]`.
 *
 * @param start first row
 * @param size t, how many
 */
export function foldRows(
  k: Kernels,
  x: Tensor,
  { batch, heads, keyValueHeads }: Folding,
  start: number,
  size: number,
): Tensor {
  const rows = size === x.shape[2] ? x : k.slice(x, [0, 0, start, 0], [-1, -1, size, -1]);
  return k.reshape(rows, [batch, keyValueHeads, heads / keyValueHeads * size, x.shape[3]]);
}

/**
 * The pattern of a block of queries from their folded scores `[B, K, G*t, seen]`, in the same shape.
 *
 * @param size t, the block's queries
 * @param first position of the first of them
 */
export function foldedPattern(
  k: Kernels,
  scores: Tensor,
  { batch, heads, keyValueHeads }: Folding,
  { causal, ranges }: AttentionOptions,
  size: number,
  first: number,
): Tensor {
  if (!causal || (size === 1 && !ranges)) return k.softmax(scores);
  const group = heads / keyValueHeads, seen = scores.shape[3];
  const split = k.reshape(scores, [batch, keyValueHeads, group, size, seen]);
  if (!ranges) return k.reshape(k.causalSoftmax(split, first), scores.shape);
  const bias = k.reshape(rangeBias(k, ranges, size, seen, first), [
    keyValueHeads,
    group,
    size,
    seen,
  ]);
  return k.reshape(k.softmax(k.add(split, bias)), scores.shape);
}

/** Attention in which a key that is not finite would reach every query. */
function finiteAttention(
  k: Kernels,
  query: Tensor,
  keys: readonly Tensor[],
  values: readonly Tensor[],
  options: AttentionOptions,
): Tensor {
  const { causal } = options;
  const [batch, heads, queries, headDim] = query.shape;
  const folding = { batch, heads, keyValueHeads: keys[0].shape[1] };
  const length = keys.reduce((sum, key) => sum + key.shape[2], 0);
  const first = length - queries; // position of the first query
  // Without causality a larger block has no more scores to compute.
  const block = causal ? queryBlock : Math.max(queryBlock, Math.floor((1 << 22) / length));
  return k.scope(() => {
    const blocks: Tensor[] = [];
    for (let start = 0; start < queries; start += block) {
      const size = Math.min(block, queries - start);
      blocks.push(k.scope(() => {
        const folded = foldRows(k, query, folding, start, size);
        const scores = keyScores(k, folded, keys, causal ? first + start + size : length);
        const pattern = foldedPattern(k, scores, folding, options, size, first + start);
        const mixed = mixValues(k, pattern, values);
        return k.reshape(mixed, [batch, heads, size, headDim]); // [B, K, G*t, H] -> [B, N, t, H]
      }));
    }
    return blocks.length === 1 ? blocks[0] : k.concat(blocks, 2);
  });
}
