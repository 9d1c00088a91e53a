/**
 * The order of the visual tokens of LLaVA-OneVision and LLaVA-NeXT: tiles as one map with newlines,
 * frames at half the resolution.
 *
 * Source: transformers `modeling_llava_onevision.py` (`pack_image_features`, `apply_pooling`),
 * `modeling_llava_next.py` (`pack_image_features`).
 * @module
 */
import { bestResolution, tokenMap } from "../inputs/anyres.ts";
import type { ImageTowerConfig } from "../model/config.ts";
import { type TileLayoutRule, tileSide } from "../model/image_tower.ts";
import type { Media } from "../model/model_inputs.ts";
import { bilinearSamples, type RowSamples } from "../model/sampled_rows.ts";

/** `count` whole numbers from `first` on. */
const range = (first: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => first + i);

/** One image whole and in tiles: how the rows of its tiles are laid out. */
interface TiledImage {
  /** The map of tokens, resampled where there are too many. */
  readonly resampled: readonly RowSamples[];
  /** Its rows, newlines included. */
  readonly order: readonly number[];
}

/**
 * Rows of one image: the whole of it, then the map of its tiles, without the parts that show only
 * border, a newline after each row.
 *
 * @param original height and width in pixels
 * @param first row of its first tile
 * @param newline row of the newline, given the number of rows so far, resampled ones included
 */
function tiledImage(
  config: ImageTowerConfig,
  original: readonly [number, number],
  first: number,
  newline: (rowsBefore: number) => number,
): TiledImage {
  const side = tileSide(config), perTile = side * side, tile = config.encoder.imageSize;
  const { resolutions, maxTiles } = config.anyres!;
  const [height, width] = bestResolution(original, resolutions);
  const down = Math.floor(height / tile), across = Math.floor(width / tile);
  const full = [side * down, side * across] as const;
  const map = tokenMap(original, full, maxTiles * perTile);
  // tiles come row by row after the whole image, each row by row
  const rowAt = (y: number, x: number) => {
    const place = Math.floor(y / side) * across + Math.floor(x / side);
    return first + (1 + place) * perTile + y % side * side + x % side;
  };
  const projected = first + (1 + down * across) * perTile;
  const shown = [full[0] - 2 * map.cutRows, full[1] - 2 * map.cutColumns] as const;
  const shrunk = map.rows !== shown[0] || map.columns !== shown[1];
  const cutAt = (y: number, x: number) => rowAt(y + map.cutRows, x + map.cutColumns);
  const resampled = shrunk ? [bilinearSamples(shown, [map.rows, map.columns], cutAt)] : [];
  const at = shrunk ? (y: number, x: number) => projected + y * map.columns + x : cutAt;
  const end = newline(projected + (shrunk ? map.rows * map.columns : 0));
  const order = range(first, perTile);
  for (let y = 0; y < map.rows; y++) {
    for (let x = 0; x < map.columns; x++) order.push(at(y, x));
    order.push(end);
  }
  return { resampled, order };
}

/** Heights and widths of the prompt's images. */
function sizesOf(media: Media): [height: number, width: number][] {
  const { data } = media["image_sizes"];
  return range(0, data.length / 2).map((i) => [data[2 * i], data[2 * i + 1]]);
}

/**
 * Rows of LLaVA-OneVision's images. One image: the whole of it, then the map of its tiles.
 * Several: each whole, and a newline.
 */
export const onevisionImages: TileLayoutRule = (media, config) => {
  const perTile = tileSide(config) ** 2, sizes = sizesOf(media);
  if (sizes.length > 1) {
    const newline = sizes.length * perTile;
    const order = sizes.flatMap((_, i) => [...range(i * perTile, perTile), newline]);
    return { resampled: [], order: Int32Array.from(order) };
  }
  const { resampled, order } = tiledImage(config, sizes[0], 0, (rowsBefore) => rowsBefore);
  return { resampled, order: Int32Array.from(order) };
};

/** Rows of LLaVA-NeXT's images: each whole, then the map of its tiles; none is shrunk. */
export const nextImages: TileLayoutRule = (media, config) => {
  const perTile = tileSide(config) ** 2, most = media["pixel_values"].shape[1];
  const sizes = sizesOf(media), newline = sizes.length * most * perTile;
  const order = sizes.flatMap((size, i) =>
    tiledImage(config, size, i * most * perTile, () => newline).order
  );
  return { resampled: [], order: Int32Array.from(order) };
};

/** Rows of videos: each frame at half the resolution, a newline after the last frame of each. */
export const onevisionVideos: TileLayoutRule = (media, config) => {
  const side = tileSide(config), half = Math.ceil(side / 2);
  const [videos, frames] = media["pixel_values_videos"].shape;
  const resampled: RowSamples[] = range(0, videos * frames).map((frame) =>
    bilinearSamples([side, side], [half, half], (y, x) => (frame * side + y) * side + x)
  );
  const projected = videos * frames * side * side, each = frames * half * half;
  const newline = projected + videos * each;
  const order = range(0, videos).flatMap((i) => [...range(projected + i * each, each), newline]);
  return { resampled, order: Int32Array.from(order) };
};
