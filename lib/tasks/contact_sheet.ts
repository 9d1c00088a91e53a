/**
 * Contact sheets: samples side by side with their questions and answers, for a person to look at.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { glyphHeight, hasGlyph, setText } from "./font.ts";
import { answersOf, type Box, picturesOf, type RgbImage, type Sample } from "./sample.ts";

/** How a contact sheet looks. */
export interface ContactSheetOptions {
  /** Samples side by side, 3 by default. */
  readonly columns?: number;
  /** Width of a sample in pixels, 400 by default; pictures are enlarged to fill it. */
  readonly tileWidth?: number;
  /** Whether boxes of the evidence are outlined, false by default. */
  readonly evidence?: boolean;
}

type Rgb = readonly [number, number, number];

const PAPER: Rgb = [255, 255, 255];
const QUESTION_INK: Rgb = [30, 30, 34];
const ANSWER_INK: Rgb = [20, 90, 190];
const OUTLINE: Rgb = [255, 0, 200];
const GAP = 8;
const TEXT_SCALE = 2;
const LINE_HEIGHT = (glyphHeight + 4) * TEXT_SCALE;

/** A picture that is being made. */
class Sheet {
  readonly data: Uint8Array;

  constructor(readonly width: number, readonly height: number) {
    this.data = new Uint8Array(width * height * 3);
    this.fill(0, 0, width, height, PAPER);
  }

  fill(x0: number, y0: number, width: number, height: number, colour: Rgb): void {
    for (let y = Math.max(0, y0); y < Math.min(this.height, y0 + height); y++) {
      for (let x = Math.max(0, x0); x < Math.min(this.width, x0 + width); x++) {
        this.data.set(colour, (y * this.width + x) * 3);
      }
    }
  }

  text(x0: number, y0: number, line: string, colour: Rgb): void {
    const { width, ink } = setText(line);
    ink.forEach((on, i) => {
      const x = x0 + i % width * TEXT_SCALE;
      if (on) this.fill(x, y0 + Math.floor(i / width) * TEXT_SCALE, TEXT_SCALE, TEXT_SCALE, colour);
    });
  }

  /** A picture enlarged or reduced without smoothing. */
  picture(x0: number, y0: number, image: RgbImage, scale: number): void {
    const width = Math.round(image.width * scale);
    const height = Math.round(image.height * scale);
    for (let y = 0; y < height; y++) {
      const row = Math.min(image.height - 1, Math.floor(y / scale)) * image.width;
      for (let x = 0; x < width; x++) {
        const from = (row + Math.min(image.width - 1, Math.floor(x / scale))) * 3;
        const to = ((y0 + y) * this.width + x0 + x) * 3;
        this.data.set(image.data.subarray(from, from + 3), to);
      }
    }
  }

  /** The edge of a box, two pixels wide. */
  outline(x0: number, y0: number, [left, top, right, bottom]: Box, scale: number): void {
    const [x, y] = [x0 + Math.round(left * scale), y0 + Math.round(top * scale)];
    const width = Math.round((right - left) * scale);
    const height = Math.round((bottom - top) * scale);
    this.fill(x, y, width, 2, OUTLINE);
    this.fill(x, y + height - 2, width, 2, OUTLINE);
    this.fill(x, y, 2, height, OUTLINE);
    this.fill(x + width - 2, y, 2, height, OUTLINE);
  }
}

