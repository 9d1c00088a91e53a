/**
 * How units of work are cut into shards: those that share media stay together.
 *
 * @module
 */
import { groupsOf } from "../experiments/media_order.ts";

/** A unit to be put into a shard. */
export interface Weighed {
  /** How long it takes, in seconds. */
  readonly seconds: number;
  /** Its media, by path. */
  readonly media?: readonly string[];
}

/**
 * Cuts units into shards of about so many seconds. A group of units that share media is never cut, so
 * that a shard may take longer.
 *
 * @returns places of the units of each shard, ascending
 *
 * @example
 * ```ts
 * import { cutShards } from "./shards.ts";
 * import { assertEquals } from "@std/assert";
 * const unit = { seconds: 60 };
 * assertEquals(cutShards([unit, unit, unit], 120), [[0, 1], [2]]);
 * ```
 */
export function cutShards(units: readonly Weighed[], seconds: number): number[][] {
  const shards: number[][] = [];
  let filled = Infinity;
  for (const group of groupsOf(units)) {
    const needed = group.reduce((sum, i) => sum + units[i].seconds, 0);
    if (filled + needed > seconds * 1.0001) {
      shards.push([]);
      filled = 0;
    }
    shards.at(-1)!.push(...group);
    filled += needed;
  }
  return shards.map((shard) => shard.sort((a, b) => a - b));
}

/** How much of the media is shared: files that several units use, and uses saved by it. */
export function sharedMedia(
  units: readonly Pick<Weighed, "media">[],
): { readonly files: number; readonly uses: number } {
  const all = units.flatMap(({ media = [] }) => [...new Set(media)]);
  return { files: new Set(all).size, uses: all.length };
}
