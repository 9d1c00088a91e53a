/**
 * The colour that stands under the transparent pixels of a GIF file.
 *
 * @module
 */
import type { Box, RgbImage } from "./rgb_image.ts";

/** What lies under the first image of a GIF file. */
export interface GifBackground {
  /** Red, green and blue; black where the file has no palette. */
  readonly color: readonly [number, number, number];
  /** What the first image covers of the screen, in pixels, half-open. */
  readonly covered: Box;
}

/**
 * Colour of pixels that the first image of a GIF file leaves open: that of its transparent index,
 * or the palette's first; and which part of the screen it covers.
 *
 * Source: Pillow's `GifImagePlugin.py` and its `convert("RGB")`.
 *
 * @param bytes the whole file
 */
export function gifBackground(bytes: Uint8Array): GifBackground {
  const entries = (flags: number) => flags & 0x80 ? 2 << (flags & 7) : 0;
  const short = (at: number) => (bytes[at] ?? 0) | (bytes[at + 1] ?? 0) << 8;
  let at = 13, palette = 13, transparent = 0, colors = entries(bytes[10]);
  let covered: Box = [0, 0, short(6), short(8)];
  at += 3 * colors;
  while (at < bytes.length && bytes[at] !== 0x3b) {
    if (bytes[at] === 0x2c) { // the first image
      const left = short(at + 1), top = short(at + 3);
      covered = [left, top, left + short(at + 5), top + short(at + 7)];
      const own = entries(bytes[at + 9]);
      if (own > 0) [palette, colors] = [at + 10, own];
      break;
    }
    if (bytes[at] !== 0x21) break;
    if (bytes[at + 1] === 0xf9 && bytes[at + 3] & 1) transparent = bytes[at + 6];
    for (at += 2; bytes[at] > 0;) at += bytes[at] + 1;
    at++;
  }
  if (transparent >= colors) return { color: [0, 0, 0], covered };
  const from = palette + 3 * transparent;
  return { color: [bytes[from] ?? 0, bytes[from + 1] ?? 0, bytes[from + 2] ?? 0], covered };
}

/** Fills what the first image does not cover, in place. */
export function fillUncovered({ width, data }: RgbImage, background: GifBackground): void {
  const { color, covered: [x0, y0, x1, y1] } = background;
  for (let i = 0; i < data.length / 3; i++) {
    const x = i % width, y = Math.floor(i / width);
    if (x < x0 || x >= x1 || y < y0 || y >= y1) data.set(color, 3 * i);
  }
}
