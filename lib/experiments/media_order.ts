/**
 * The order of units of work in which those that share media follow each other, so that what is
 * computed for one is still there for the next.
 *
 * @module
 */

/** A unit that may use media. */
export interface MediaUser {
  /** Its media, by path. */
  readonly media?: readonly string[];
}

/**
 * Groups of units that share media, directly or by way of others; each in order, and the groups in
 * the order of their first units.
 *
 * @returns places of units
 *
 * @example
 * ```ts
 * import { groupsOf } from "./media_order.ts";
 * import { assertEquals } from "@std/assert";
 * const units = [["a.png"], ["b.png"], ["c.png", "a.png"], []].map((media) => ({ media }));
 * assertEquals(groupsOf(units), [[0, 2], [1], [3]]);
 * ```
 */
export function groupsOf(units: readonly MediaUser[]): number[][] {
  const parent = units.map((_, i) => i);
  const root = (i: number): number => {
    while (parent[i] !== i) i = parent[i] = parent[parent[i]];
    return i;
  };
  const firstWith = new Map<string, number>();
  units.forEach(({ media = [] }, i) => {
    for (const path of media) {
      const before = firstWith.get(path);
      if (before === undefined) firstWith.set(path, i);
      else {
        const [a, b] = [root(before), root(i)];
        parent[Math.max(a, b)] = Math.min(a, b);
      }
    }
  });
  return [...Map.groupBy(parent.keys(), root).values()];
}

/**
 * Units in an order in which those with the same media follow each other; apart from that they stay in
 * their order.
 *
 * @example
 * ```ts
 * import { mediaOrder } from "./media_order.ts";
 * import { assertEquals } from "@std/assert";
 * const units = ["a", "b", "a", "c"].map((name, key) => ({ key, media: [`${name}.png`] }));
 * assertEquals(mediaOrder(units).map(({ key }) => key), [0, 2, 1, 3]);
 * ```
 */
export function mediaOrder<U extends MediaUser>(units: readonly U[]): U[] {
  return groupsOf(units).flatMap((places) => {
    const same = Map.groupBy(places, (place) => JSON.stringify(units[place].media));
    return [...same.values()].flat().map((place) => units[place]);
  });
}
