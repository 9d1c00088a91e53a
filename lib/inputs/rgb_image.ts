/**
 * Images in memory.
 *
 * @module
 */

/** An image in memory: 8-bit red, green, blue, row by row from the top left. */
export interface RgbImage {
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /** `[height, width, 3]`. */
  readonly data: Uint8Array;
}

/** A rectangle in pixels, half-open: left, top, right, bottom. */
export type Box = readonly [x0: number, y0: number, x1: number, y1: number];
