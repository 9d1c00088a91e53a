/**
 * A bitmap font of our own, seven pixels high: three letters fit into a cell of 16 pixels.
 *
 * @module
 */
import { InputError } from "../../lib/common/errors.ts";

/** Height of a glyph in pixels. */
export const glyphHeight = 7;

/** One letter as a bitmap. */
export interface Glyph {
  /** In pixels, 1 to 5. */
  readonly width: number;
  /** `[glyphHeight, width]`, 1 where there is ink. */
  readonly ink: Uint8Array;
}

/** Rows from the top, separated by `/`; `#` is ink. */
const BITMAPS: Readonly<Record<string, string>> = {
  A: ".##./#..#/#..#/####/#..#/#..#/#..#",
  B: "###./#..#/#..#/###./#..#/#..#/###.",
  C: ".###/#.../#.../#.../#.../#.../.###",
  D: "###./#..#/#..#/#..#/#..#/#..#/###.",
  E: "####/#.../#.../###./#.../#.../####",
  F: "####/#.../#.../###./#.../#.../#...",
  G: ".###/#.../#.../#.##/#..#/#..#/.###",
  H: "#..#/#..#/#..#/####/#..#/#..#/#..#",
  I: "###/.#./.#./.#./.#./.#./###",
  J: "..##/...#/...#/...#/...#/#..#/.##.",
  K: "#..#/#..#/#.#./##../#.#./#..#/#..#",
  L: "#.../#.../#.../#.../#.../#.../####",
  M: "#...#/##.##/#.#.#/#.#.#/#...#/#...#/#...#",
  N: "#..#/##.#/##.#/#.##/#.##/#..#/#..#",
  O: ".##./#..#/#..#/#..#/#..#/#..#/.##.",
  P: "###./#..#/#..#/###./#.../#.../#...",
  Q: ".##./#..#/#..#/#..#/#..#/#.#./.#.#",
  R: "###./#..#/#..#/###./#.#./#..#/#..#",
  S: ".###/#.../#.../.##./...#/...#/###.",
  T: "###/.#./.#./.#./.#./.#./.#.",
  U: "#..#/#..#/#..#/#..#/#..#/#..#/.##.",
  V: "#...#/#...#/#...#/#...#/.#.#./.#.#./..#..",
  W: "#...#/#...#/#...#/#.#.#/#.#.#/##.##/#...#",
  X: "#...#/#...#/.#.#./..#../.#.#./#...#/#...#",
  Y: "#...#/#...#/.#.#./..#../..#../..#../..#..",
  Z: "####/...#/..#./.##./.#../#.../####",
  0: ".##./#..#/#..#/#..#/#..#/#..#/.##.",
  1: ".#./##./.#./.#./.#./.#./###",
  2: ".##./#..#/...#/..#./.#../#.../####",
  3: "###./...#/...#/.##./...#/...#/###.",
  4: "#..#/#..#/#..#/####/...#/...#/...#",
  5: "####/#.../###./...#/...#/#..#/.##.",
  6: ".##./#.../#.../###./#..#/#..#/.##.",
  7: "####/...#/..#./..#./.#../.#../.#..",
  8: ".##./#..#/#..#/.##./#..#/#..#/.##.",
  9: ".##./#..#/#..#/.###/...#/...#/.##.",
  s: "..../..../.###/#.../.##./...#/###.",
  "?": ".##./#..#/...#/..#./.#../..../.#..",
  ".": "././././././#",
  ",": "../../../../../.#/#.",
  ":": "././#/././#/.",
  "'": "#/#/././././.",
  "-": ".../.../.../###/.../.../...",
  "(": ".#/#./#./#./#./#./.#",
  ")": "#./.#/.#/.#/.#/.#/#.",
  "/": "...#/...#/..#./..#./.#../.#../#...",
  ">": "#.../.#../..#./...#/..#./.#../#...",
  "[": "##/#./#./#./#./#./##",
  "]": "##/.#/.#/.#/.#/.#/##",
  "%": "#..#/#..#/..#./..#./.#../#..#/#..#",
  " ": ".../.../.../.../.../.../...",
};

const glyphs = new Map<string, Glyph>(
  Object.entries(BITMAPS).map(([letter, bitmap]) => {
    const rows = bitmap.split("/");
    return [letter, {
      width: rows[0].length,
      ink: Uint8Array.from(rows.join(""), (mark) => mark === "#" ? 1 : 0),
    }];
  }),
);

/**
 * The glyph of a character. Letters have one form, the capital; `s` alone has a small one too,
 * for seconds.
 *
 * @param character one of A-Z, 0-9, s and some punctuation
 * @throws {InputError} when the font lacks it
 */
export function glyphOf(character: string): Glyph {
  const glyph = glyphs.get(character);
  if (glyph) return glyph;
  throw new InputError(
    `Cannot draw "${character}": wanted one of ${[...glyphs.keys()].join("")}`,
  );
}

/** Whether the font has a character. */
export function hasGlyph(character: string): boolean {
  return glyphs.has(character);
}

/** One line of text as a bitmap. */
export interface TextBitmap {
  /** In pixels. */
  readonly width: number;
  /** `[glyphHeight, width]`, 1 where there is ink. */
  readonly ink: Uint8Array;
}

/**
 * Sets one line of text, a pixel between the glyphs.
 *
 * @param text characters that {@link glyphOf} knows
 * @throws {InputError} when the font lacks one of them
 *
 * @example
 * ```ts
 * import { setText } from "./font.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(setText("MAP").width, 5 + 1 + 4 + 1 + 4);
 * ```
 */
export function setText(text: string): TextBitmap {
  const line = [...text].map(glyphOf);
  const width = Math.max(0, line.reduce((sum, glyph) => sum + glyph.width + 1, -1));
  const ink = new Uint8Array(glyphHeight * width);
  let x = 0;
  for (const glyph of line) {
    for (let row = 0; row < glyphHeight; row++) {
      const from = row * glyph.width;
      ink.set(glyph.ink.subarray(from, from + glyph.width), row * width + x);
    }
    x += glyph.width + 1;
  }
  return { width, ink };
}
