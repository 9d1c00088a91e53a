/**
 * Control heads: as many as the selected ones, never one of them, chosen so that only what is being
 * tested differs.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { Random, type Seed } from "../stats/random.ts";
import {
  checkHeads,
  compareHeads,
  type HeadGrid,
  type HeadId,
  headIndex,
} from "../common/head_id.ts";
import { mean } from "../stats/summary.ts";
import { otherHeads } from "./select.ts";

/** The heads that controls may be drawn from, checked to be enough. */
function candidates(selected: readonly HeadId[], grid: HeadGrid): HeadId[] {
  checkHeads(selected, grid, "match");
  const rest = otherHeads(selected, grid);
  if (selected.length === 0 || rest.length < selected.length) {
    throw new InputError(
      `Cannot draw controls for ${selected.length} of ${
        grid.layers * grid.heads
      } heads: wanted at ` +
        "least 1 and at most half of them",
    );
  }
  return rest;
}

/**
 * As many heads as selected, drawn evenly from all others.
 *
 * @param seed another seed, another draw
 * @returns by layer, then by head
 * @throws {InputError} if more than half of the heads are selected, or none
 *
 * @example
 * ```ts
 * import { randomHeads } from "./controls.ts";
 * import { assertEquals } from "@std/assert";
 * const drawn = randomHeads([{ layer: 0, head: 0 }], { layers: 1, heads: 2 }, 7);
 * assertEquals(drawn, [{ layer: 0, head: 1 }]);
 * ```
 */
export function randomHeads(selected: readonly HeadId[], grid: HeadGrid, seed: Seed): HeadId[] {
  const rest = candidates(selected, grid);
  const random = new Random(seed).fork("random heads");
  return [...random.choice(rest.length, selected.length)].map((i) => rest[i]).sort(compareHeads);
}

/**
 * As many heads as selected in every layer, drawn evenly from the layer's others. Where a layer has
 * too few others ({@link layersHaveRoom} says so), the nearest layers (the lower one first) give the
 * rest, and the set is no longer a control for the layer.
 *
 * @returns by layer, then by head
 * @throws {InputError} as {@link randomHeads}
 */
export function layerMatchedHeads(
  selected: readonly HeadId[],
  grid: HeadGrid,
  seed: Seed,
): HeadId[] {
  const random = new Random(seed).fork("layer-matched heads");
  const pools = Array.from({ length: grid.layers }, (): HeadId[] => []);
  for (const head of random.shuffle(candidates(selected, grid))) pools[head.layer].push(head);
  const drawn: HeadId[] = [];
  const short: number[] = [];
  for (const { layer } of [...selected].sort(compareHeads)) {
    const head = pools[layer].pop();
    if (head) drawn.push(head);
    else short.push(layer);
  }
  for (const layer of short) {
    const nearest = [...pools.keys()].filter((l) => pools[l].length > 0)
      .sort((a, b) => Math.abs(a - layer) - Math.abs(b - layer) || a - b)[0];
    drawn.push(pools[nearest].pop()!);
  }
  return drawn.sort(compareHeads);
}

/**
 * Whether every layer has as many other heads as selected ones, so that controls can be matched by
 * layer.
 *
 * @example
 * ```ts
 * import { layersHaveRoom } from "./controls.ts";
 * import { assertEquals } from "@std/assert";
 * const grid = { layers: 2, heads: 3 }, first = { layer: 0, head: 0 };
 * assertEquals(layersHaveRoom([first], grid), true);
 * assertEquals(layersHaveRoom([first, { layer: 0, head: 1 }], grid), false);
 * ```
 */
export function layersHaveRoom(selected: readonly HeadId[], grid: HeadGrid): boolean {
  const counts = new Uint32Array(grid.layers);
  for (const { layer } of selected) counts[layer]++;
  return counts.every((count) => 2 * count <= grid.heads);
}

/**
 * How far two sets of heads lie apart in a score: the difference of their means over the standard
 * deviation of all heads. Groups are commonly called matched up to 0.25 (Stuart 2010, "Matching methods
 * for causal inference").
 *
 * @param map the score, one per head, `[layers, heads]` row by row
 * @returns 0 or more; 0 where all heads score the same
 *
 * @example
 * ```ts
 * import { scoreGap } from "./controls.ts";
 * import { assertEquals } from "@std/assert";
 * const [a, b] = [0, 1].map((head) => ({ layer: 0, head }));
 * assertEquals(scoreGap([a], [b], { layers: 1, heads: 2 }, [0, 1]), 2);
 * ```
 */
export function scoreGap(
  selected: readonly HeadId[],
  controls: readonly HeadId[],
  grid: HeadGrid,
  map: ArrayLike<number>,
): number {
  const meanOf = (heads: readonly HeadId[]) =>
    mean(Float64Array.from(heads, (head) => map[headIndex(head, grid.heads)]));
  const all = Float64Array.from({ length: grid.layers * grid.heads }, (_, i) => map[i]);
  const centre = mean(all);
  const spread = Math.sqrt(mean(all.map((score) => (score - centre) ** 2)));
  const gap = Math.abs(meanOf(selected) - meanOf(controls));
  return spread === 0 ? 0 : gap / spread;
}

/**
 * For each selected head another that is like it in some other score: one of the `nearest` heads by
 * that score that are not selected, each used once. With the score "attention on the whole image"
 * these are heads that look at the image as much, but not at the evidence.
 *
 * @param map the score to match, one per head, `[layers, heads]` row by row
 * @param nearest how many of the nearest to draw from; 3 by default
 * @returns by layer, then by head
 * @throws {InputError} as {@link randomHeads}
 *
 * @example
 * ```ts
 * import { scoreMatchedHeads } from "./controls.ts";
 * import { assertEquals } from "@std/assert";
 * const selected = [{ layer: 0, head: 0 }];
 * const drawn = scoreMatchedHeads(selected, { layers: 1, heads: 3 }, [0.5, 0.1, 0.4], 1, 1);
 * assertEquals(drawn, [{ layer: 0, head: 2 }]);
 * ```
 */
export function scoreMatchedHeads(
  selected: readonly HeadId[],
  grid: HeadGrid,
  map: ArrayLike<number>,
  seed: Seed,
  nearest = 3,
): HeadId[] {
  const random = new Random(seed).fork("score-matched heads");
  const rest = candidates(selected, grid);
  const scoreOf = (head: HeadId) => map[headIndex(head, grid.heads)];
  const drawn = [...random.permutation(selected.length)].map((i) => {
    const wanted = scoreOf(selected[i]);
    rest.sort((a, b) =>
      Math.abs(scoreOf(a) - wanted) - Math.abs(scoreOf(b) - wanted) || compareHeads(a, b)
    );
    return rest.splice(random.integer(Math.min(nearest, rest.length)), 1)[0];
  });
  return drawn.sort(compareHeads);
}
