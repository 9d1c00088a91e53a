/**
 * Hybrid attention: each head computes only the scores that its pattern allows.
 *
 * The sparse counterpart of `denseAttention` in `lib/nn/attention.ts`; both run through
 * `tests/suites/attention_suite.ts`. Local heads work block by block: a block of queries against the
 * sink and the slab of keys that its windows reach, so no masked dense matrix is ever made.
 * @module
 */
import { queryBlock } from "../nn/blocked_attention.ts";
import type { Kernels, KeyRange, Tensor } from "../nn/kernels.ts";
import {
  type AttentionCall,
  type AttentionFunction,
  denseAttention,
  keyLength,
  type KeyValueSegment,
  withBlocks,
} from "../nn/attention.ts";
import { joinHeads, takeHeads } from "../nn/grouped_attention.ts";
import { blockOf, hiddenScore } from "../nn/mask.ts";
import { type Pattern, type Run, sees } from "./patterns/pattern.ts";
import { layerParts, neededByHeads, type PlanPart, type SparsePlan } from "./plan.ts";

/**
 * An attention function that follows a plan.
 *
 * Where a hook wants scores or pattern, the layer falls back to masked dense attention, in which the
 * hidden keys have pattern 0. Queries of images that see one another both ways (Gemma 3) see everything.
 *
 * @example
 * ```ts
 * import { hybridAttention } from "./attention.ts";
 * import { patterns } from "./patterns/registry.ts";
 * import { hybridPlan } from "./plan.ts";
 * const grid = { layers: 2, heads: 4 };
 * const local = patterns.local({ sink: 4, window: 64 });
 * hybridAttention(hybridPlan(grid, [{ layer: 1, head: 0 }], local));
 * ```
 */
export function hybridAttention(plan: SparsePlan): AttentionFunction {
  const attend = (k: Kernels, call: AttentionCall): Tensor => {
    const { layer, queryHeads } = call;
    if (call.window !== undefined) return denseAttention(k, call); // local by birth
    const ofLayer = plan.patterns[layer];
    const patterns = queryHeads?.map((head) => ofLayer[head]) ?? ofLayer;
    if (call.onScores || call.onPattern) return maskedAttention(k, call, patterns);
    return withBlocks(k, call, causal(k, call, patterns));
  };
  /** Attention in which every query sees keys up to its own, and of these what its pattern says. */
  const causal = (k: Kernels, call: AttentionCall, patterns: readonly Pattern[]): Tensor => {
    const keyCount = keyLength(call.segments), first = keyCount - call.query.shape[2];
    const ranges = k.skipsHiddenKeys ? keyRanges(patterns, first, keyCount - 1) : null;
    if (ranges) {
      const keys = call.segments.map(({ key }) => key);
      const values = call.segments.map(({ value }) => value);
      return k.attention(call.query, keys, values, { causal: true, ranges });
    }
    const parts = layerParts(patterns, call.segments[0].key.shape[1]);
    if (parts.length === 1) return partAttention(k, call, parts[0]);
    return k.scope(() =>
      joinHeads(
        k,
        parts.map((part) => {
          const segments = call.segments.map(({ key, value }) => ({
            key: takeHeads(k, key, part.keyValueHeads),
            value: takeHeads(k, value, part.keyValueHeads),
          }));
          const query = takeHeads(k, call.query, part.queryHeads);
          return {
            heads: part.queryHeads,
            z: partAttention(k, { ...call, query, segments }, part),
          };
        }),
      )
    );
  };
  const neededPositions = (layer: number, keyValueHeads: number) =>
    neededByHeads(plan.patterns[layer], keyValueHeads);
  return Object.assign(attend, { neededPositions });
}

/** What queries from one position to another see of a pattern as a range; null where none says it. */
function rangeOf(pattern: Pattern, first: number, last: number): KeyRange | "all" | null {
  return pattern.range ?? pattern.rangeOf?.(first, last) ?? null;
}

/** What each head sees as ranges of keys (null for all), or null where a pattern is none. */
function keyRanges(
  patterns: readonly Pattern[],
  first: number,
  last: number,
): (KeyRange | null)[] | null {
  const ranges: (KeyRange | null)[] = [];
  for (const pattern of patterns) {
    const range = rangeOf(pattern, first, last);
    if (range === null) return null;
    ranges.push(range === "all" ? null : range);
  }
  return ranges;
}

function partAttention(k: Kernels, call: AttentionCall, part: PlanPart): Tensor {
  const keyCount = keyLength(call.segments), first = keyCount - call.query.shape[2];
  const range = rangeOf(part.pattern, first, keyCount - 1);
  if (range === "all") return denseAttention(k, call);
  if (range === null || !k.skipsHiddenKeys) return sparseHeads(k, call, part.pattern);
  const keys = call.segments.map(({ key }) => key);
  const values = call.segments.map(({ value }) => value);
  const ranges = part.queryHeads.map(() => range);
  return k.attention(call.query, keys, values, { causal: true, ranges });
}

