/**
 * Rival ways to spend the same budget of full heads: what the hybrid of CoRe heads is compared with.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { layerMatchedHeads, randomHeads } from "../heads/controls.ts";
import { bottomHeads, topHeads } from "../heads/select.ts";
import { compareHeads, type HeadGrid, type HeadId } from "../common/head_id.ts";

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
  "layer-matched":
    "random heads of the same layers as the best (of the nearest where a layer has too few)",
  "random": "random heads, the best excluded",
  "bottom": "the worst heads by score",
  "layers": "whole layers with the best mean score",
  "local": "no head full (as StreamingLLM)",
};

/** Whether a policy draws heads at random. */
export function isRandom(policy: string): boolean {
  return policy === "random" || policy === "layer-matched";
}

/** What a policy chooses from. */
export interface PolicyInput {
  /** Layers, heads, and query heads per key-value head. */
  readonly grid: HeadGrid;
  /** Query heads that share one key-value head. */
  readonly group: number;
  /** Score of every head, `[L, N]` row by row; higher is better. */
  readonly scores: ArrayLike<number>;
  /** Heads to keep full at most: policies of whole groups or layers keep as many whole ones as fit. */
  readonly count: number;
  /** Seed of the random policies. */
  readonly seed: number | string;
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
  const total = grid.layers * grid.heads;
  if (!Number.isInteger(count) || count < 0 || count > total) {
    throw new InputError(
      `Cannot keep ${count} of ${total} heads full: the count must be 0 to ${total}`,
    );
  }
  if (count === 0) return [];
  const core = topHeads(scores, grid, { count });
  const whole = (groupSize: number) => {
    const blocks = Math.floor(count / groupSize);
    return blocks > 0 ? topHeads(scores, grid, { count: blocks }, { groupSize }) : [];
  };
  const chosen = (): HeadId[] => {
    switch (policy) {
      case "core":
        return core;
      case "core-groups":
        return whole(group);
      case "layer-matched":
        return layerMatchedHeads(core, grid, seed);
      case "random":
        return randomHeads(core, grid, seed);
      case "bottom":
        return bottomHeads(scores, grid, { count });
      case "layers":
        return whole(grid.heads);
      case "local":
        return [];
    }
  };
  return [...chosen()].sort(compareHeads);
}
