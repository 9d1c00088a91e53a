/**
 * Images at any resolution out of tiles: the whole image once at the tile's size, then tiles of
 * it enlarged, their tokens in one map whose rows end with a newline token.
 *
 * Source: transformers `image_processing_llava_onevision.py`, `processing_llava_onevision.py`,
 * `image_processing_llava_next.py`, `processing_llava_next.py`.
 * @module
 */
import { configLimits } from "../model/config_limits.ts";
import type { JsonReader } from "../common/json_reader.ts";
import type { NamedArray } from "../model/model_inputs.ts";
import { type Color, cutOut, cutTiles, stackImages } from "./canvas.ts";
import { type FixedSize, readFixedSize } from "./fixed_resolution.ts";
import type { Box, RgbImage } from "./image.ts";
import { newValues } from "./media_bounds.ts";
import type { LayoutPiece, MediaRecipe } from "./media_layout.ts";
import { levelTable } from "./normalize.ts";
import {
  type PixelConfig,
  type PixelDefaults,
  readPixelConfig,
  readSize,
} from "./processor_files.ts";
import { resizeImage, resizeOnCanvas } from "./resize.ts";
import type { Size } from "./smart_resize.ts";

/**
 * The resolution that keeps most of an image and wastes least.
 *
 * @param original height and width of the image
 * @param resolutions heights and widths to choose from; the first wins a tie
 *
 * @example
 * ```ts
 * import { bestResolution } from "./anyres.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(bestResolution([400, 1200], [[384, 384], [384, 768], [768, 384]]), [384, 768]);
 * ```
 */
export function bestResolution([height, width]: Size, resolutions: readonly Size[]): Size {
  let best = resolutions[0], kept = 0, wasted = Infinity;
  for (const resolution of resolutions) {
    const scale = Math.min(resolution[1] / width, resolution[0] / height);
    const shown = Math.trunc(width * scale) * Math.trunc(height * scale);
    const effective = Math.min(shown, width * height);
    const waste = resolution[0] * resolution[1] - effective;
    if (effective > kept || (effective === kept && waste < wasted)) {
      [best, kept, wasted] = [resolution, effective, waste];
    }
  }
  return best;
}

/** Height and width of an image that just fits into a canvas. */
export function fittedSize([height, width]: Size, [canvasHeight, canvasWidth]: Size): Size {
  const sx = canvasWidth / width, sy = canvasHeight / height;
  return sx < sy
    ? [Math.min(Math.ceil(height * sx), canvasHeight), canvasWidth]
    : [canvasHeight, Math.min(Math.ceil(width * sy), canvasWidth)];
}

/** Python's `int(round(value, 7))`. */
const truncateRounded = (value: number) => Math.trunc(Number(value.toFixed(7)));

/** The map of tokens of all tiles, without the rows or columns that show only border. */
export interface TokenMap {
  /** Rows of tokens, after shrinking. */
  readonly rows: number;
  /** Columns of tokens, after shrinking. */
  readonly columns: number;
  /** Rows left out at the top and as many at the bottom, before shrinking. */
  readonly cutRows: number;
  /** Columns left out at the left and as many at the right, before shrinking. */
  readonly cutColumns: number;
}

/**
 * Size of the map of tokens.
 *
 * Source: `_get_unpadded_features`.
 *
 * @param original height and width of the image
 * @param full rows and columns of tokens of all tiles
 * @param most number of tokens from which, 1.1 times in each direction exceeded, the map is shrunk
 */
export function tokenMap(
  [height, width]: Size,
  [fullRows, fullColumns]: Size,
  most: number,
): TokenMap {
  let cutRows = 0, cutColumns = 0;
  if (width / height > fullColumns / fullRows) {
    const rows = truncateRounded(height * (fullColumns / width));
    cutRows = Math.floor((fullRows - rows) / 2);
  } else {
    const columns = truncateRounded(width * (fullRows / height));
    cutColumns = Math.floor((fullColumns - columns) / 2);
  }
  const rows = fullRows - 2 * cutRows, columns = fullColumns - 2 * cutColumns;
  const ratio = Math.sqrt(rows * columns / most);
  if (ratio <= 1.1) return { rows, columns, cutRows, cutColumns };
  const shrunk = (side: number) => Math.floor(side / ratio);
  return { rows: shrunk(rows), columns: shrunk(columns), cutRows, cutColumns };
}

