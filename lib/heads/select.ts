/**
 * Selecting heads by score: the top or bottom, by query head or by key-value group.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { isRecord, kindOf } from "../common/values.ts";
import { topCount } from "../stats/concentration.ts";
import { topIndices } from "../stats/rank.ts";
import { allHeads, headAt, type HeadGrid, type HeadId, headIndex } from "../common/head_id.ts";

/** How many heads to select: a share of all (at least one), or a number. */
export type HowMany = { readonly fraction: number } | { readonly count: number };

/** How to select. */
export interface SelectOptions {
  /**
   * G, query heads that share a key-value head. Above 1, whole groups are selected, by the mean of
   * their heads' scores, and `HowMany` counts groups. 1 by default: single query heads.
   */
  readonly groupSize?: number;
}

/** The number of units wanted of `total`, checked. */
function wantedCount(many: HowMany, total: number, action: string, unit: string): number {
  if (!isRecord(many)) {
    throw new InputError(
      `Cannot ${action} ${kindOf(many)}: wanted { count: 4 } or { fraction: 0.05 }`,
    );
  }
  if ("fraction" in many) {
    if (!(many.fraction > 0 && many.fraction <= 1)) {
      throw new InputError(
        `Cannot ${action} ${many.fraction} of ${total} ${unit}: fraction must be above 0, at most 1`,
      );
    }
    return topCount(total, many.fraction);
  }
  if (!Number.isInteger(many.count) || many.count < 1 || many.count > total) {
    throw new InputError(
      `Cannot ${action} ${many.count} of ${total} ${unit}: count must be 1 to ${total}`,
    );
  }
  return many.count;
}

/** Checks that a map has one score per head. */
function checkMap(map: ArrayLike<number>, grid: HeadGrid): void {
  if (map.length === grid.layers * grid.heads) return;
  throw new InputError(
    `Cannot select heads of ${grid.layers} layers with ${grid.heads} heads from ${map.length} ` +
      `scores: wanted ${grid.layers * grid.heads}`,
  );
}

/** Heads in order of `sign * score`; ties by layer, then head. */
function selectHeads(
  map: ArrayLike<number>,
  grid: HeadGrid,
  many: HowMany,
  { groupSize = 1 }: SelectOptions,
  sign: 1 | -1,
): HeadId[] {
  checkMap(map, grid);
  if (!Number.isInteger(groupSize) || groupSize < 1 || grid.heads % groupSize !== 0) {
    throw new InputError(
      `Cannot select groups of ${groupSize} heads: wanted a divisor of the ${grid.heads} heads of ` +
        "a layer",
    );
  }
  const groups = Float64Array.from({ length: map.length / groupSize }, (_, group) => {
    let sum = 0;
    for (let i = 0; i < groupSize; i++) sum += sign * map[group * groupSize + i];
    return sum / groupSize;
  });
  const action = sign > 0 ? "select top" : "select bottom";
  const unit = groupSize === 1 ? "heads" : "key-value groups";
  const count = wantedCount(many, groups.length, action, unit);
  return [...topIndices(groups, count)].flatMap((group) =>
    Array.from({ length: groupSize }, (_, i) => headAt(group * groupSize + i, grid.heads))
  );
}

/**
 * The heads with the highest scores, best first; ties go to the lower layer, then the lower head.
 *
 * @param map one score per head, `[layers, heads]` row by row
 * @throws {InputError} for an impossible count, fraction or group size, or a score that is not finite
 *
 * @example
 * ```ts
 * import { topHeads } from "./select.ts";
 * import { assertEquals, assertThrows } from "@std/assert";
 * const map = [0.1, 0.9, 0.4, 0.9], grid = { layers: 2, heads: 2 };
 * assertEquals(topHeads(map, grid, { count: 2 }), [{ layer: 0, head: 1 }, { layer: 1, head: 1 }]);
 * assertThrows(() => topHeads(map, grid, { count: 0 }), Error, "count must be 1 to 4");
 * ```
 */
export function topHeads(
  map: ArrayLike<number>,
  grid: HeadGrid,
  many: HowMany,
  options: SelectOptions = {},
): HeadId[] {
  return selectHeads(map, grid, many, options, 1);
}

/**
 * The heads with the lowest scores, lowest first; ties go to the lower layer, then the lower head.
 *
 * @throws {InputError} as {@link topHeads}
 */
export function bottomHeads(
  map: ArrayLike<number>,
  grid: HeadGrid,
  many: HowMany,
  options: SelectOptions = {},
): HeadId[] {
  return selectHeads(map, grid, many, options, -1);
}

/**
 * All heads but the given ones, by layer, then by head.
 *
 * @example
 * ```ts
 * import { otherHeads } from "./select.ts";
 * import { assertEquals } from "@std/assert";
 * const rest = otherHeads([{ layer: 0, head: 1 }], { layers: 1, heads: 3 });
 * assertEquals(rest.map(({ head }) => head), [0, 2]);
 * ```
 */
export function otherHeads(heads: readonly HeadId[], grid: HeadGrid): HeadId[] {
  const given = new Set(heads.map((head) => headIndex(head, grid.heads)));
  return allHeads(grid).filter((head) => !given.has(headIndex(head, grid.heads)));
}
