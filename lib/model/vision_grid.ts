/**
 * Where the patches of images lie: coordinates in merge-block order and the resampling of a learned
 * position table, for vision towers of the Qwen-VL kind.
 *
 * @module
 */
import { cornerSamples, placeBetween, type RowSamples } from "./sampled_rows.ts";

/** Frames, rows and columns of patches of one image or video. */
export type PatchGrid = readonly [frames: number, rows: number, columns: number];

/** Reads an `image_grid_thw` or `video_grid_thw` tensor, `[n, 3]` row by row. */
export function patchGrids(gridThw: Int32Array): PatchGrid[] {
  return Array.from({ length: gridThw.length / 3 }, (_, i) => [
    gridThw[3 * i],
    gridThw[3 * i + 1],
    gridThw[3 * i + 2],
  ]);
}

/**
 * Row and column of every patch, `[P, 2]`, in the order in which patches come: merge blocks row by
 * row, within a block row by row, and all of it once per frame.
 *
 * @param merge patches along each side of a merge block
 *
 * @example
 * ```ts
 * import { patchCoordinates } from "./vision_grid.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([...patchCoordinates([[1, 2, 2]], 2)], [0, 0, 0, 1, 1, 0, 1, 1]);
 * ```
 */
export function patchCoordinates(grids: readonly PatchGrid[], merge: number): Int32Array {
  const total = grids.reduce((sum, [t, h, w]) => sum + t * h * w, 0);
  const out = new Int32Array(2 * total);
  let at = 0;
  for (const [frames, rows, columns] of grids) {
    for (let frame = 0; frame < frames; frame++) {
      for (let blockRow = 0; blockRow < rows; blockRow += merge) {
        for (let blockColumn = 0; blockColumn < columns; blockColumn += merge) {
          for (let i = 0; i < merge * merge; i++) {
            out[at++] = blockRow + Math.floor(i / merge);
            out[at++] = blockColumn + i % merge;
          }
        }
      }
    }
  }
  return out;
}

/** Patches of each attention segment: one segment per frame. */
export function frameLengths(grids: readonly PatchGrid[]): number[] {
  return grids.flatMap(([frames, rows, columns]) => Array<number>(frames).fill(rows * columns));
}

/**
 * Bilinear samples (corners aligned) of a square table of learned positions at every patch.
 *
 * Source: transformers `modeling_qwen3_vl.py` `fast_pos_embed_interpolate`.
 *
 * @param side rows of the square table along one side
 */
export function samplePositionTable(
  grids: readonly PatchGrid[],
  merge: number,
  side: number,
): RowSamples {
  const coordinates = patchCoordinates(grids, merge);
  const gridOf = grids.flatMap((grid) => Array<PatchGrid>(grid[0] * grid[1] * grid[2]).fill(grid));
  const place = (index: number, count: number) => {
    const exact = count === 1 ? 0 : Math.fround(index * Math.fround((side - 1) / (count - 1)));
    return placeBetween(exact, side);
  };
  return cornerSamples(
    gridOf.length,
    (patch) => {
      const [, rows, columns] = gridOf[patch];
      return [place(coordinates[2 * patch], rows), place(coordinates[2 * patch + 1], columns)];
    },
    (row, column) => row * side + column,
  );
}

/** The order of merged tokens by attention window, and the patches of each window. */
export interface WindowOrder {
  /** Which merged token stands at each place. */
  readonly order: Int32Array;
  /** Patches of each window, in that order. */
  readonly lengths: readonly number[];
}

/**
 * Groups merged tokens by square windows; windows at the right and lower edge are smaller.
 *
 * Source: transformers `modeling_qwen2_5_vl.py` `get_window_index`.
 *
 * @param merge patches along each side of a merge block
 * @param side merged tokens along each side of a window
 *
 * @example
 * ```ts
 * import { windowOrder } from "./vision_grid.ts";
 * import { assertEquals } from "@std/assert";
 * const { order, lengths } = windowOrder([[1, 2, 6]], 2, 2); // one row of three merged tokens
 * assertEquals([[...order], lengths], [[0, 1, 2], [8, 4]]);
 * ```
 */
export function windowOrder(
  grids: readonly PatchGrid[],
  merge: number,
  side: number,
): WindowOrder {
  const order: number[] = [], lengths: number[] = [];
  let first = 0;
  for (const [frames, gridRows, gridColumns] of grids) {
    const rows = gridRows / merge, columns = gridColumns / merge;
    for (let frame = 0; frame < frames; frame++, first += rows * columns) {
      for (let top = 0; top < rows; top += side) {
        for (let left = 0; left < columns; left += side) {
          const before = order.length;
          for (let row = top; row < Math.min(top + side, rows); row++) {
            for (let column = left; column < Math.min(left + side, columns); column++) {
              order.push(first + row * columns + column);
            }
          }
          lengths.push((order.length - before) * merge * merge);
        }
      }
    }
  }
  return { order: Int32Array.from(order), lengths };
}