/** What the processor around the image processor says. */
export interface AnyresTokens {
  /** Placeholder in the rendered prompt, and the token that is repeated. */
  readonly token: string;
  /** Tokens along each side of a tile. */
  readonly side: number;
  /** Tiles' worth of tokens from which the map is shrunk (`anyres_max_9`: 9). */
  readonly maxTiles: number;
  /** Whether several images are shown whole, each on a square, or in tiles like one alone. */
  readonly several: "whole" | "tiled";
}

/** One image, prepared. */
interface AnyresImage {
  readonly tiles: readonly RgbImage[];
  readonly pieces: readonly LayoutPiece[];
}

/**
 * Most tiles of an image, from `vision_aspect_ratio` of a config or a processor's file.
 *
 * @param fallback where it says nothing: in a processor's file, what the config says
 */
export function readMaxTiles(reader: JsonReader, fallback = 9): number {
  const key = "vision_aspect_ratio", aspect = reader.text(key, `anyres_max_${fallback}`);
  const tiles = /^anyres_max_([1-9]\d*)$/.exec(aspect)?.[1];
  if (tiles === undefined) {
    throw reader.error(key, '"anyres_max_9" or another number of tiles', aspect);
  }
  return Number(tiles);
}

/** What holds where the file says nothing, and what the model's config says. */
export interface AnyresDefaults extends PixelDefaults {
  /** A tile's side in pixels. */
  readonly edge: number;
  /** Heights and widths of canvases. */
  readonly resolutions: readonly Size[];
  /** Those by which the model places an image's tiles; those of the file by default. */
  readonly model?: readonly Size[];
}

/** Refuses canvases that are not made of whole tiles, or that are others than the model's. */
function checkResolutions(
  settings: JsonReader,
  resolutions: readonly Size[],
  tile: FixedSize,
  model: readonly Size[] = resolutions,
): void {
  const key = "image_grid_pinpoints";
  if (resolutions.some(([height, width]) => height % tile.height > 0 || width % tile.width > 0)) {
    throw settings.error(key, `multiples of a tile, ${tile.height} x ${tile.width}`, resolutions);
  }
  if (String(resolutions) === String(model)) return;
  throw settings.error(
    key,
    `those of config.json, ${JSON.stringify(model).slice(0, 80)}`,
    resolutions,
  );
}

/**
 * Images: one alone is shown whole and in tiles; several are, too, or each whole on a square.
 *
 * @param settings of the image processor; read here and now
 * @param defaults where the file says nothing; `edge` is a tile's side in pixels
 * @returns tensors `pixel_values` `[n, tiles, 3, height, width]`, zeros where an image has fewer
 *   tiles than another, `image_sizes` `[n, 2]` (heights and widths of the originals) and, where
 *   several are shown whole, `batch_num_images` `[1]`
 * @throws {InputError} for settings that are unknown or of the wrong type
 */
