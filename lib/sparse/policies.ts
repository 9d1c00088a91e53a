/**
 * Rival ways to spend the same budget of full heads: what the hybrid of CoRe heads is compared with.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { layerMatchedHeads, randomHeads } from "../heads/controls.ts";
import { allHeads, compareHeads, type HeadGrid, type HeadId } from "../common/head_id.ts";

/** Names of the policies, in the order of figures and tables. */
export const policyNames = [
  "core",
  "core-groups",
  "layer-matched",
  "random",
  "bottom",
  "layers",
  "local",
] as const;

/** A way to choose the heads that keep full attention. */
export type PolicyName = typeof policyNames[number];

/** What each policy does, for captions. */
export const policyTitles: Readonly<Record<PolicyName, string>> = {
  "core": "the best heads by score",
  "core-groups": "whole key-value groups with the best mean score (as DuoAttention)",
  "layer-matched": "random heads of the same layers as the best",
  "random": "random heads, the best excluded",
  "bottom": "the worst heads by score",
  "layers": "whole layers with the best mean score",
  "local": "no head full (as StreamingLLM)",
};

/** What a policy chooses from. */
export interface PolicyInput {
  /** Layers, heads, and query heads per key-value head. */
  readonly grid: HeadGrid;
  /** Query heads that share one key-value head. */
  readonly group: number;
  /** Score of every head, `[L, N]` row by row; higher is better. */
  readonly scores: ArrayLike<number>;
  /** Number of heads to keep full. */
  readonly count: number;
  /** Seed of the random policies. */
  readonly seed: number | string;
}

/** Heads of the best-scoring blocks of equal size, until `count` heads are chosen. */
function bestBlocks(
  { scores, count }: PolicyInput,
  blocks: readonly (readonly HeadId[])[],
  heads: number,
): HeadId[] {
  const value = (block: readonly HeadId[]) =>
    block.reduce((sum, { layer, head }) => sum + scores[layer * heads + head], 0) / block.length;
  const ordered = blocks.map((block, i) => ({ block, i, value: value(block) }))
    .sort((a, b) => b.value - a.value || a.i - b.i);
  return ordered.flatMap(({ block }) => block).slice(0, count);
}

/**
 * The heads that a policy keeps full.
 *
 * @throws {InputError} for a count beyond the number of heads
 *
 * @example
 * ```ts
 * import { fullHeads } from "./policies.ts";
 * import { assertEquals } from "@std/assert";
 * const input = { grid: { layers: 2, heads: 2 }, group: 1, scores: [0, 3, 1, 2], count: 2, seed: 0 };
 * assertEquals(fullHeads("core", input), [{ layer: 0, head: 1 }, { layer: 1, head: 1 }]);
 * assertEquals(fullHeads("layers", input), [{ layer: 0, head: 0 }, { layer: 0, head: 1 }]);
 * ```
 */
export function fullHeads(policy: PolicyName, input: PolicyInput): HeadId[] {
  const { grid, group, count, scores, seed } = input;
  const all = allHeads(grid);
  if (!Number.isInteger(count) || count < 0 || count > all.length) {
    throw new InputError(
      `Cannot keep ${count} of ${all.length} heads full: the count must be 0 to ${all.length}`,
    );
  }
  const singles = all.map((head) => [head]);
  const core = bestBlocks(input, singles, grid.heads);
  const chunks = (size: number) =>
    Array.from({ length: all.length / size }, (_, i) => all.slice(i * size, (i + 1) * size));
  const chosen = (): HeadId[] => {
    switch (policy) {
      case "core":
        return core;
      case "core-groups":
        return bestBlocks(input, chunks(group), grid.heads);
      case "layer-matched":
        return layerMatchedHeads(core, grid, seed);
      case "random":
        return randomHeads(core, grid, seed);
      case "bottom": {
        const negated = Array.from(scores, (score) => -score);
        return bestBlocks({ ...input, scores: negated }, singles, grid.heads);
      }
      case "layers":
        return bestBlocks(input, chunks(grid.heads), grid.heads);
      case "local":
        return [];
    }
  };
  return [...chosen()].sort(compareHeads);
}
