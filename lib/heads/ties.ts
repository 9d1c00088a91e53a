/**
 * Heads that were chosen by the order of layers alone, since others have the same score.
 *
 * @module
 */
import type { HeadGrid, HeadId } from "../common/head_id.ts";

/** Where a choice by score ends among heads with equal scores. */
export interface TieAtEnd {
  /** The score of the last head that was taken. */
  readonly score: number;
  /** Heads with this score that were taken. */
  readonly taken: number;
  /** Heads with this score. */
  readonly tied: number;
}

/**
 * Whether a choice by score could have taken other heads as well.
 *
 * @param map one score per head, `[layers, heads]` row by row
 * @param chosen the heads with the highest scores, or with the lowest, the last one at the end
 * @returns null where every head that was left out has another score than the last one taken
 */
export function tieAtEnd(
  map: ArrayLike<number>,
  grid: HeadGrid,
  chosen: readonly HeadId[],
): TieAtEnd | null {
  const scoreOf = ({ layer, head }: HeadId) => map[layer * grid.heads + head];
  const last = chosen.at(-1);
  if (!last) return null;
  const score = scoreOf(last);
  const taken = chosen.filter((id) => scoreOf(id) === score).length;
  const tied = Array.from(map).filter((other) => other === score).length;
  return taken < tied ? { score, taken, tied } : null;
}
