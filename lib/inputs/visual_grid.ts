/**
 * Where visual tokens lie: each image, tile or temporal patch is a grid of tokens over a region
 * of the original image.
 *
 * @module
 */
import type { Box } from "./image.ts";

/** A grid of visual tokens, row by row. */
export interface VisualGrid {
  /** Whether the tokens stand for an image or for frames of a video. */
  readonly kind: "image" | "video";
  /** Which image, or which video, of the prompt, from 0. */
  readonly media: number;
  /** Width and height of the original image (of one frame), in pixels. */
  readonly size: readonly [width: number, height: number];
  /** Frames of the source video that the tokens hold, ascending; empty for an image. */
  readonly frames: readonly number[];
  /** Frames of the whole source video, where that is known. */
  readonly frameCount?: number;
  /** Rows of tokens. */
  readonly rows: number;
  /** Columns of tokens that show something. */
  readonly columns: number;
  /** Tokens without content: none, one after each row, or one after the last row. */
  readonly newline: "none" | "row" | "end";
  /** What the grid shows: a region of the original image in its pixels, possibly fractions. */
  readonly region: Box;
}

/** A grid at its place in the prompt. */
export interface PlacedGrid extends VisualGrid {
  /** Index of its first token. */
  readonly start: number;
}

/** Tokens of a grid, with those that only end lines. */
export function gridLength({ rows, columns, newline }: VisualGrid): number {
  return rows * columns + (newline === "row" ? rows : newline === "end" ? 1 : 0);
}

/** Index in the prompt of the token at a row and column of a grid. */
export function gridToken(grid: PlacedGrid, row: number, column: number): number {
  return grid.start + row * (grid.columns + (grid.newline === "row" ? 1 : 0)) + column;
}

/** What a token shows, in pixels of the original image. */
export function gridBox({ region, rows, columns }: VisualGrid, row: number, column: number): Box {
  const [x0, y0, x1, y1] = region;
  const x = (i: number) => i === columns ? x1 : x0 + (x1 - x0) * i / columns;
  const y = (i: number) => i === rows ? y1 : y0 + (y1 - y0) * i / rows;
  return [x(column), y(row), x(column + 1), y(row + 1)];
}

/** One visual token and what it shows. */
export interface VisualToken {
  /** Index in the prompt. */
  readonly token: number;
  /** Its grid. */
  readonly grid: PlacedGrid;
  /** Row within the grid. */
  readonly row: number;
  /** Column within the grid. */
  readonly column: number;
  /** What it shows, in pixels of the original image. */
  readonly box: Box;
}

/**
 * All visual tokens of a prompt that show something, in prompt order.
 *
 * @example
 * ```ts
 * import { visualTokens } from "./visual_grid.ts";
 * import { assertEquals } from "@std/assert";
 * const tokens = visualTokens([{
 *   kind: "image",
 *   media: 0,
 *   size: [40, 10],
 *   frames: [],
 *   rows: 1,
 *   columns: 2,
 *   newline: "none",
 *   region: [0, 0, 40, 10],
 *   start: 5,
 * }]);
 * assertEquals(tokens.map(({ token, box }) => [token, ...box]), [
 *   [5, 0, 0, 20, 10],
 *   [6, 20, 0, 40, 10],
 * ]);
 * ```
 */
export function visualTokens(grids: readonly PlacedGrid[]): VisualToken[] {
  return grids.flatMap((grid) =>
    Array.from({ length: grid.rows * grid.columns }, (_, i) => {
      const row = Math.floor(i / grid.columns), column = i % grid.columns;
      return {
        token: gridToken(grid, row, column),
        grid,
        row,
        column,
        box: gridBox(grid, row, column),
      };
    })
  );
}
