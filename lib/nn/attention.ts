/**
 * Attention as functions on tensors: dense causal attention in query blocks, bidirectional attention
 * for vision towers, and the pattern of chosen query rows.
 *
 * This folder holds the parts of a transformer as functions on tensors. The hybrid counterpart of
 * {@link denseAttention} is `lib/sparse/attention.ts`; both run through
 * `tests/suites/attention_suite.ts`.
 * @module
 */
import type { Kernels, Tensor } from "../backend/kernels.ts";

/** Keys and values of a run of consecutive positions. A batch of 1 is shared by every row. */
export interface KeyValueSegment {
  /** `[B or 1, K, S, H]`, after the rotary embedding. */
  readonly key: Tensor;
  /** `[B or 1, K, S, H]`. */
  readonly value: Tensor;
}

/** One call of an attention function. */
export interface AttentionCall {
  /** `[B, N, T, H]`, after the rotary embedding, times 1/sqrt(H). */
  readonly query: Tensor;
  /** Segments in the order of their positions; the last T positions are the queries' own. */
  readonly segments: readonly KeyValueSegment[];
  /** Decoder layer that calls. */
  readonly layer: number;
  /** Set only where a hook wants the scores: gets and returns `[B, N, T, S]`. */
  readonly onScores?: (scores: Tensor) => Tensor;
  /** Set only where a hook wants the pattern: gets and returns `[B, N, T, S]`. */
  readonly onPattern?: (pattern: Tensor) => Tensor;
}

/** Attention over the keys so far: gives z `[B, N, T, H]`, each head's mix of the values. */
export type AttentionFunction = (kernels: Kernels, call: AttentionCall) => Tensor;

/** Rows of queries handled at once; bounds memory at `N * block * S` scores. */
export const queryBlock = 256;

/** Length of all segments together. */
export function keyLength(segments: readonly KeyValueSegment[]): number {
  return segments.reduce((sum, { key }) => sum + key.shape[2], 0);
}

/** Scores of folded queries `[B, K, M, H]` with the first `length` keys: `[B, K, M, length]`. */
function scoresOf(k: Kernels, query: Tensor, segments: readonly KeyValueSegment[], length: number) {
  const parts: Tensor[] = [];
  let start = 0;
  for (const { key } of segments) {
    const size = Math.min(key.shape[2], length - start);
    if (size <= 0) break;
    const part = size === key.shape[2] ? key : k.slice(key, [0, 0, 0, 0], [-1, -1, size, -1]);
    parts.push(k.matMul(query, part, { transposeB: true }));
    start += size;
  }
  return parts.length === 1 ? parts[0] : k.concat(parts, 3);
}