/** A text in characters of the font, broken into lines that fit. */
function breakLines(text: string, width: number): string[] {
  const shown = Array.from(text.toUpperCase(), (letter) => hasGlyph(letter) ? letter : "?").join(
    "",
  );
  const lines: string[] = [];
  let line = "";
  for (const word of shown.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line === "" || setText(longer).width * TEXT_SCALE <= width) line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

/** A sample's pictures on a grid, and its texts below. */
interface Tile {
  readonly sample: Sample;
  readonly perRow: number;
  readonly scale: number;
  readonly cellWidth: number;
  readonly cellHeight: number;
  readonly question: readonly string[];
  readonly answer: readonly string[];
  readonly height: number;
}

function layOut(sample: Sample, width: number): Tile {
  const pictures = picturesOf(sample);
  const perRow = Math.max(
    1,
    pictures.length <= 3 ? pictures.length : Math.ceil(Math.sqrt(pictures.length)),
  );
  const widest = Math.max(1, ...pictures.map((picture) => picture.width));
  const tallest = Math.max(0, ...pictures.map((picture) => picture.height));
  const fitting = (width - GAP / 2 * (perRow - 1)) / (perRow * widest);
  const scale = fitting >= 1 ? Math.floor(fitting) : fitting;
  const cellWidth = Math.floor(widest * scale) + GAP / 2;
  const cellHeight = Math.floor(tallest * scale) + GAP / 2;
  const question = breakLines(sample.question, width);
  const answer = breakLines(`-> ${answersOf(sample).join(" / ")}`, width);
  const pictureRows = Math.ceil(pictures.length / perRow);
  const height = pictureRows * cellHeight + (question.length + answer.length) * LINE_HEIGHT + GAP;
  return { sample, perRow, scale, cellWidth, cellHeight, question, answer, height };
}

function drawTile(sheet: Sheet, tile: Tile, x0: number, y0: number, evidence: boolean): void {
  const { sample, perRow, scale, cellWidth, cellHeight } = tile;
  const pictures = picturesOf(sample);
  const placeOf = (i: number) => [
    x0 + i % perRow * cellWidth,
    y0 + Math.floor(i / perRow) * cellHeight,
  ];
  pictures.forEach((picture, i) => {
    const [x, y] = placeOf(i);
    sheet.picture(x, y, picture, scale);
  });
  for (const piece of evidence ? sample.evidence : []) {
    if ("text" in piece) continue;
    const [first, last] = "frames" in piece ? piece.frames : [piece.image, piece.image];
    for (let i = first; i <= last; i++) {
      const [x, y] = placeOf(i);
      const whole: Box = [0, 0, pictures[i].width, pictures[i].height];
      sheet.outline(x, y, piece.box ?? whole, scale);
    }
  }
  let y = y0 + Math.ceil(pictures.length / perRow) * cellHeight + GAP / 2;
  for (
    const [lines, colour] of [[tile.question, QUESTION_INK], [tile.answer, ANSWER_INK]] as const
  ) {
    for (const line of lines) {
      sheet.text(x0, y, line, colour);
      y += LINE_HEIGHT;
    }
  }
}

/**
 * Draws samples side by side, each with its question and its answers below.
 *
 * @param samples at least one
 * @param options how it looks
 * @returns a picture as high as the samples need
 * @throws {InputError} when there are no samples, or the columns or the width make no sheet
 *
 * @example
 * ```ts
 * import { contactSheet } from "../../lib/tasks/contact_sheet.ts";
 * import { domains } from "../../lib/tasks/domains.ts";
 * import { assertEquals } from "@std/assert";
 * const options = { cellsPerSide: 8, images: 1, difficulty: 2, split: "test" } as const;
 * const samples = domains.map((domain) => domain.generate(1, options));
 * const sheet = contactSheet(samples, { columns: 5, tileWidth: 256 });
 * assertEquals(sheet.width, 5 * (256 + 8) + 8);
 * ```
 */
export function contactSheet(
  samples: readonly Sample[],
  options: ContactSheetOptions = {},
): RgbImage {
  const { columns = 3, tileWidth = 400, evidence = false } = options;
  if (samples.length === 0) throw new InputError("Cannot draw a contact sheet of 0 samples");
  if (!(Number.isInteger(columns) && columns >= 1 && columns <= 64)) {
    throw new InputError(`Cannot draw a contact sheet of ${columns} columns: wanted 1 to 64`);
  }
  if (!(Number.isInteger(tileWidth) && tileWidth >= 32 && tileWidth <= 4096)) {
    throw new InputError(`Cannot draw samples ${tileWidth} pixels wide: wanted 32 to 4096`);
  }
  const tiles = samples.map((sample) => layOut(sample, tileWidth));
  const rows = Array.from(
    { length: Math.ceil(tiles.length / columns) },
    (_, i) => tiles.slice(i * columns, (i + 1) * columns),
  );
  const heights = rows.map((row) => Math.max(...row.map((tile) => tile.height)) + GAP);
  const height = heights.reduce((sum, one) => sum + one, GAP);
  const sheet = new Sheet(columns * (tileWidth + GAP) + GAP, height);
  let y = GAP;
  rows.forEach((row, i) => {
    row.forEach((tile, j) => drawTile(sheet, tile, GAP + j * (tileWidth + GAP), y, evidence));
    y += heights[i];
  });
  return { width: sheet.width, height: sheet.height, data: sheet.data };
}
