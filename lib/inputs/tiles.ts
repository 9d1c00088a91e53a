/**
 * Images as tiles: the image is stretched to a grid of square tiles of nearly its aspect, each
 * tile becomes a grid of tokens, and a thumbnail of the whole follows.
 *
 * Source: transformers `image_processing_got_ocr2.py`, `processing_internvl.py`.
 * @module
 */
import { configLimits } from "../model/config_limits.ts";
import type { JsonReader } from "../common/json_reader.ts";
import { cutTiles, stackImages } from "./canvas.ts";
import { readFixedSize } from "./fixed_resolution.ts";
import type { Box, RgbImage } from "./image.ts";
import type { MediaRecipe } from "./media_layout.ts";
import { levelTable } from "./normalize.ts";
import { type PixelDefaults, readPixelConfig } from "./processor_files.ts";
import { resizeImage } from "./resize.ts";
import type { Size } from "./smart_resize.ts";

/**
 * Columns and rows of tiles whose aspect is nearest to the image's; on a tie, more tiles as long
 * as they are not too many for the image.
 *
 * @param original height and width of the image
 * @param tile height and width of a tile
 *
 * @example
 * ```ts
 * import { tileGrid } from "./tiles.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(tileGrid([61, 97], [56, 56], 1, 4), [2, 1]);
 * ```
 */
export function tileGrid(
  [height, width]: Size,
  tile: Size,
  least: number,
  most: number,
): readonly [columns: number, rows: number] {
  const grids: (readonly [columns: number, rows: number])[] = [];
  for (let columns = 1; columns <= most; columns++) {
    for (let rows = 1; rows <= most; rows++) {
      if (columns * rows >= least && columns * rows <= most) grids.push([columns, rows]);
    }
  }
  grids.sort((a, b) => a[0] * a[1] - b[0] * b[1]); // stable
  let best: readonly [columns: number, rows: number] = [1, 1], smallest = Infinity;
  for (const grid of grids) {
    const difference = Math.abs(width / height - grid[0] / grid[1]);
    const small = width * height > 0.5 * tile[0] * tile[1] * grid[0] * grid[1];
    if (difference < smallest || (difference === smallest && small)) best = grid;
    smallest = Math.min(smallest, difference);
  }
  return best;
}

/** What the processor around the image processor says. */
export interface TileTokens {
  /** Placeholder in the rendered prompt, and the token that is repeated. */
  readonly token: string;
  /** Text before the tokens of an image. */
  readonly start: string;
  /** Text after them. */
  readonly end: string;
  /** Tokens along each side of a tile. */
  readonly side: number;
}

/**
 * Images: each becomes the tokens of its tiles, tile by tile, and of its thumbnail.
 *
 * The file's `crop_to_patches` does not count: the processor around it always cuts tiles.
 *
 * @param settings of the image processor; read here and now
 * @param defaults where the file says nothing; `edge` is a tile's side in pixels
 * @returns tensor `pixel_values` `[tiles of all, 3, height, width]`
 * @throws {InputError} for settings that are unknown or of the wrong type
 */
export function tiledImages(
  { token, start, end, side }: TileTokens,
  settings: JsonReader,
  defaults: PixelDefaults & { readonly edge: number },
): MediaRecipe<RgbImage> {
  const config = readPixelConfig(settings, defaults);
  const tile = readFixedSize(settings, "size", defaults.edge);
  const within = (pixels: number) =>
    Math.max(1, Math.min(configLimits.tiles, Math.floor(pixels / (tile.height * tile.width))));
  const least = settings.count("min_patches", 1, within(configLimits.leastPixels));
  const most = settings.count("max_patches", 12, within(configLimits.mostPixels));
  settings.ignore("crop_to_patches");
  settings.finish();
  const levels = levelTable(config);
  const prepareOne = (image: RgbImage) => {
    const { width, height } = image;
    const [columns, rows] = tileGrid([height, width], [tile.height, tile.width], least, most);
    const whole = resizeImage(image, columns * tile.width, rows * tile.height, config.filter);
    const tiles = cutTiles(whole, tile.width, tile.height);
    const x = (column: number) => column * width / columns,
      y = (row: number) => row * height / rows;
    const regions = tiles.map((_, i): Box => {
      const column = i % columns, row = Math.floor(i / columns);
      return [x(column), y(row), x(column + 1), y(row + 1)];
    });
    if (tiles.length > 1) {
      tiles.push(resizeImage(image, tile.width, tile.height, config.filter));
      regions.push([0, 0, width, height]);
    }
    return { tiles, regions };
  };
  return {
    placeholder: token,
    takesSizes: false,
    prepare(images) {
      const prepared = images.map(prepareOne);
      const tiles = prepared.flatMap((one) => one.tiles);
      return {
        tensors: { pixel_values: stackImages(tiles, levels) },
        rows: prepared.map((one) => one.tiles.length),
        layouts: prepared.map(({ regions }, media) => [
          start,
          ...regions.map((region) => {
            const size = [images[media].width, images[media].height] as const;
            const grid = { kind: "image", media, size, frames: [], newline: "none" } as const;
            return { token, grid: { ...grid, rows: side, columns: side, region } };
          }),
          end,
        ]),
      };
    },
  };
}