/** Values mixed by a folded pattern `[B, K, M, length]`: `[B, K, M, H]`. */
function mixValues(k: Kernels, pattern: Tensor, segments: readonly KeyValueSegment[]): Tensor {
  const length = pattern.shape[3];
  let start = 0;
  let mixed: Tensor | null = null;
  for (const { value } of segments) {
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

/** Causal softmax of folded scores: `[B, K, G*T, S]` with queries from position `first`. */
function foldedSoftmax(k: Kernels, scores: Tensor, queries: number, first: number): Tensor {
  const [b, groups, folded, keys] = scores.shape;
  if (queries === 1) return k.softmax(scores); // one new token sees every key
  const split = k.reshape(scores, [b, groups, folded / queries, queries, keys]);
  return k.reshape(k.causalSoftmax(split, first), [b, groups, folded, keys]);
}

/**
 * Dense causal attention with grouped heads, in blocks of {@link queryBlock} query rows against
 * their own key prefix. The query heads of a key-value group are folded into the rows of one matrix
 * product. Memory grows linearly with the length unless a hook asks for scores or pattern.
 */
export const denseAttention: AttentionFunction = (k: Kernels, call: AttentionCall): Tensor => {
  const { query, segments } = call;
  const [batch, heads, queries, headDim] = query.shape;
  const keyValueHeads = segments[0].key.shape[1];
  const group = heads / keyValueHeads;
  const first = keyLength(segments) - queries; // position of the first query
  const block = call.onScores || call.onPattern ? queries : queryBlock;

  const blocks: Tensor[] = [];
  for (let start = 0; start < queries; start += block) {
    const size = Math.min(block, queries - start);
    blocks.push(k.scope(() => {
      const rows = size === queries ? query : k.slice(query, [0, 0, start, 0], [-1, -1, size, -1]);
      // [B, N, t, H] -> [B, K, G*t, H]: heads of a group stand next to each other
      const folded = k.reshape(rows, [batch, keyValueHeads, group * size, headDim]);
      const scores = scoresOf(k, folded, segments, first + start + size);
      const pattern = call.onScores || call.onPattern
        ? hookedPattern(k, scores, call, first)
        : foldedSoftmax(k, scores, size, first + start);
      // [B, K, G*t, H] -> [B, N, t, H]
      return k.reshape(mixValues(k, pattern, segments), [batch, heads, size, headDim]);
    }));
  }
  return blocks.length === 1 ? blocks[0] : k.concat(blocks, 2);
};

/** The pattern with hooks on scores and pattern in between; shapes as folded scores. */
function hookedPattern(k: Kernels, folded: Tensor, call: AttentionCall, first: number): Tensor {
  const [batch, heads, queries] = call.query.shape;
  const keys = folded.shape[3];
  const scores = k.add(
    k.reshape(folded, [batch, heads, queries, keys]),
    causalBias(k, queries, keys, first),
  );
  const seen = call.onScores ? call.onScores(scores) : scores;
  const pattern = k.softmax(seen);
  return k.reshape(call.onPattern ? call.onPattern(pattern) : pattern, folded.shape);
}

/** 0 where query i may see key j, else -1e30: `[T, S]`. */
export function causalBias(k: Kernels, queries: number, keys: number, first: number): Tensor {
  const data = new Float32Array(queries * keys);
  for (let i = 0; i < queries; i++) data.fill(-1e30, i * keys + first + i + 1, (i + 1) * keys);
  return k.tensor(data, [queries, keys]);
}

/**
 * The attention pattern of chosen query rows only: what RAM needs, at the cost of those rows.
 *
 * @param query `[B, N, T, H]`, as for {@link denseAttention}
 * @param segments keys so far
 * @param rows which of the T queries, ascending
 * @returns `[B, N, rows, S]` in float32
 */
export function patternOfRows(
  k: Kernels,
  query: Tensor,
  segments: readonly KeyValueSegment[],
  rows: readonly number[],
): Tensor {
  const [batch, heads, queries, headDim] = query.shape;
  const keyValueHeads = segments[0].key.shape[1];
  const keys = keyLength(segments);
  const first = keys - queries;
  return k.scope(() => {
    const chosen = consecutiveRuns(rows).map(([start, end]) =>
      k.slice(query, [0, 0, start, 0], [-1, -1, end - start, -1])
    );
    const picked = chosen.length === 1 ? chosen[0] : k.concat(chosen, 2); // [B, N, R, H]
    const group = heads / keyValueHeads;
    const folded = k.reshape(picked, [batch, keyValueHeads, group * rows.length, headDim]);
    const scores = k.reshape(scoresOf(k, folded, segments, keys), [
      batch,
      heads,
      rows.length,
      keys,
    ]);
    const hidden = new Float32Array(rows.length * keys);
    rows.forEach((row, i) => hidden.fill(-1e30, i * keys + first + row + 1, (i + 1) * keys));
    return k.cast(k.softmax(k.add(scores, k.tensor(hidden, [rows.length, keys]))), "float32");
  });
}

/** Ascending integers as half-open runs. */
function consecutiveRuns(rows: readonly number[]): [start: number, end: number][] {
  const runs: [number, number][] = [];
  for (const row of rows) {
    const last = runs[runs.length - 1];
    if (last && last[1] === row) last[1] = row + 1;
    else runs.push([row, row + 1]);
  }
  return runs;
}

/**
 * Attention in which every query sees every key, for vision towers, in query blocks.
 *
 * @param query `[n, heads, P, H]`, times 1/sqrt(H)
 * @param key `[n, heads, P, H]`
 * @param value `[n, heads, P, H]`
 * @param onPattern set only where a hook wants the whole pattern `[n, heads, P, P]`
 * @returns `[n, heads, P, H]`
 */
export function bidirectionalAttention(
  k: Kernels,
  query: Tensor,
  key: Tensor,
  value: Tensor,
  onPattern?: (pattern: Tensor) => Tensor,
): Tensor {
  const length = query.shape[2];
  const block = onPattern ? length : Math.max(queryBlock, Math.floor((1 << 22) / length));
  const blocks: Tensor[] = [];
  for (let start = 0; start < length; start += block) {
    const size = Math.min(block, length - start);
    blocks.push(k.scope(() => {
      const rows = size === length ? query : k.slice(query, [0, 0, start, 0], [-1, -1, size, -1]);
      const pattern = k.softmax(k.matMul(rows, key, { transposeB: true })); // [n, heads, block, P]
      return k.matMul(onPattern ? onPattern(pattern) : pattern, value);
    }));
  }
  return blocks.length === 1 ? blocks[0] : k.concat(blocks, 2);
}
