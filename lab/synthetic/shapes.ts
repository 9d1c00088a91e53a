/**
 * Masks of everything that a cell can show: shapes, texts on plates, textures.
 *
 * A mask is larger than its cell, so that a shifted window of it still is a whole cell.
 *
 * @module
 */
import { glyphHeight, setText } from "./font.ts";

/** Side of a cell in pixels: a visual token of a model with patches of 8 and merges of 2. */
export const cellSide = 16;

/** Pixels that a mask reaches beyond its cell on each side: the largest jitter. */
export const maskMargin = 4;

/** Side of a mask in pixels. */
export const maskSide: number = cellSide + 2 * maskMargin;

/** Coverage of each pixel, 0 to 255, `[maskSide, maskSide]`, the cell in its middle. */
export type Mask = Uint8Array;

/** Samples per pixel and axis when a shape is drawn. */
const FINE = 4;

/** A mask from a test in the cell's coordinates: pixels from its centre, x right and y down. */
function maskOf(inside: (x: number, y: number) => boolean): Mask {
  const mask = new Uint8Array(maskSide * maskSide);
  for (let i = 0; i < mask.length; i++) {
    let hits = 0;
    for (let k = 0; k < FINE * FINE; k++) {
      const x = i % maskSide + (k % FINE + 0.5) / FINE - maskSide / 2;
      const y = Math.floor(i / maskSide) + (Math.floor(k / FINE) + 0.5) / FINE - maskSide / 2;
      if (inside(x, y)) hits++;
    }
    mask[i] = Math.round(255 * hits / (FINE * FINE));
  }
  return mask;
}

/** Whether a point lies in a polygon (even-odd rule). */
function inPolygon(x: number, y: number, corners: readonly (readonly [number, number])[]): boolean {
  let inside = false;
  corners.forEach(([x1, y1], i) => {
    const [x2, y2] = corners[(i + 1) % corners.length];
    if ((y1 > y) !== (y2 > y) && x < x1 + (x2 - x1) * (y - y1) / (y2 - y1)) inside = !inside;
  });
  return inside;
}

const STAR = Array.from({ length: 10 }, (_, i): [number, number] => {
  const radius = i % 2 === 0 ? 1.12 : 0.46;
  const angle = Math.PI * (i / 5 - 0.5);
  return [radius * Math.cos(angle), radius * Math.sin(angle) + 0.1];
});

/** The shapes in units of their radius, in the order of the vocabulary's `shapes`. */
const SHAPES: readonly ((x: number, y: number) => boolean)[] = [
  (x, y) => x * x + y * y < 1,
  (x, y) => Math.max(Math.abs(x), Math.abs(y)) < 0.88,
  (x, y) => y < 0.85 && y > 2 * Math.abs(x) - 1.1,
  (x, y) => inPolygon(x, y, STAR),
  (x, y) => Math.min(Math.abs(x), Math.abs(y)) < 0.34 && Math.max(Math.abs(x), Math.abs(y)) < 1,
  (x, y) => x * x + y * y < 1.05 && x * x + y * y > 0.24,
  (x, y) => Math.abs(x) + Math.abs(y) < 1.12,
  (x, y) => {
    const v = -(y - 0.15) * 1.15;
    const u = x * 1.1;
    return (u * u + v * v - 1 + 0.25) ** 3 < u * u * v ** 3 && y < 1.1 || // the two lobes
      Math.abs(x) < 0.85 - Math.max(0, y + 0.2) * 0.85 && y > -0.25 && y < 0.9;
  },
];

/** Radii in pixels at which shapes are drawn. */
const RADII = [5.2, 5.8, 6.4];

/** A drawing in two layers: the lower one is painted first. */
export interface TwoLayers {
  /** Outline of a shape, or the plate of a text. */
  readonly lower: Mask;
  /** Body of a shape, or the ink of a text. */
  readonly upper: Mask;
}

/** Points around the origin: a shape shifted to all of them is the shape with its outline. */
const OUTLINE = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => [
  0.9 * Math.cos(i * Math.PI / 4),
  0.9 * Math.sin(i * Math.PI / 4),
]);

/**
 * A shape in each of its sizes.
 *
 * @param shape index into the vocabulary's `shapes`, 0 to 7
 */
