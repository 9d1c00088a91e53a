/**
 * The order of LLaVA-OneVision's visual tokens: tiles as one map with newlines, frames at half the
 * resolution.
 *
 * Source: transformers `modeling_llava_onevision.py` (`pack_image_features`, `apply_pooling`).
 * @module
 */
import { bestResolution, tokenMap } from "../inputs/anyres.ts";
import { type TileLayoutRule, tileSide } from "../model/image_tower.ts";
import { bilinearSamples, type RowSamples } from "../model/sampled_rows.ts";

/** `count` whole numbers from `first` on. */
const range = (first: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => first + i);

/**
 * Rows of pictures. One picture: the whole of it, then the map of its tiles, without the parts that
 * show only border, a newline after each row. Several: each whole, and a newline.
 */
export const onevisionImages: TileLayoutRule = (media, config) => {
  const side = tileSide(config), perTile = side * side;
  const sizes = media["image_sizes"].data, pictures = sizes.length / 2;
  if (pictures > 1) {
    const newline = pictures * perTile;
    const order = range(0, pictures).flatMap((i) => [...range(i * perTile, perTile), newline]);
    return { resampled: [], order: Int32Array.from(order) };
  }
  const { resolutions, maxTiles } = config.anyres!;
  const original = [sizes[0], sizes[1]] as const;
  const [height, width] = bestResolution(original, resolutions);
  const tile = config.encoder.imageSize;
  const down = Math.floor(height / tile), across = Math.floor(width / tile);
  const full = [side * down, side * across] as const;
  const map = tokenMap(original, full, maxTiles * perTile);
  // tiles come row by row after the whole picture, each row by row
  const rowAt = (y: number, x: number) => {
    const place = Math.floor(y / side) * across + Math.floor(x / side);
    return (1 + place) * perTile + y % side * side + x % side;
  };
  const shown = [full[0] - 2 * map.cutRows, full[1] - 2 * map.cutColumns] as const;
  const shrunk = map.rows !== shown[0] || map.columns !== shown[1];
  const cutAt = (y: number, x: number) => rowAt(y + map.cutRows, x + map.cutColumns);
  const projected = (1 + down * across) * perTile;
  const resampled = shrunk ? [bilinearSamples(shown, [map.rows, map.columns], cutAt)] : [];
  const newline = projected + (shrunk ? map.rows * map.columns : 0);
  const at = shrunk ? (y: number, x: number) => projected + y * map.columns + x : cutAt;
  const order = range(0, perTile);
  for (let y = 0; y < map.rows; y++) {
    for (let x = 0; x < map.columns; x++) order.push(at(y, x));
    order.push(newline);
  }
  return { resampled, order: Int32Array.from(order) };
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
