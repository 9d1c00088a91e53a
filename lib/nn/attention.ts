/**
 * Attention as functions on tensors: dense causal attention and the pattern of chosen query rows. That
 * of vision towers is in `row_attention.ts`.
 *
 * The hybrid counterpart of {@link denseAttention} is `lib/sparse/attention.ts`; both run through
 * `tests/suites/attention_suite.ts`.
 * @module
 */
import { keyScores, mixValues } from "./blocked_attention.ts";
import type { Kernels, Tensor } from "./kernels.ts";
import { causalBias, causalBiasAt, hiddenScore, type MutualBlocks, seenUntil } from "./mask.ts";

/**
 * Keys and values of a run of positions: consecutive, but for what a pruned KV cache leaves out (see
 * `KvCache.append`). A batch of 1 is shared by every row.
 */
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
  /** Most recent positions that a query of this layer sees, its own included; all by default. */
  readonly window?: number;
  /** Positions that see one another both ways, e.g. those of an image in Gemma 3; none by default. */
  readonly blocks?: MutualBlocks;
  /** Which of the layer's query heads these are; absent where they are all. */
  readonly queryHeads?: readonly number[];
  /** Set only where a hook wants the scores: gets and returns `[B, N, T, S]`. */
  readonly onScores?: (scores: Tensor) => Tensor;
  /** Set only where a hook wants the pattern: gets and returns `[B, N, T, S]`. */
  readonly onPattern?: (pattern: Tensor) => Tensor;
}

/** The positions that later queries of a key-value head can still see, besides the newest. */
export interface NeededPositions {
  /** The first positions. */
  readonly sink: number;
  /** Sliding window: number of most recent positions, the query's own included. */
  readonly window: number;
}

/** Attention over the keys so far: gives z `[B, N, T, H]`, each head's mix of the values. */
export interface AttentionFunction {
  (kernels: Kernels, call: AttentionCall): Tensor;
  /**
   * What each key-value head of a layer needs to keep, null for everything; absent where all heads
   * need everything. A cache that keeps no more gives the same results, see `KvCache`.
   */
  readonly neededPositions?: (
    layer: number,
    keyValueHeads: number,
  ) => readonly (NeededPositions | null)[];
}

/** Length of all segments together. */
export function keyLength(segments: readonly KeyValueSegment[]): number {
  return segments.reduce((sum, { key }) => sum + key.shape[2], 0);
}

/**
 * Dense causal attention with grouped heads. Memory grows linearly with the length unless a hook asks
 * for scores or pattern.
 */
export const denseAttention: AttentionFunction = (k: Kernels, call: AttentionCall): Tensor => {
  const { query, segments, window } = call;
  const keys = segments.map(({ key }) => key), values = segments.map(({ value }) => value);
  if (!call.onScores && !call.onPattern) {
    const short = window === undefined || keyLength(segments) <= window;
    const ranges = short ? undefined : Array(query.shape[1]).fill({ sink: 0, window });
    return withBlocks(k, call, k.attention(query, keys, values, { causal: true, ranges }));
  }
  const [batch, heads, queries, headDim] = query.shape;
  const keyValueHeads = keys[0].shape[1];
  return k.scope(() => {
    // [B, N, T, H] -> [B, K, G*T, H]: heads of a group stand next to each other
    const rows = heads / keyValueHeads * queries;
    const scores = keyScores(k, k.reshape(query, [batch, keyValueHeads, rows, headDim]), keys);
    const pattern = hookedPattern(k, scores, call, keyLength(segments) - queries);
    return k.reshape(mixValues(k, pattern, values), query.shape); // [B, K, G*T, H] -> [B, N, T, H]
  });
};

/**
 * Outputs in which the queries of blocks see all keys of their block; the others as they are.
 *
 * @param z what causal attention of some kind gives, `[B, N, T, H]`
 */
export function withBlocks(k: Kernels, call: AttentionCall, z: Tensor): Tensor {
  const { query, segments, window, blocks = [] } = call;
  const queries = query.shape[2], first = keyLength(segments) - queries;
  const own = blocks.map(([start, end]) => [Math.max(0, start - first), end - first] as const)
    .filter(([start, end]) => start < end && start < queries);
  if (own.length === 0) return z;
  return k.scope(() => {
    const parts: Tensor[] = [];
    let done = 0;
    const take = (x: Tensor, start: number, end: number) =>
      k.slice(x, [0, 0, start, 0], [-1, -1, end - start, -1]);
    for (const [start, end] of own) {
      if (start > done) parts.push(take(z, done, start));
      const seen = firstPositions(k, segments, first + end);
      const rows = Array.from({ length: end - start }, (_, i) => i);
      const scores = scoresOfRows(k, take(query, start, end), seen, rows, window, blocks);
      const [batch, heads, count, keys] = scores.shape, groups = segments[0].key.shape[1];
      const pattern = k.cast(k.softmax(scores), query.dtype);
      const folded = k.reshape(pattern, [batch, groups, heads / groups * count, keys]);
      const mixed = mixValues(k, folded, seen.map(({ value }) => value));
      parts.push(k.cast(k.reshape(mixed, [batch, heads, count, z.shape[3]]), z.dtype));
      done = end;
    }
    if (done < queries) parts.push(take(z, done, queries));
    return parts.length === 1 ? parts[0] : k.concat(parts, 2);
  });
}

