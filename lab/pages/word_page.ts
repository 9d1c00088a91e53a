/**
 * Pages of words as pixels: a grid of square cells, in each a word or an image of a thing.
 *
 * @module
 */
import { Random } from "../../lib/stats/random.ts";
import { drawnObjects, drawObject } from "./drawn_objects.ts";
import { blank } from "./page_words.ts";
import type { RgbImage } from "../../lib/data/sample.ts";
import { drawWord, type FontName, fontNames, type InkMask } from "./stroke_font.ts";

/** Pixels along each side of a cell: one patch of the vision tower, one visual token. */
export const pageCell = 48;
/** Cells along each side of a page. */
export const pageSide = 8;
export const pageCells: number = pageSide ** 2;

/** What stands in a cell. */
export interface PageCell {
  /** One of `pageWords`. */
  readonly word: string;
  /** Whether it is drawn as an image, for words among `drawnObjects`. */
  readonly pictured?: boolean;
}

/** How varied pages are drawn. */
export interface PageVariety {
  /** Fonts; all by default. */
  readonly fonts?: readonly FontName[];
  /** 0: black on white, upright, in the middle, without noise; 1: everything that pages may have. */
  readonly level: number;
}

type Rgb = readonly [number, number, number];

const luminance = ([r, g, b]: Rgb) => 0.3 * r + 0.59 * g + 0.11 * b;

/** Paper and ink, 0 to 1, at least `contrast` apart in luminance. */
function drawColours(random: Random, level: number): { paper: Rgb; ink: Rgb } {
  if (random.uniform() >= level) return { paper: [1, 1, 1], ink: [0.05, 0.05, 0.05] };
  const contrast = random.uniform(0.35, 0.75);
  const colour = (): Rgb => [random.uniform(), random.uniform(), random.uniform()];
  while (true) {
    const paper = colour(), ink = colour();
    if (Math.abs(luminance(paper) - luminance(ink)) >= contrast) return { paper, ink };
  }
}

/** Normal noise that pages read from a place of their own: drawing a number for each pixel is slow. */
let noiseTable: Float32Array | null = null;

function noise(): Float32Array {
  const random = new Random("noise of pages");
  return noiseTable ??= Float32Array.from({ length: 1 << 16 }, () => random.normal());
}

interface CellPlace {
  readonly left: number;
  readonly top: number;
  readonly width: number;
}

/** Lays ink of one colour over a page. */
function blend(page: Float32Array, mask: InkMask, x: number, y: number, at: CellPlace, ink: Rgb) {
  for (let row = 0; row < mask.height; row++) {
    const cellRow = y + row;
    if (cellRow < 0 || cellRow >= pageCell) continue;
    for (let column = 0; column < mask.width; column++) {
      const cellColumn = x + column, covered = mask.ink[row * mask.width + column];
      if (covered === 0 || cellColumn < 0 || cellColumn >= pageCell) continue;
      const to = ((at.top + cellRow) * at.width + at.left + cellColumn) * 3;
      for (let c = 0; c < 3; c++) page[to + c] += covered * (ink[c] - page[to + c]);
    }
  }
}

const clamp = (value: number, low: number, high: number) => Math.max(low, Math.min(high, value));

/** Look that the words of a page share. */
function drawLook(random: Random, { fonts = fontNames, level }: PageVariety) {
  const font = fonts[random.integer(fonts.length)];
  return {
    font,
    height: 11 + level * random.uniform(-1, 4),
    stroke: 1.3 + level * random.uniform(-0.3, 0.5),
    base: 29 + level * random.uniform(-2, 2),
    jitter: 2.4 * level * random.uniform(),
    grain: level * random.uniform(0, 0.06),
    slope: [level * random.uniform(-0.1, 0.1), level * random.uniform(-0.1, 0.1)],
    rules: random.uniform() < 0.25 * level,
    centred: random.uniform() < 0.5,
    ...drawColours(random, level),
  };
}

/** What of a page's look may differ from cell to cell. */
type Look = ReturnType<typeof drawLook>;

