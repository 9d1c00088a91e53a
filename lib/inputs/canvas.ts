/**
 * Cutting images out of images, with a border where there is nothing, and stacking them.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { NamedArray } from "../model/model_inputs.ts";
import type { RgbImage } from "./image.ts";
import { newValues } from "./media_bounds.ts";

/** Grey levels of red, green and blue. */
export type Color = readonly [red: number, green: number, blue: number];

/**
 * A rectangle of an image; what lies outside of the image gets one colour.
 *
 * @param left first column, possibly negative
 * @param top first row, possibly negative
 *
 * @example
 * ```ts
 * import { cutOut } from "./canvas.ts";
 * import { assertEquals } from "@std/assert";
 * const dot = { width: 1, height: 1, data: Uint8Array.of(1, 2, 3) };
 * assertEquals([...cutOut(dot, -1, 0, 2, 1, [9, 9, 9]).data], [9, 9, 9, 1, 2, 3]);
 * ```
 */
export function cutOut(
  image: RgbImage,
  left: number,
  top: number,
  width: number,
  height: number,
  outside: Color = [0, 0, 0],
): RgbImage {
  const data = new Uint8Array(width * height * 3);
  if (outside.some((level) => level > 0)) {
    for (let i = 0; i < data.length; i++) data[i] = outside[i % 3];
  }
  const x0 = Math.max(left, 0), x1 = Math.min(left + width, image.width);
  for (let y = Math.max(top, 0); x0 < x1 && y < Math.min(top + height, image.height); y++) {
    const row = image.data.subarray((y * image.width + x0) * 3, (y * image.width + x1) * 3);
    data.set(row, ((y - top) * width + x0 - left) * 3);
  }
  return { width, height, data };
}

/** Cuts an image into tiles of one size, row by row; its sides must be multiples of theirs. */
export function cutTiles(image: RgbImage, width: number, height: number): RgbImage[] {
  const tiles: RgbImage[] = [];
  for (let y = 0; y < image.height; y += height) {
    for (let x = 0; x < image.width; x += width) tiles.push(cutOut(image, x, y, width, height));
  }
  return tiles;
}

/**
 * Images of one size as `[n, 3, height, width]`, grey levels replaced by `levels`.
 *
 * @param levels value of each grey level, `[3, 256]`, see `levelTable`
 * @throws {InputError} if sizes differ
 */
export function stackImages(images: readonly RgbImage[], levels: Float32Array): NamedArray {
  const { width, height } = images[0];
  const plane = width * height;
  const data = newValues(images.length * 3 * plane);
  images.forEach((image, n) => {
    if (image.width !== width || image.height !== height) {
      throw new InputError(
        `Cannot stack images of ${width} x ${height} and ${image.width} x ${image.height} ` +
          `pixels: all must be of one size`,
      );
    }
    for (let c = 0; c < 3; c++) {
      const to = (3 * n + c) * plane;
      for (let i = 0; i < plane; i++) data[to + i] = levels[256 * c + image.data[3 * i + c]];
    }
  });
  return { data, shape: [images.length, 3, height, width] };
}
