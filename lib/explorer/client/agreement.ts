/**
 * How far two head maps agree.
 *
 * @module
 */
import { spearman } from "../../stats/rank.ts";
import type { ExplorerMap } from "../data.ts";

/** The best heads of a map. */
export function topOf({ values }: ExplorerMap, count: number): number[] {
  return [...values.keys()].filter((i) => values[i] !== null)
    .sort((a, b) => values[b]! - values[a]! || a - b).slice(0, count);
}

/** Agreement of two maps. */
export interface MapsAgreement {
  /** Spearman's rank correlation over heads that both have; null where it has no value. */
  readonly rank: number | null;
  /** Heads among the top of both. */
  readonly both: readonly number[];
  /** Heads among the top of the first alone. */
  readonly only: readonly number[];
}

/** Rank correlation, and what the top heads have in common. */
export function agreementOf(
  first: ExplorerMap,
  second: ExplorerMap,
  count: number,
): MapsAgreement {
  const shared = [...first.values.keys()]
    .filter((i) => first.values[i] !== null && second.values[i] !== null);
  const of = ({ values }: ExplorerMap) => shared.map((i) => values[i]!);
  const varies = (values: readonly number[]) => values.some((value) => value !== values[0]);
  const [x, y] = [of(first), of(second)];
  const top = topOf(first, count), others = new Set(topOf(second, count));
  return {
    rank: varies(x) && varies(y) ? spearman(x, y) : null,
    both: top.filter((head) => others.has(head)),
    only: top.filter((head) => !others.has(head)),
  };
}