function runPositions([start, end, step]: Run): number[] {
  return Array.from({ length: Math.ceil((end - start) / step) }, (_, i) => start + i * step);
}

/** Attention of heads that all follow one sparse pattern: z `[B, N, T, H]`. */
function sparseHeads(
  k: Kernels,
  call: AttentionCall,
  pattern: Pattern,
): Tensor {
  const { query, segments } = call;
  const [batch, heads, queries, headDim] = query.shape;
  const keyValueHeads = segments[0].key.shape[1];
  const group = heads / keyValueHeads;
  const first = keyLength(segments) - queries;
  const masks = new Map<string, Tensor>();
  const blocks: Tensor[] = [];
  for (let start = 0; start < queries; start += queryBlock) {
    const size = Math.min(queryBlock, queries - start);
    const runs = pattern.reach(first + start, first + start + size - 1);
    const keys = runs.flatMap(runPositions);
    const id = pattern.sameMasks ? `${size} ${keys.length}` : `${first + start}`;
    if (!masks.has(id)) masks.set(id, blockMask(k, pattern, first + start, size, keys));
    const mask = masks.get(id)!;
    blocks.push(k.scope(() => {
      const rows = size === queries ? query : k.slice(query, [0, 0, start, 0], [-1, -1, size, -1]);
      const folded = k.reshape(rows, [batch, keyValueHeads, group * size, headDim]);
      const key = takePositions(k, segments, "key", runs);
      const scores = k.matMul(folded, key, { transposeB: true }); // [B, K, G*t, keys]
      const split = k.reshape(scores, [batch, keyValueHeads, group, size, keys.length]);
      const shares = k.reshape(k.softmax(k.add(split, mask)), scores.shape);
      const mixed = k.matMul(
        k.cast(shares, scores.dtype),
        takePositions(k, segments, "value", runs),
      );
      return k.reshape(mixed, [batch, heads, size, headDim]);
    }));
  }
  return blocks.length === 1 ? blocks[0] : k.concat(blocks, 2);
}

/** 0 where a query of the block sees a key, else {@link hiddenScore}: `[t, keys]`. */
function blockMask(
  k: Kernels,
  pattern: Pattern,
  first: number,
  size: number,
  keys: readonly number[],
) {
  const data = new Float32Array(size * keys.length);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < keys.length; j++) {
      if (!sees(pattern, first + i, keys[j])) data[i * keys.length + j] = hiddenScore;
    }
  }
  return k.tensor(data, [size, keys.length]);
}

/** Keys or values at some runs of positions, across segments: `[B, K, keys, H]`. */
function takePositions(
  k: Kernels,
  segments: readonly KeyValueSegment[],
  which: "key" | "value",
  runs: readonly Run[],
): Tensor {
  const parts: Tensor[] = [];
  let offset = 0;
  for (const segment of segments) {
    const tensor = segment[which];
    const length = tensor.shape[2];
    for (const [start, end, step] of runs) {
      if (step > 1) {
        for (const position of runPositions([start, end, step])) {
          if (position < offset || position >= offset + length) continue;
          parts.push(k.slice(tensor, [0, 0, position - offset, 0], [-1, -1, 1, -1]));
        }
        continue;
      }
      const from = Math.max(start, offset), to = Math.min(end, offset + length);
      if (from >= to) continue;
      parts.push(
        from === offset && to === offset + length
          ? tensor
          : k.slice(tensor, [0, 0, from - offset, 0], [-1, -1, to - from, -1]),
      );
    }
    offset += length;
  }
  if (parts.length === 1) return parts[0];
  const batch = Math.max(...parts.map(({ shape }) => shape[0])); // a batch of 1 is shared by all rows
  return k.concat(
    parts.map((part) => part.shape[0] === batch ? part : k.broadcastBatch(part, batch)),
    2,
  );
}

/** Dense attention under the patterns' masks: the specification, and the path for hooked layers. */
export function maskedAttention(
  k: Kernels,
  call: AttentionCall,
  patterns: readonly Pattern[],
): Tensor {
  const [, heads, queries] = call.query.shape;
  const keys = keyLength(call.segments);
  const first = keys - queries;
  const mutual = (i: number) => blockOf(first + i, call.blocks) !== undefined;
  const data = new Float32Array(heads * queries * keys);
  for (let head = 0; head < heads; head++) {
    for (let i = 0; i < queries; i++) {
      const row = (head * queries + i) * keys;
      for (let j = 0; j < keys; j++) {
        if (!mutual(i) && !sees(patterns[head], first + i, j)) data[row + j] = hiddenScore;
      }
    }
  }
  return k.scope(() => {
    const mask = k.tensor(data, [heads, queries, keys]);
    return denseAttention(k, {
      ...call,
      onScores: (scores) => {
        const masked = k.add(scores, mask);
        return call.onScores ? call.onScores(masked) : masked;
      },
      onPattern: call.onPattern ?? ((pattern) => pattern),
    });
  });
}
