/**
 * A plan: which pattern each query head of each layer follows.
 *
 * @module
 */
import { checkHeads, type HeadGrid, type HeadId } from "../common/head_id.ts";
import type { NeededPositions } from "../nn/attention.ts";
import { type Pattern, patternId, type PromptLayout } from "./patterns/pattern.ts";
import { patterns as kinds } from "./patterns/registry.ts";

/** Pattern by layer and query head: `patterns[layer][head]`. */
export interface SparsePlan {
  /** `[L][N]` */
  readonly patterns: readonly (readonly Pattern[])[];
}

/** Heads of one layer that share a pattern and a number of query heads per key-value head. */
export interface PlanPart {
  /** The pattern. */
  readonly pattern: Pattern;
  /** Key-value heads, ascending. */
  readonly keyValueHeads: readonly number[];
  /** Their query heads: the same number for each key-value head, in its order. */
  readonly queryHeads: readonly number[];
}

/**
 * A hybrid plan: chosen heads see everything, all others what a pattern shows them. In the paper that
 * is the first tokens and the last ones, here `patterns.local`.
 *
 * @param grid layers and query heads of the model
 * @param full heads that keep full attention
 * @param others what the other heads see
 * @throws {InputError} for a head that does not exist or is named twice
 *
 * @example
 * ```ts
 * import { patterns } from "./patterns/registry.ts";
 * import { hybridPlan } from "./plan.ts";
 * import { assertEquals } from "@std/assert";
 * const local = patterns.local({ sink: 4, window: 16 });
 * const plan = hybridPlan({ layers: 2, heads: 4 }, [{ layer: 1, head: 2 }], local);
 * assertEquals(plan.patterns[1].map(({ kind }) => kind), ["local", "local", "dense", "local"]);
 * ```
 */
export function hybridPlan(
  grid: HeadGrid,
  full: readonly HeadId[],
  others: Pattern,
): SparsePlan {
  checkHeads(full, grid, "give full attention to");
  const dense = kinds.dense();
  const patterns = Array.from(
    { length: grid.layers },
    () => Array<Pattern>(grid.heads).fill(others),
  );
  for (const { layer, head } of full) patterns[layer][head] = dense;
  return { patterns };
}

/**
 * A plan on a prompt: patterns that go by images or the question learn where these are.
 *
 * @example
 * ```ts
 * import { patterns } from "./patterns/registry.ts";
 * import { hybridPlan, placedPlan } from "./plan.ts";
 * import { assertEquals } from "@std/assert";
 * const plan = hybridPlan({ layers: 1, heads: 1 }, [], patterns.ownImage({ sink: 1, window: 1 }));
 * const [[pattern]] = placedPlan(plan, { images: [[2, 6]], question: 7 }).patterns;
 * assertEquals([5, 7].map((query) => pattern.keysSeen(query)), [5, 2]);
 * ```
 */
export function placedPlan(plan: SparsePlan, layout: PromptLayout): SparsePlan {
  const known = new Map<Pattern, Pattern>();
  const placed = (pattern: Pattern): Pattern => {
    const found = known.get(pattern) ?? pattern.placed?.(layout) ?? pattern;
    known.set(pattern, found);
    return found;
  };
  return { patterns: plan.patterns.map((ofLayer) => ofLayer.map(placed)) };
}

/**
 * Splits a layer into parts whose attention is one batched product each.
 *
 * @param patterns pattern of each query head of the layer
 * @param keyValueHeads number of key-value heads; query head n belongs to `floor(n * K / N)`
 */
export function layerParts(patterns: readonly Pattern[], keyValueHeads: number): PlanPart[] {
  const group = patterns.length / keyValueHeads;
  const parts = new Map<
    string,
    { pattern: Pattern; keyValueHeads: number[]; queryHeads: number[] }
  >();
  for (let kv = 0; kv < keyValueHeads; kv++) {
    const byPattern = new Map<string, number[]>();
    for (let head = kv * group; head < (kv + 1) * group; head++) {
      const key = patternId(patterns[head]);
      byPattern.set(key, [...(byPattern.get(key) ?? []), head]);
    }
    for (const [key, heads] of byPattern) {
      const id = `${heads.length} ${key}`; // one product needs equally many queries per key
      const part = parts.get(id) ??
        { pattern: patterns[heads[0]], keyValueHeads: [], queryHeads: [] };
      part.keyValueHeads.push(kv);
      part.queryHeads.push(...heads);
      parts.set(id, part);
    }
  }
  return [...parts.values()];
}

/**
 * What each key-value head of a layer needs to keep for later queries: everything (null) where one of
 * its query heads sees everything or every so many keys, else the longest sink and window among them.
 *
 * @param patterns pattern of each query head of the layer
 * @param keyValueHeads number of key-value heads; query head n belongs to `floor(n * K / N)`
 *
 * @example
 * ```ts
 * import { patterns } from "./patterns/registry.ts";
 * import { neededByHeads } from "./plan.ts";
 * import { assertEquals } from "@std/assert";
 * const near = patterns.local({ sink: 4, window: 16 }), far = patterns.dense();
 * assertEquals(neededByHeads([near, near, near, far], 2), [{ sink: 4, window: 16 }, null]);
 * ```
 */
export function neededByHeads(
  patterns: readonly Pattern[],
  keyValueHeads: number,
): (NeededPositions | null)[] {
  const group = patterns.length / keyValueHeads;
  return Array.from({ length: keyValueHeads }, (_, kv) => {
    const needed = { sink: 0, window: 1 };
    for (const pattern of patterns.slice(kv * group, (kv + 1) * group)) {
      if (pattern.retained === null) return null;
      needed.sink = Math.max(needed.sink, pattern.retained.sink);
      needed.window = Math.max(needed.window, pattern.retained.window);
    }
    return needed;
  });
}