function paintCell(
  page: Float32Array,
  cell: PageCell,
  place: CellPlace,
  look: Look,
  random: Random,
) {
  const { jitter, ink } = look;
  const shift = () => Math.round(random.uniform(-jitter, jitter));
  if (cell.pictured && drawnObjects.includes(cell.word)) {
    const side = Math.round(34 + jitter * random.uniform(-3, 3));
    const mask = drawObject(cell.word, side, jitter > 0 && random.integer(2) === 1);
    const middle = Math.round((pageCell - side) / 2);
    return blend(page, mask, middle + shift(), middle + shift(), place, ink);
  }
  if (cell.word === blank) return;
  const { font, height, stroke, base, centred } = look;
  const mask = drawWord(cell.word, { font, height, stroke }, pageCell - 2);
  const left = centred ? (pageCell - mask.width) / 2 : 2;
  const x = clamp(Math.round(left) + shift(), 0, pageCell - mask.width);
  const top = Math.round(base - height - 2) + shift();
  blend(page, mask, x, clamp(top, -2, pageCell - mask.height + 2), place, ink);
}

/**
 * Draws a page.
 *
 * @param cells `pageCells` words row by row; the rest is blank if there are fewer
 * @param random decides on everything that varies
 * @returns an image of `pageSide * pageCell` pixels along each side
 *
 * @example
 * ```ts
 * import { Random } from "../../lib/stats/random.ts";
 * import { drawPage } from "./word_page.ts";
 * import { assertEquals } from "@std/assert";
 * const page = drawPage([{ word: "lantern" }], { level: 1 }, new Random(1));
 * assertEquals([page.width, page.data.length], [384, 384 * 384 * 3]);
 * ```
 */
export function drawPage(
  cells: readonly PageCell[],
  variety: PageVariety,
  random: Random,
): RgbImage {
  const side = pageSide * pageCell;
  const look = drawLook(random, variety);
  const { paper, ink, grain, slope, rules } = look;
  const page = new Float32Array(side * side * 3);
  for (let i = 0; i < 3; i++) page[i] = paper[i];
  for (let done = 3; done < page.length; done *= 2) page.copyWithin(done, 0, done);
  for (let at = 0; rules && at < side * side; at++) {
    if (at % pageCell > 0 && Math.floor(at / side) % pageCell > 0) continue;
    for (let c = 0; c < 3; c++) page[3 * at + c] += 0.4 * (ink[c] - paper[c]);
  }
  // words may differ in font and colour within a page, as headings and marked words do
  const mixed = random.uniform() < 0.4 * variety.level;
  cells.slice(0, pageCells).forEach((cell, i) => {
    const left = i % pageSide * pageCell, top = Math.floor(i / pageSide) * pageCell;
    const own = mixed
      ? {
        ...drawLook(random, variety),
        paper,
        ink: random.integer(3) > 0 ? ink : otherInk(look, random),
      }
      : look;
    paintCell(page, cell, { left, top, width: side }, own, random);
  });
  const data = new Uint8Array(page.length);
  const table = noise();
  for (let row = 0; row < side; row++) {
    let from = random.integer(table.length);
    const base = slope[1] * (row / side - 0.5) - slope[0] / 2;
    for (let column = 0, i = row * side * 3; column < side; column++) {
      const lit = base + slope[0] * column / side;
      for (let c = 0; c < 3; c++, i++, from++) {
        const value = 255 * (page[i] + lit + grain * table[from & 65535]) + 0.5;
        data[i] = value < 0 ? 0 : value > 255 ? 255 : value;
      }
    }
  }
  return { width: side, height: side, data };
}

/** An ink of another colour that stands out as clearly from the page's paper. */
function otherInk({ paper, ink }: Look, random: Random): Rgb {
  const wanted = Math.abs(luminance(paper) - luminance(ink));
  for (let attempt = 0; attempt < 20; attempt++) {
    const other: Rgb = [random.uniform(), random.uniform(), random.uniform()];
    if (Math.abs(luminance(paper) - luminance(other)) >= wanted) return other;
  }
  return ink;
}
