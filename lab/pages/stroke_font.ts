/**
 * A font of our own made of strokes, in six styles: letters large and small, digits, punctuation. The
 * same on every machine, at any size.
 *
 * @module
 */
import { InputError } from "../../lib/common/errors.ts";

/** Names of the styles. */
export const fontNames = ["plain", "bold", "serif", "italic", "typed", "pixel"] as const;

/** Name of a style. */
export type FontName = typeof fontNames[number];

/** Height of a capital in the font's units; small letters have 5, tails reach 3 below the line. */
export const capitalUnits = 8;

/**
 * Strokes by character. A stroke is a run of points, each two hexadecimal digits: x from the left, y
 * from 3 units below the line. Single points are dots.
 */
const STROKES: Readonly<Record<string, string>> = {
  a: "48-43 47-38-18-07-04-13-33-44",
  b: "0b-03 07-18-38-47-44-33-13-04",
  c: "47-38-18-07-04-13-33-44",
  d: "4b-43 47-38-18-07-04-13-33-44",
  e: "06-46-47-38-18-07-04-13-33-44",
  f: "3b-2b-1a-13 08-38",
  g: "48-41-30-10-01 47-38-18-07-04-13-33-44",
  h: "0b-03 06-18-38-47-43",
  i: "08-03 0a",
  j: "28-21-10-00 2a",
  k: "0b-03 05-38 16-43",
  l: "0b-04-13",
  m: "08-03 07-18-28-37-33 37-48-58-67-63",
  n: "08-03 06-18-38-47-43",
  o: "18-38-47-44-33-13-04-07-18",
  p: "08-00 07-18-38-47-44-33-13-04",
  q: "48-40 47-38-18-07-04-13-33-44",
  r: "08-03 06-18-28-37",
  s: "47-38-18-07-16-36-45-44-33-13-04",
  t: "1b-14-23-33 08-38",
  u: "08-04-13-33-45 48-43",
  v: "08-23-48",
  w: "08-13-37-53-68",
  x: "08-43 48-03",
  y: "08-23 48-10-00",
  z: "08-48-03-43",
  é: "06-46-47-38-18-07-04-13-33-44 2a-3b",
  A: "03-2b-43 16-36",
  B: "03-0b-3b-4a-48-37-07 37-46-44-33-03",
  C: "4a-3b-1b-0a-04-13-33-44",
  D: "03-0b-2b-49-45-23-03",
  E: "4b-0b-03-43 07-37",
  F: "4b-0b-03 07-37",
  G: "4a-3b-1b-0a-04-13-33-44-47-27",
  H: "0b-03 4b-43 07-47",
  I: "0b-2b 1b-13 03-23",
  J: "3b-34-23-13-04",
  K: "0b-03 4b-06 17-43",
  L: "0b-03-43",
  M: "03-0b-36-6b-63",
  N: "03-0b-43-4b",
  O: "1b-3b-4a-44-33-13-04-0a-1b",
  P: "03-0b-3b-4a-48-37-07",
  Q: "1b-3b-4a-44-33-13-04-0a-1b 25-52",
  R: "03-0b-3b-4a-48-37-07 27-43",
  S: "4a-3b-1b-0a-08-17-37-46-44-33-13-04",
  T: "0b-4b 2b-23",
  U: "0b-04-13-33-44-4b",
  V: "0b-23-4b",
  W: "0b-13-3a-53-6b",
  X: "0b-43 4b-03",
  Y: "0b-27-4b 27-23",
  Z: "0b-4b-03-43",
  0: "1b-3b-4a-44-33-13-04-0a-1b",
  1: "09-2b-23",
  2: "0a-1b-3b-4a-48-03-43",
  3: "0a-1b-3b-4a-48-37-17 37-46-44-33-13-04",
  4: "33-3b-05-45",
  5: "4b-0b-07-37-46-44-33-13-04",
  6: "4a-3b-1b-0a-04-13-33-44-46-37-07",
  7: "0b-4b-13",
  8: "17-08-0a-1b-3b-4a-48-37-17-06-04-13-33-44-46-37",
  9: "47-17-08-0a-1b-3b-4a-44-33-13-04",
  ".": "03",
  ",": "13-02",
  ":": "07 03",
  "?": "0a-1b-3b-4a-49-27-26 23",
  "'": "0b-09",
  "-": "06-36",
  "!": "0b-06 03",
};

/** Line segments in the font's units: x0, y0, x1, y1, one after the other. */
type Segments = readonly number[];

interface StrokedGlyph {
  readonly width: number;
  readonly segments: Segments;
  /** Where strokes begin and end upright: x, y of each. */
  readonly ends: readonly number[];
}

function readGlyph(strokes: string): StrokedGlyph {
  const segments: number[] = [], ends: number[] = [];
  let width = 0;
  for (const stroke of strokes.split(" ")) {
    const points = stroke.split("-").map((p) => [parseInt(p[0], 16), parseInt(p[1], 16) - 3]);
    width = Math.max(width, ...points.map(([x]) => x));
    const last = points.length - 1;
    points.forEach(([x, y], i) => {
      const [nx, ny] = points[Math.min(i + 1, last)];
      if (i < last || last === 0) segments.push(x, y, nx, ny);
    });
    const upright = (a: number[], b: number[]) =>
      Math.abs(a[1] - b[1]) >= 3 && Math.abs(a[0] - b[0]) <= 2;
    if (last > 0 && upright(points[0], points[1])) ends.push(...points[0]);
    if (last > 0 && upright(points[last], points[last - 1])) ends.push(...points[last]);
  }
  return { width, segments, ends };
}

