/**
 * Images at one size whatever their aspect, and (pan and scan) crops of long ones beside them.
 *
 * Source: transformers `image_processing_pil_gemma3.py`, `processing_gemma3.py`.
 * @module
 */
import type { JsonReader } from "../common/json_reader.ts";
import { cutOut, stackImages } from "./canvas.ts";
import { readFixedSize } from "./fixed_resolution.ts";
import type { Box, RgbImage } from "./image.ts";
import type { LayoutPiece, MediaRecipe } from "./media_layout.ts";
import { levelTable } from "./normalize.ts";
import { type PixelDefaults, readPixelConfig } from "./processor_files.ts";
import { resizeImage } from "./resize.ts";

/** What stands for an image in the prompt. */
export interface ImageTokens {
  /** Placeholder in the rendered prompt; also stands before the tokens. */
  readonly start: string;
  /** The token that is repeated. */
  readonly token: string;
  /** Stands behind the tokens. */
  readonly end: string;
  /** Tokens along each side. */
  readonly side: number;
}

/** When an image is cropped, and how often. */
export interface PanAndScan {
  /** Least side of a crop in pixels. */
  readonly leastSide: number;
  /** Crops of an image at most. */
  readonly mostCrops: number;
  /** Aspect from which on there are crops. */
  readonly leastAspect: number;
}

/**
 * The crops of a long image, side by side, in its pixels; none where it is not long enough, or the crops
 * would be too small.
 *
 * @example
 * ```ts
 * import { cropsOf } from "./pan_and_scan.ts";
 * import { assertEquals } from "@std/assert";
 * const rules = { leastSide: 256, mostCrops: 4, leastAspect: 1.2 };
 * assertEquals(cropsOf(640, 280, rules), [[0, 0, 320, 280], [320, 0, 640, 280]]);
 * assertEquals(cropsOf(300, 280, rules), []);
 * ```
 */
export function cropsOf(
  width: number,
  height: number,
  { leastSide, mostCrops, leastAspect }: PanAndScan,
): Box[] {
  const long = Math.max(width, height), short = Math.min(width, height);
  if (long / short < leastAspect) return [];
  const wished = Math.min(Math.floor(long / leastSide), Math.floor(long / short + 0.5));
  const count = Math.min(mostCrops, Math.max(2, wished));
  const size = Math.ceil(long / count);
  if (Math.min(size, short) < leastSide) return [];
  return Array.from({ length: count }, (_, i): Box => {
    const from = size * i, to = Math.min(long, from + size);
    return width >= height ? [from, 0, to, height] : [0, from, width, to];
  });
}

/**
 * Images: each is resized to a square and becomes one grid of tokens; with pan and scan, so do its
 * crops.
 *
 * @param settings of the image processor; read here and now
 * @param defaults where the file says nothing; `edge` is the side in pixels
 * @returns tensor `pixel_values` `[n, 3, height, width]`
 * @throws {InputError} for settings that are unknown or of the wrong type
 */
export function panAndScanImages(
  { start, token, end, side }: ImageTokens,
  settings: JsonReader,
  defaults: PixelDefaults & { readonly edge: number },
): MediaRecipe<RgbImage> {
  const config = readPixelConfig(settings, defaults);
  const { width, height } = readFixedSize(settings, "size", defaults.edge);
  settings.ignore("image_seq_length"); // the processor's own file says it
  const crops = settings.boolean("do_pan_and_scan", false);
  const rules: PanAndScan = {
    leastSide: settings.count("pan_and_scan_min_crop_size", 256),
    mostCrops: settings.count("pan_and_scan_max_num_crops", 4),
    leastAspect: settings.number("pan_and_scan_min_ratio_to_activate", 1.2),
  };
  settings.finish();
  const levels = levelTable(config);
  const sized = (image: RgbImage) =>
    config.doResize ? resizeImage(image, width, height, config.filter) : image;
  return {
    placeholder: start,
    takesSizes: false,
    prepare(images) {
      const shown = images.map((image): Box[] => [
        [0, 0, image.width, image.height],
        ...crops ? cropsOf(image.width, image.height, rules) : [],
      ]);
      const tiles = images.flatMap((image, i) =>
        shown[i].map(([x0, y0, x1, y1]) => sized(cutOut(image, x0, y0, x1 - x0, y1 - y0)))
      );
      return {
        tensors: { pixel_values: stackImages(tiles, levels) },
        layouts: images.map((image, media) => {
          const size = [image.width, image.height] as const;
          const [whole, ...parts] = shown[media].map((region): LayoutPiece[] => {
            const grid = { kind: "image", media, size, frames: [], region } as const;
            return [
              `\n\n${start}`,
              { token, grid: { ...grid, rows: side, columns: side, newline: "none" } },
              `${end}\n\n`,
            ];
          });
          if (parts.length === 0) return whole;
          return [
            "Here is the original image ",
            ...whole,
            " and here are some crops to help you see better ",
            ...parts.flatMap((part, i) => i === 0 ? part : [" ", ...part]),
          ];
        }),
      };
    },
  };
}