export function shapeMasks(shape: number): readonly TwoLayers[] {
  const test = SHAPES[shape];
  return RADII.map((radius) => {
    const inReach = (x: number, y: number) => Math.max(Math.abs(x), Math.abs(y)) < cellSide / 2 + 1;
    const body = (x: number, y: number) => test(x / radius, y / radius);
    const outlined = (x: number, y: number) =>
      inReach(x, y) && (body(x, y) || OUTLINE.some(([dx, dy]) => body(x + dx, y + dy)));
    return { lower: maskOf(outlined), upper: maskOf((x, y) => inReach(x, y) && body(x, y)) };
  });
}

/** Height of the plates behind texts, in pixels. */
const PLATE_HEIGHT = 13;

const plates = new Map<number, Mask>();

/** A plate with round corners for a text of some width; the same mask for the same width. */
function plateMask(width: number): Mask {
  const known = plates.get(width);
  if (known) return known;
  const halfWidth = Math.min(cellSide / 2, width / 2 + 1.5);
  const mask = maskOf((x, y) => {
    const dx = Math.max(0, Math.abs(x) - halfWidth + 2);
    const dy = Math.max(0, Math.abs(y) - PLATE_HEIGHT / 2 + 2);
    return dx * dx + dy * dy < 4;
  });
  plates.set(width, mask);
  return mask;
}

/**
 * A short text in the middle of a plate.
 *
 * @param text at most 16 pixels wide
 */
export function textMasks(text: string): TwoLayers {
  const { width, ink } = setText(text);
  const upper = new Uint8Array(maskSide * maskSide);
  const left = Math.floor((maskSide - width) / 2);
  const top = Math.floor((maskSide - glyphHeight) / 2);
  ink.forEach((on, i) => {
    if (on) upper[(top + Math.floor(i / width)) * maskSide + left + i % width] = 255;
  });
  return { lower: plateMask(width), upper };
}

const mod = (x: number, n: number): number => ((x % n) + n) % n;

/** Textures as tests on whole pixels, periodic in the cell. */
const TEXTURES: Readonly<Record<string, (x: number, y: number) => boolean>> = {
  blank: () => false,
  lines: (x, y) => mod(y, 4) === 1 && mod(x * 7 + (y >> 2) * 5, 16) > 2,
  rule: (_, y) => mod(y, 16) === 7 || mod(y, 16) === 8,
  dots: (x, y) => mod(x, 4) === 1 && mod(y, 8) === 4,
  hatch: (x, y) => mod(x + y, 4) === 0,
  grid: (x, y) => mod(x, 8) === 3 || mod(y, 8) === 3,
  bars: (x, y) => mod(x, 4) < 2 && mod(y, 16) > [9, 4, 7, 2][mod(x, 16) >> 2] && mod(y, 16) < 14,
  zigzag: (x, y) => mod(y, 8) === Math.abs(mod(x, 8) - 4) + 1,
  grass: (x, y) => [4, 9, 6, 11][mod(x, 8) >> 1] < mod(y, 16) && mod(x, 2) === 0 && mod(y, 16) < 14,
  waves: (x, y) => mod(y, 8) === [3, 2, 1, 1, 2, 3, 4, 4][mod(x, 8)],
  bricks: (x, y) => mod(y, 4) === 3 || mod(x + (mod(y, 8) < 4 ? 0 : 4), 8) === 7,
  leaves: (x, y) =>
    Math.abs(mod(x + (mod(y, 16) >> 3) * 4, 8) - 4) + Math.abs(mod(y, 8) - 4) * 2 < 3,
  stones: (x, y) => {
    const u = mod(x + (mod(y, 16) >> 3) * 4, 8) - 3.5;
    const v = mod(y, 8) - 3.5;
    const r = u * u + v * v * 1.6;
    return r > 5 && r < 12;
  },
  rain: (x, y) => mod(x * 2 + y, 16) < 2 && mod(y, 8) < 5,
  checks: (x, y) => (mod(x, 8) < 4) === (mod(y, 8) < 4),
  sand: (x, y) =>
    [13, 2, 9, 6, 15, 4, 11, 0][mod(y, 16) >> 1] === mod(x, 16) && mod(y, 2) === 0 ||
    mod(y * 5 + 3, 16) === mod(x, 16),
};

/**
 * A texture over the whole cell.
 *
 * @param name a word of the vocabulary's `fillers`
 */
export function textureMask(name: string): Mask {
  const on = TEXTURES[name];
  return Uint8Array.from(
    { length: maskSide * maskSide },
    (_, i) => on(i % maskSide - maskMargin, Math.floor(i / maskSide) - maskMargin) ? 255 : 0,
  );
}
