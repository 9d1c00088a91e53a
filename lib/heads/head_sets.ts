/**
 * Sets of heads that two explanations name: what one names and the other does not, and what both do.
 *
 * @module
 */
import { compareHeads, type HeadGrid, type HeadId } from "../common/head_id.ts";
import { type HowMany, topHeads } from "./select.ts";

/** How two sets of heads overlap; each by layer, then by head. */
export interface SetDifferences {
  /** In the first only. */
  readonly firstOnly: readonly HeadId[];
  /** In the second only. */
  readonly secondOnly: readonly HeadId[];
  /** In both. */
  readonly both: readonly HeadId[];
}

/**
 * What two sets of heads have apart and in common.
 *
 * @example
 * ```ts
 * import { setDifferences } from "./head_sets.ts";
 * import { assertEquals } from "@std/assert";
 * const [a, b, c] = [0, 1, 2].map((head) => ({ layer: 0, head }));
 * assertEquals(setDifferences([a, b], [b, c]), { firstOnly: [a], secondOnly: [c], both: [b] });
 * ```
 */
export function setDifferences(
  first: readonly HeadId[],
  second: readonly HeadId[],
): SetDifferences {
  const within = (set: readonly HeadId[]) => (one: HeadId) =>
    set.some((other) => compareHeads(one, other) === 0);
  const sorted = (heads: readonly HeadId[]) => [...heads].sort(compareHeads);
  return {
    firstOnly: sorted(first.filter((one) => !within(second)(one))),
    secondOnly: sorted(second.filter((one) => !within(first)(one))),
    both: sorted(first.filter(within(second))),
  };
}

/** Names of the sets of {@link retrievalAndInduction}. */
export type RetrievalSetName =
  | "retrieval-not-induction"
  | "induction-not-retrieval"
  | "retrieval-and-induction"
  | "induction";

/**
 * The sets that tell whether it is retrieval heads or induction heads that an answer needs: the best
 * heads by a retrieval score without those that are among as many best induction heads, the reverse,
 * both, and the induction heads as such. Sets may be empty. They are ablated by
 * `ablateHeads(…, { sets })` or `corelens ablate --sets retrieval-induction`.
 *
 * @param retrieval a retrieval score, such as calibrated RAM, `[L * N]`
 * @param induction the induction score of `rivalScores`, `[L * N]`
 * @param howMany number or share of heads that count as the best
 * @throws {InputError} as `topHeads`
 *
 * @example
 * ```ts
 * import { retrievalAndInduction } from "./head_sets.ts";
 * import { assertEquals } from "@std/assert";
 * const grid = { layers: 1, heads: 4 };
 * const sets = retrievalAndInduction([0.9, 0.8, 0, 0], [0, 0.7, 0.9, 0], grid, { count: 2 });
 * assertEquals(sets["retrieval-not-induction"], [{ layer: 0, head: 0 }]);
 * assertEquals(sets["retrieval-and-induction"], [{ layer: 0, head: 1 }]);
 * ```
 */
export function retrievalAndInduction(
  retrieval: ArrayLike<number>,
  induction: ArrayLike<number>,
  grid: HeadGrid,
  howMany: HowMany,
): Record<RetrievalSetName, readonly HeadId[]> {
  const best = topHeads(retrieval, grid, howMany), rivals = topHeads(induction, grid, howMany);
  const { firstOnly, secondOnly, both } = setDifferences(best, rivals);
  return {
    "retrieval-not-induction": firstOnly,
    "induction-not-retrieval": secondOnly,
    "retrieval-and-induction": both,
    "induction": [...rivals].sort(compareHeads),
  };
}
