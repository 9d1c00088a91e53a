/**
 * The oracle: every query reads the keys to which it would attend most, as many as a plan reads. It
 * computes all scores to choose them, so it bounds quality and says nothing of speed.
 *
 * @module
 */
import {
  type AttentionCall,
  type AttentionFunction,
  denseAttention,
  keyLength,
} from "../nn/attention.ts";
import { keyScores, mixValues, queryBlock } from "../nn/blocked_attention.ts";
import type { Kernels, Tensor } from "../nn/kernels.ts";
import { hiddenScore } from "../nn/mask.ts";
import { patternId } from "./patterns/pattern.ts";
import type { SparsePlan } from "./plan.ts";

/**
 * The `count`-th largest of some values, which change places.
 *
 * @example
 * ```ts
 * import { nthLargest } from "./oracle.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(nthLargest(Float32Array.of(3, 9, 4, 1), 2), 4);
 * ```
 */
export function nthLargest(values: Float32Array, count: number): number {
  const wanted = values.length - Math.min(count, values.length); // in ascending order
  let low = 0, high = values.length - 1;
  while (low < high) {
    const pivot = values[(low + high) >> 1];
    let i = low, j = high;
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (values[j] > pivot) j--;
      if (i > j) break;
      const held = values[i];
      values[i++] = values[j];
      values[j--] = held;
    }
    if (wanted <= j) high = j;
    else if (wanted >= i) low = i;
    else return values[wanted];
  }
  return values[wanted];
}

/**
 * How many keys a plan reads at a query, as the mean over its heads: what the oracle may read with
 * each of them.
 */
export function meanKeysSeen(plan: SparsePlan): (query: number) => number {
  const counts = new Map<string, { pattern: SparsePlan["patterns"][0][0]; heads: number }>();
  const all = plan.patterns.flat();
  for (const pattern of all) {
    const id = patternId(pattern), found = counts.get(id);
    if (found) found.heads++;
    else counts.set(id, { pattern, heads: 1 });
  }
  const kinds = [...counts.values()];
  return (query) =>
    kinds.reduce((sum, { pattern, heads }) => sum + heads * pattern.keysSeen(query), 0) /
    all.length;
}

/** Bias of a block of scores `[.., size, keys]`: 0 for each query's top keys, else hidden. */
function topKeysBias(
  scores: Float32Array,
  size: number,
  keys: number,
  first: number,
  count: (query: number) => number,
): Float32Array {
  const bias = new Float32Array(scores.length).fill(hiddenScore);
  for (let row = 0, at = 0; at < scores.length; row++, at += keys) {
    const query = first + row % size;
    const seen = scores.subarray(at, at + query + 1);
    let left = Math.min(query + 1, Math.max(1, Math.round(count(query))));
    const least = nthLargest(seen.slice(), left);
    for (let key = 0; key <= query; key++) {
      if (seen[key] <= least) continue;
      bias[at + key] = 0;
      left--;
    }
    // of equal scores the latest: whole rows of them would go to the first keys otherwise
    for (let key = query; left > 0 && key >= 0; key--) {
      if (seen[key] !== least) continue;
      bias[at + key] = 0;
      left--;
    }
  }
  return bias;
}

/** Scores `[B, N, t, S]` in which all but each query's top keys are hidden. */
function topOnly(
  k: Kernels,
  scores: Tensor,
  first: number,
  count: (query: number) => number,
): Tensor {
  const [, , size, keys] = scores.shape;
  const plain = k.readSync(k.cast(scores, "float32")) as Float32Array;
  return k.add(scores, k.tensor(topKeysBias(plain, size, keys, first, count), scores.shape));
}

/** The same where a hook wants scores or pattern: in one block. */
function hookedOracle(
  k: Kernels,
  call: AttentionCall,
  first: number,
  count: (query: number) => number,
): Tensor {
  return denseAttention(k, {
    ...call,
    onScores: (scores) => {
      const masked = topOnly(k, scores, first, count);
      return call.onScores ? call.onScores(masked) : masked;
    },
    onPattern: call.onPattern ?? ((pattern) => pattern),
  });
}

/**
 * Attention in which every head of every query reads its own top keys by score, as many as the plan
 * reads at that query in the mean over its heads. Works block by block, in memory that grows linearly
 * with the prompt; needs a backend that can be read at once.
 *
 * It keeps the largest attention mass that this number of keys can hold, with the same number for every
 * head. That bounds what selecting keys can do for a plan with such a budget, though not strictly:
 * other shares between heads, or forgetting what misleads, can do better.
 *
 * @example
 * ```ts
 * import { oracleAttention } from "./oracle.ts";
 * import { patterns } from "./patterns/registry.ts";
 * import { hybridPlan } from "./plan.ts";
 * const local = patterns.local({ sink: 4, window: 64 });
 * oracleAttention(hybridPlan({ layers: 2, heads: 4 }, [{ layer: 1, head: 0 }], local));
 * ```
 */
export function oracleAttention(plan: SparsePlan): AttentionFunction {
  const count = meanKeysSeen(plan);
  return (k: Kernels, call: AttentionCall): Tensor => {
    const { query, segments } = call;
    const [batch, heads, queries, headDim] = query.shape;
    const keyValueHeads = segments[0].key.shape[1], group = heads / keyValueHeads;
    const keys = segments.map(({ key }) => key), values = segments.map(({ value }) => value);
    const first = keyLength(segments) - queries;
    if (call.onScores || call.onPattern) return hookedOracle(k, call, first, count);
    return k.scope(() => {
      const blocks: Tensor[] = [];
      for (let start = 0; start < queries; start += queryBlock) {
        const size = Math.min(queryBlock, queries - start), seen = first + start + size;
        blocks.push(k.scope(() => {
          const rows = k.slice(query, [0, 0, start, 0], [-1, -1, size, -1]);
          const folded = k.reshape(rows, [batch, keyValueHeads, group * size, headDim]);
          const scores = keyScores(k, folded, keys, seen);
          const shape = [batch, heads, size, seen];
          const pattern = k.softmax(topOnly(k, k.reshape(scores, shape), first + start, count));
          const weights = k.reshape(k.cast(pattern, scores.dtype), scores.shape);
          return k.reshape(mixValues(k, weights, values), [batch, heads, size, headDim]);
        }));
      }
      return blocks.length === 1 ? blocks[0] : k.concat(blocks, 2);
    });
  };
}
