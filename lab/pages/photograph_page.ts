/**
 * Pages of photographs as pixels: a grid of blocks, in each a letter and a photograph of a single thing.
 *
 * @module
 */
import type { Box, RgbImage } from "../../lib/data/sample.ts";
import type { Random } from "../../lib/stats/random.ts";
import { blank } from "./page_words.ts";
import type { CutOut } from "./photographs.ts";
import { drawView, lay } from "./photograph_view.ts";
import { drawPage, type PageCell, pageCell, pageCells, pageSide } from "./word_page.ts";

/** How many blocks a page has; both divide `pageSide`, and a block has at least two columns of cells. */
export interface BlockGrid {
  readonly columns: number;
  readonly rows: number;
}

/** The grids that pages of photographs have: of four blocks and of eight. */
export const blockGrids: readonly BlockGrid[] = [{ columns: 2, rows: 2 }, { columns: 2, rows: 4 }];

/** Letters of the blocks, row by row. */
export const blockLetters: readonly string[] = [..."ABCDEFGH"];

/** A photograph with its name. */
export interface NamedCutOut {
  readonly name: string;
  readonly image: CutOut;
}

/** One photograph of each name, in random order. */
export function oneOfEachName(photographs: readonly NamedCutOut[], random: Random): NamedCutOut[] {
  const chosen: NamedCutOut[] = [];
  for (const i of random.permutation(photographs.length)) {
    if (chosen.every(({ name }) => name !== photographs[i].name)) chosen.push(photographs[i]);
  }
  return chosen;
}

/** A page, and what its cells say. */
export interface PhotographPage {
  readonly image: RgbImage;
  /**
   * What the vision tower is to give the language model for each cell: in every row of a block its caption, a letter,
   * a colon, the photograph's name, the line's end.
   */
  readonly words: readonly string[];
}

/** What stands between a letter and a name. */
export const captionColon = ":";

/** First cell of a block. */
function blockStart({ columns, rows }: BlockGrid, block: number): [column: number, row: number] {
  return [
    block % columns * (pageSide / columns),
    Math.floor(block / columns) * (pageSide / rows),
  ];
}

/** A whole block, in pixels: its letter and its photograph. */
export function blockBox(grid: BlockGrid, block: number): Box {
  const [left, top, right, bottom] = photographBox(grid, block);
  return [left - pageCell, top, right, bottom];
}

/** The cells of a block right of its letter, in pixels. */
export function photographBox(grid: BlockGrid, block: number): Box {
  const [column, row] = blockStart(grid, block);
  const edges = [column + 1, row, column + pageSide / grid.columns, row + pageSide / grid.rows];
  return edges.map((edge) => edge * pageCell) as unknown as Box;
}

/**
 * Draws a page of photographs.
 *
 * @param photographs one for each block, row by row; the rest stays empty if there are fewer
 * @param level 0: upright, in the middle, in their own colours, on white; 1: everything that pages may have
 *
 * @example
 * ```ts
 * import { drawPhotographs } from "./photograph_page.ts";
 * import { Random } from "../../lib/stats/random.ts";
 * import { assertEquals } from "@std/assert";
 * const image = { width: 2, height: 2, data: new Uint8Array(16).fill(255) };
 * const page = drawPhotographs([{ name: "snow", image }], { columns: 2, rows: 2 }, 0, new Random(1));
 * assertEquals(page.words.slice(0, 4), ["A", ":", "snow", "\n"]);
 * assertEquals(page.words.slice(4, 8), ["\n", "\n", "\n", "\n"]); // nothing on the right
 * ```
 */
export function drawPhotographs(
  photographs: readonly NamedCutOut[],
  grid: BlockGrid,
  level: number,
  random: Random,
): PhotographPage {
  const cells: PageCell[] = Array.from({ length: pageCells }, () => ({ word: blank }));
  const words = cells.map(({ word }) => word);
  photographs.forEach(({ name }, block) => {
    const [column, row] = blockStart(grid, block);
    cells[row * pageSide + column] = { word: blockLetters[block] };
    for (let down = 0; down < pageSide / grid.rows; down++) {
      const caption = [blockLetters[block], captionColon, name];
      words.splice((row + down) * pageSide + column, caption.length, ...caption);
    }
  });
  const image = drawPage(cells, { level }, random);
  photographs.forEach((photograph, block) => {
    const box = photographBox(grid, block);
    lay(image, box, photograph.image, drawView(photograph.image, box, level, random));
  });
  return { image, words };
}