/** The pattern with hooks on scores and pattern in between; shapes as folded scores. */
function hookedPattern(k: Kernels, folded: Tensor, call: AttentionCall, first: number): Tensor {
  const [batch, heads, queries] = call.query.shape;
  const keys = folded.shape[3];
  const scores = k.add(
    k.reshape(folded, [batch, heads, queries, keys]),
    causalBias(k, queries, keys, first, call.window, call.blocks),
  );
  const seen = call.onScores ? call.onScores(scores) : scores;
  const pattern = k.softmax(seen);
  return k.reshape(call.onPattern ? call.onPattern(pattern) : pattern, folded.shape);
}

/**
 * The attention scores of chosen query rows only, {@link hiddenScore} where a key is hidden.
 *
 * @param query `[B, N, T, H]`, as for {@link denseAttention}
 * @param segments keys so far
 * @param rows which of the T queries, in any order
 * @param window as in {@link AttentionCall}
 * @param blocks as there
 * @returns `[B, N, rows, S]`
 */
export function scoresOfRows(
  k: Kernels,
  query: Tensor,
  segments: readonly KeyValueSegment[],
  rows: readonly number[],
  window?: number,
  blocks?: MutualBlocks,
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
    const all = keyScores(k, folded, segments.map(({ key }) => key));
    const scores = k.reshape(all, [batch, heads, rows.length, keys]);
    const positions = rows.map((row) => first + row);
    return k.add(scores, causalBiasAt(k, positions, keys, window, blocks));
  });
}

/**
 * The attention pattern of chosen query rows only: what RAM needs, at the cost of those rows.
 *
 * @param query `[B, N, T, H]`, as for {@link denseAttention}
 * @param segments keys so far
 * @param rows which of the T queries, in any order
 * @param window as in {@link AttentionCall}
 * @param blocks as there
 * @returns `[B, N, rows, S]` in float32
 */
export function patternOfRows(
  k: Kernels,
  query: Tensor,
  segments: readonly KeyValueSegment[],
  rows: readonly number[],
  window?: number,
  blocks?: MutualBlocks,
): Tensor {
  return k.scope(() =>
    k.cast(k.softmax(scoresOfRows(k, query, segments, rows, window, blocks)), "float32")
  );
}

/** Where some rows of scores and pattern go, `[B, N, rows, S]` each; null where nobody reads them. */
export interface RowsShown {
  /** Scores after the mask. */
  readonly scores: ((rows: Tensor) => void) | null;
  readonly pattern: ((rows: Tensor) => void) | null;
}

/**
 * Shows scores and pattern of chosen query rows under an attention function, at the cost of those
 * rows: with {@link denseAttention} all at once, else each run of neighbours with the keys up to it.
 *
 * @param call of all queries, without hooks
 * @param rows which of the T queries, in any order
 */
export function showAttentionRows(
  k: Kernels,
  attention: AttentionFunction,
  call: Omit<AttentionCall, "onScores" | "onPattern">,
  rows: readonly number[],
  shown: RowsShown,
): void {
  k.scope(() => {
    if (attention === denseAttention) {
      const scores = scoresOfRows(
        k,
        call.query,
        call.segments,
        rows,
        call.window,
        call.blocks,
      );
      shown.scores?.(scores);
      shown.pattern?.(k.softmax(scores));
      return;
    }
    const keys = keyLength(call.segments), first = keys - call.query.shape[2];
    const found: Record<keyof RowsShown, Tensor[]> = { scores: [], pattern: [] };
    const padded = (x: Tensor, value: number) => {
      const [batch, heads, size, seen] = x.shape;
      if (seen === keys) return k.scale(x, 1);
      const rest = k.tensor(new Float32Array((keys - seen) * size).fill(value), [
        1,
        1,
        size,
        keys - seen,
      ]);
      const wide = k.add(k.zeros([batch, heads, size, keys - seen]), rest);
      return k.concat([k.cast(x, "float32"), wide], 3);
    };
    const hook = (point: keyof RowsShown, hidden: number, wanted: number) =>
      shown[point] && ((x: Tensor) => {
          const rows = k.slice(x, [0, 0, 0, 0], [-1, -1, wanted, -1]);
          found[point].push(k.keep(padded(rows, hidden)));
          return x;
        }) || undefined;
    try {
      for (const [start, end] of consecutiveRuns(rows)) {
        const stop = seenUntil(first + end - 1, call.blocks) - first; // a block is run to its end
        attention(k, {
          ...call,
          query: k.slice(call.query, [0, 0, start, 0], [-1, -1, stop - start, -1]),
          segments: firstPositions(k, call.segments, first + stop),
          onScores: hook("scores", hiddenScore, end - start),
          onPattern: hook("pattern", 0, end - start),
        });
      }
      for (const point of ["scores", "pattern"] as const) {
        if (found[point].length > 0) shown[point]!(k.concat(found[point], 2));
      }
    } finally {
      k.dispose(...found.scores, ...found.pattern);
    }
  });
}

/** The segments of the first positions. */
function firstPositions(
  k: Kernels,
  segments: readonly KeyValueSegment[],
  length: number,
): KeyValueSegment[] {
  let left = length;
  return segments.flatMap(({ key, value }) => {
    const size = Math.min(left, key.shape[2]);
    left -= size;
    if (size === 0) return [];
    if (size === key.shape[2]) return [{ key, value }];
    const part = (x: Tensor) => k.slice(x, [0, 0, 0, 0], [-1, -1, size, -1]);
    return [{ key: part(key), value: part(value) }];
  });
}

/** Integers as half-open runs of neighbours, in their order. */
function consecutiveRuns(rows: readonly number[]): [start: number, end: number][] {
  const runs: [number, number][] = [];
  for (const row of rows) {
    const last = runs[runs.length - 1];
    if (last && last[1] === row) last[1] = row + 1;
    else runs.push([row, row + 1]);
  }
  return runs;
}