export function anyresImages(
  tokens: AnyresTokens,
  settings: JsonReader,
  defaults: AnyresDefaults,
): MediaRecipe<RgbImage> {
  const config = readPixelConfig(settings, defaults);
  const tile = readFixedSize(settings, "size", defaults.edge);
  const resolutions = settings.sizes(
    "image_grid_pinpoints",
    defaults.resolutions,
    configLimits.side,
    configLimits.resolutions,
  );
  checkResolutions(settings, resolutions, tile, defaults.model);
  settings.require("do_pad", true);
  if (settings.has("crop_size")) {
    const crop = readSize(settings, "crop_size");
    for (const key of ["height", "width"] as const) crop.require(key, tile[key]);
  }
  settings.ignore("do_center_crop"); // tiles have that size already
  settings.finish();
  const levels = levelTable(config);
  const background = config.imageMean.map((mean) => Math.trunc(mean * 255)) as unknown as Color;
  const prepareOne = (image: RgbImage, media: number, inTiles: boolean) =>
    inTiles
      ? tiled(image, media, tile, config, resolutions, tokens)
      : onSquare(image, media, tile, config, background, tokens);
  return {
    placeholder: tokens.token,
    takesSizes: false,
    prepare(images) {
      const inTiles = images.length === 1 || tokens.several === "tiled";
      const prepared = images.map((image, i) => prepareOne(image, i, inTiles));
      const stacks = prepared.map(({ tiles }) => stackImages(tiles, levels));
      const most = Math.max(...stacks.map(({ shape }) => shape[0]));
      const shape = [most, ...stacks[0].shape.slice(1)];
      const size = shape.reduce((a, b) => a * b), data = newValues(images.length * size);
      stacks.forEach((stack, i) => data.set(stack.data, i * size));
      const sizes = Int32Array.from(images.flatMap(({ height, width }) => [height, width]));
      const tensors: Record<string, NamedArray> = {
        pixel_values: { data, shape: [images.length, ...shape] },
        image_sizes: { data: sizes, shape: [images.length, 2] },
        ...(tokens.several === "whole"
          ? { batch_num_images: { data: Int32Array.of(images.length), shape: [1] } }
          : {}),
      };
      return { tensors, layouts: prepared.map(({ pieces }) => pieces) };
    },
  };
}

/** A grid of tokens of one image. */
function imagePiece(
  { token }: AnyresTokens,
  { width, height }: RgbImage,
  media: number,
  [rows, columns]: Size,
  newline: "none" | "row" | "end",
  region: Box,
): LayoutPiece {
  const grid = { kind: "image", media, size: [width, height], frames: [] } as const;
  return { token, grid: { ...grid, rows, columns, newline, region } };
}

/** An image whole and in tiles. */
function tiled(
  image: RgbImage,
  media: number,
  tile: FixedSize,
  config: PixelConfig,
  resolutions: readonly Size[],
  tokens: AnyresTokens,
): AnyresImage {
  const { width, height } = image, { side, maxTiles } = tokens;
  const canvas = bestResolution([height, width], resolutions);
  const [newHeight, newWidth] = fittedSize([height, width], canvas);
  const resized = resizeImage(image, newWidth, newHeight, config.filter);
  const left = Math.floor((canvas[1] - newWidth) / 2),
    top = Math.floor((canvas[0] - newHeight) / 2);
  const padded = cutOut(resized, -left, -top, canvas[1], canvas[0]);
  const down = Math.floor(canvas[0] / tile.height), across = Math.floor(canvas[1] / tile.width);
  const map = tokenMap([height, width], [side * down, side * across], maxTiles * side * side);
  const x = (column: number) => (column * tile.width / side - left) * width / newWidth;
  const y = (row: number) => (row * tile.height / side - top) * height / newHeight;
  const region: Box = [
    x(map.cutColumns),
    y(map.cutRows),
    x(side * across - map.cutColumns),
    y(side * down - map.cutRows),
  ];
  return {
    tiles: [
      resizeImage(image, tile.width, tile.height, config.filter),
      ...cutTiles(padded, tile.width, tile.height),
    ],
    pieces: [
      imagePiece(tokens, image, media, [side, side], "none", [0, 0, width, height]),
      // nothing but the whole image is left of a strip thinner than a token
      ...(map.rows > 0
        ? [imagePiece(tokens, image, media, [map.rows, map.columns], "row", region)]
        : []),
    ],
  };
}

/** An image whole, in the middle of a square. */
function onSquare(
  image: RgbImage,
  media: number,
  tile: FixedSize,
  config: PixelConfig,
  background: Color,
  tokens: AnyresTokens,
): AnyresImage {
  const edge = Math.max(image.width, image.height);
  const left = Math.floor((edge - image.width) / 2), top = Math.floor((edge - image.height) / 2);
  const canvas = { width: edge, height: edge, left, top, color: background };
  const region: Box = [-left, -top, edge - left, edge - top];
  return {
    tiles: [resizeOnCanvas(image, canvas, tile.width, tile.height, config.filter)],
    pieces: [imagePiece(tokens, image, media, [tokens.side, tokens.side], "end", region)],
  };
}