const glyphs = new Map(Object.entries(STROKES).map(([name, text]) => [name, readGlyph(text)]));

/** Whether the font has a character. */
export function hasStrokes(character: string): boolean {
  return glyphs.has(character);
}

/** How a word is drawn. */
export interface WordStyle {
  /** Which of the six. */
  readonly font: FontName;
  /** Height of a capital in pixels. */
  readonly height: number;
  /** Thickness of a stroke in pixels, of the plain style; others have their own multiple. */
  readonly stroke: number;
}

/** What is drawn, as coverage. */
export interface InkMask {
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /** `[height, width]`, 0 to 1. */
  readonly ink: Float32Array;
}

/** Width of an advance of the typed style, in units. */
const typedAdvance = 6;

/** Segments of a word in pixels, from its left end and the line; y grows downwards. */
function layOut(word: string, { font, height }: WordStyle, maxWidth: number): Float32Array {
  const unit = font === "pixel" ? Math.max(1, Math.round(height / capitalUnits)) : height / 8;
  const gap = font === "bold" ? 2.2 : font === "serif" ? 2 : 1.7;
  const slant = font === "italic" ? 0.28 : 0;
  const out: number[] = [];
  let pen = 0;
  for (const character of word) {
    const glyph = glyphs.get(character);
    if (!glyph) {
      throw new InputError(
        `Cannot draw "${character}": wanted one of ${[...glyphs.keys()].join("")}`,
      );
    }
    const { width, segments, ends } = glyph;
    const start = font === "typed" ? pen + (typedAdvance - 1 - width) / 2 : pen;
    for (let i = 0; i < segments.length; i += 2) {
      out.push(start + segments[i] + slant * segments[i + 1], -segments[i + 1]);
    }
    if (font === "serif") {
      for (let i = 0; i < ends.length; i += 2) {
        const x = start + ends[i], y = -ends[i + 1];
        out.push(x - 0.8, y, x + 0.8, y);
      }
    }
    pen += font === "typed" ? typedAdvance : width + (font === "pixel" ? 2 : gap);
  }
  const natural = Math.max(...out.filter((_, i) => i % 2 === 0)) * unit;
  const across = natural > maxWidth ? unit * maxWidth / natural : unit;
  return Float32Array.from(out, (value, i) => value * (i % 2 === 0 ? across : unit));
}

/** Multiple of the plain stroke. */
const thickness: Readonly<Record<FontName, number>> = {
  plain: 1,
  bold: 1.9,
  serif: 0.85,
  italic: 1,
  typed: 1.1,
  pixel: 1,
};

/**
 * Draws line segments.
 *
 * @param segments x0, y0, x1, y1 in pixels, one after the other
 * @param half half the thickness in pixels
 * @param hard whether pixels are on or off
 * @returns coverage `[height, width]`
 */
export function drawSegments(
  segments: ArrayLike<number>,
  [width, height]: readonly [number, number],
  half: number,
  hard = false,
): Float32Array {
  const ink = new Float32Array(width * height);
  const reach = half + 0.5;
  for (let i = 0; i < segments.length; i += 4) {
    const x0 = segments[i], y0 = segments[i + 1];
    const dx = segments[i + 2] - x0, dy = segments[i + 3] - y0;
    const square = dx * dx + dy * dy;
    const left = Math.max(0, Math.floor(Math.min(x0, x0 + dx) - reach));
    const right = Math.min(width - 1, Math.ceil(Math.max(x0, x0 + dx) + reach));
    const top = Math.max(0, Math.floor(Math.min(y0, y0 + dy) - reach));
    const bottom = Math.min(height - 1, Math.ceil(Math.max(y0, y0 + dy) + reach));
    for (let y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++) {
        const px = x + 0.5 - x0, py = y + 0.5 - y0;
        const along = square === 0 ? 0 : Math.max(0, Math.min(1, (px * dx + py * dy) / square));
        const distance = Math.hypot(px - along * dx, py - along * dy);
        const covered = hard ? Number(distance <= half) : Math.min(1, reach - distance);
        if (covered > ink[y * width + x]) ink[y * width + x] = covered;
      }
    }
  }
  return ink;
}

/** Pixels around a word's outermost points. */
const margin = 2;

/**
 * Draws one word; one that is wider than the limit is drawn narrower.
 *
 * @param word characters for which {@link hasStrokes} holds
 * @param maxWidth limit of the width in pixels
 * @returns a mask whose line (the letters' foot) lies `style.height + 2` pixels below its top
 * @throws {InputError} when the font lacks a character
 *
 * @example
 * ```ts
 * import { drawWord } from "./stroke_font.ts";
 * import { assert } from "@std/assert";
 * const { width, ink } = drawWord("lantern", { font: "plain", height: 10, stroke: 1.2 }, 44);
 * assert(width <= 44 && ink.some((coverage) => coverage === 1));
 * ```
 */
export function drawWord(word: string, style: WordStyle, maxWidth: number): InkMask {
  const { font, height, stroke } = style;
  const points = layOut(word, style, maxWidth - 2 * margin);
  const xs = points.filter((_, i) => i % 2 === 0);
  const width = Math.min(maxWidth, Math.ceil(Math.max(...xs)) + 2 * margin);
  const rows = Math.ceil(height * 11 / 8) + 2 * margin;
  const shift = font === "pixel" ? 0.5 : 0;
  const moved = points.map((value, i) =>
    i % 2 === 0 ? value + margin + shift : value + margin + height + shift
  );
  const half = font === "pixel" ? 0.55 : stroke * thickness[font] / 2;
  return { width, height: rows, ink: drawSegments(moved, [width, rows], half, font === "pixel") };
}
