/**
 * Pages of photographs as pixels: a grid of blocks, in each a letter and a photograph of a single thing.
 *
 * @module
 */
import type { Box, RgbImage } from "../../lib/data/sample.ts";
import type { Random } from "../../lib/stats/random.ts";
import { blank } from "./page_words.ts";
import type { CutOut } from "./photographs.ts";
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

/** How a photograph is shown: its middle in pixels of the page, size, angle, side and light. */
interface View {
  readonly x: number;
  readonly y: number;
  /** Pixels of the page for a pixel of the photograph. */
  readonly scale: number;
  /** In radians. */
  readonly angle: number;
  readonly mirrored: boolean;
  /** Factors of red, green and blue. */
  readonly gain: readonly number[];
}

/** A view of a photograph within a box. */
function drawView({ width, height }: CutOut, box: Box, level: number, random: Random): View {
  const angle = level * random.uniform(-0.2, 0.2);
  const [cos, sin] = [Math.abs(Math.cos(angle)), Math.abs(Math.sin(angle))];
  const across = width * cos + height * sin, down = width * sin + height * cos;
  const room = [box[2] - box[0], box[3] - box[1]];
  const scale = Math.min(room[0] / across, room[1] / down) * (1 - level * random.uniform(0, 0.25));
  const free = [room[0] - across * scale, room[1] - down * scale];
  const shift = (space: number) => space / 2 * (1 + level * random.uniform(-1, 1));
  const light = 1 + level * random.uniform(-0.15, 0.15);
  return {
    x: box[0] + shift(free[0]) + across * scale / 2,
    y: box[1] + shift(free[1]) + down * scale / 2,
    scale,
    angle,
    mirrored: random.uniform() < 0.5 * level,
    gain: [0, 1, 2].map(() => light * (1 + level * random.uniform(-0.08, 0.08))),
  };
}

/** Colour (times opacity) and opacity of a photograph at a place between its pixels. */
function sampled({ width, height, data }: CutOut, x: number, y: number, into: Float32Array): void {
  into.fill(0);
  const left = Math.floor(x - 0.5), top = Math.floor(y - 0.5);
  for (let row = top; row < top + 2; row++) {
    for (let column = left; column < left + 2; column++) {
      if (row < 0 || column < 0 || row >= height || column >= width) continue;
      const weight = (1 - Math.abs(x - 0.5 - column)) * (1 - Math.abs(y - 0.5 - row));
      const at = 4 * (row * width + column), share = weight * data[at + 3] / 255;
      for (let c = 0; c < 3; c++) into[c] += share * data[at + c];
      into[3] += share;
    }
  }
}

/** Lays a photograph over a page. */
function lay(page: RgbImage, box: Box, photograph: CutOut, view: View): void {
  const pixel = new Float32Array(4);
  const cos = Math.cos(view.angle) / view.scale, sin = Math.sin(view.angle) / view.scale;
  for (let y = box[1]; y < box[3]; y++) {
    for (let x = box[0]; x < box[2]; x++) {
      const dx = x + 0.5 - view.x, dy = y + 0.5 - view.y;
      const across = (cos * dx + sin * dy) * (view.mirrored ? -1 : 1);
      const down = cos * dy - sin * dx;
      sampled(photograph, photograph.width / 2 + across, photograph.height / 2 + down, pixel);
      if (pixel[3] === 0) continue;
      const at = 3 * (y * page.width + x);
      for (let c = 0; c < 3; c++) {
        const value = page.data[at + c] * (1 - pixel[3]) + view.gain[c] * pixel[c];
        page.data[at + c] = Math.min(255, value + 0.5);
      }
    }
  }
}

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
