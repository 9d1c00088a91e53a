/**
 * How many separate regions of an image a head looks at.
 *
 * @module
 */
import { gridToken, type PlacedGrid } from "../inputs/visual_grid.ts";

/**
 * Spatial entropy of the attention on images: the entropy of how the attention that exceeds twice
 * its mean is shared between connected regions (of eight neighbours each). 0 is one region.
 *
 * Source: Kang et al., "Your Large Vision-Language Model Only Needs A Few Attention Heads For Visual
 * Grounding" (2025), and its published code, without that code's absolute threshold of 0.001, which
 * depends on the number of tokens. Several images count together.
 *
 * @param attention on each token of the prompt
 * @param grids where the images' tokens lie
 * @returns in nats; Infinity where no token exceeds twice the mean
 *
 * @example
 * ```ts
 * import { spatialEntropy } from "./spatial_entropy.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * const grid = {
 *   kind: "image" as const, media: 0, frames: [], rows: 1, columns: 5,
 *   newline: "none" as const, size: [5, 1] as const, region: [0, 0, 5, 1] as const, start: 0,
 * };
 * assertAlmostEquals(spatialEntropy([0.5, 0, 0, 0, 0.5], [grid]), Math.log(2));
 * ```
 */
export function spatialEntropy(
  attention: ArrayLike<number>,
  grids: readonly PlacedGrid[],
): number {
  let total = 0, count = 0;
  for (const grid of grids) {
    count += grid.rows * grid.columns;
    for (let i = 0; i < grid.rows * grid.columns; i++) total += at(attention, grid, i);
  }
  const threshold = 2 * total / count;
  const masses = grids.flatMap((grid) => regionMasses(attention, grid, threshold));
  const mass = masses.reduce((sum, value) => sum + value, 0);
  if (!(mass > 0)) return Infinity;
  return masses.reduce((sum, value) => sum - value / mass * Math.log(value / mass), 0);
}

/** Attention on the i-th cell of a grid, row by row. */
function at(attention: ArrayLike<number>, grid: PlacedGrid, cell: number): number {
  return attention[gridToken(grid, Math.floor(cell / grid.columns), cell % grid.columns)];
}

/** For each connected region of cells above the threshold, by how much it exceeds it in all. */
function regionMasses(
  attention: ArrayLike<number>,
  grid: PlacedGrid,
  threshold: number,
): number[] {
  const { rows, columns } = grid;
  const excess = Float64Array.from(
    { length: rows * columns },
    (_, cell) => Math.max(0, at(attention, grid, cell) - threshold),
  );
  const masses: number[] = [];
  for (let seed = 0; seed < excess.length; seed++) {
    if (excess[seed] === 0) continue;
    let mass = 0;
    const open = [seed];
    while (open.length > 0) {
      const cell = open.pop()!;
      if (excess[cell] === 0) continue;
      mass += excess[cell];
      excess[cell] = 0; // visited
      const row = Math.floor(cell / columns), column = cell % columns;
      for (let y = Math.max(0, row - 1); y <= Math.min(rows - 1, row + 1); y++) {
        for (let x = Math.max(0, column - 1); x <= Math.min(columns - 1, column + 1); x++) {
          if (excess[y * columns + x] > 0) open.push(y * columns + x);
        }
      }
    }
    masses.push(mass);
  }
  return masses;
}
