/**
 * Cutting images into the patches that a vision tower embeds.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { RgbImage } from "./image.ts";
import { newValues } from "./media_bounds.ts";

/** How an image is cut. */
export interface PatchConfig {
  /** p, side of a patch in pixels. */
  readonly patchSize: number;
  /** Frames of a patch; a still image is repeated to fill it. */
  readonly temporalPatchSize: number;
  /** Patches along each side of a block that later becomes one token. */
  readonly mergeSize: number;
}

/** Patches of one image or video. */
export interface Patches {
  /** `[P, 3 * frames * p * p]`: merge blocks row by row, within a block row by row, once per frame. */
  readonly data: Float32Array<ArrayBuffer>;
  /** Temporal patches, rows and columns of patches; P is their product. */
  readonly grid: readonly [frames: number, rows: number, columns: number];
}

/**
 * Cuts frames of equal size into patches and replaces grey levels by `levels`.
 *
 * Source: `patchify` of transformers' `image_processing_qwen2_vl.py` and
 * `video_processing_qwen3_vl.py`. If the last patch lacks frames, the last frame is repeated.
 *
 * @param frames one still image or the frames of a video, sides multiples of patch times merge
 * @param levels value of each grey level, `[3, 256]`, see `levelTable`
 *
 * @example
 * ```ts
 * import { cutPatches } from "./patches.ts";
 * import { assertEquals } from "@std/assert";
 * const image = { width: 2, height: 2, data: Uint8Array.from({ length: 12 }, (_, i) => i) };
 * const levels = Float32Array.from({ length: 768 }, (_, i) => i % 256);
 * const config = { patchSize: 1, temporalPatchSize: 2, mergeSize: 2 };
 * const { data, grid } = cutPatches([image], levels, config);
 * assertEquals(grid, [1, 2, 2]);
 * assertEquals([...data.subarray(0, 6)], [0, 0, 1, 1, 2, 2]); // each channel in both frames
 * ```
 */
export function cutPatches(
  frames: readonly RgbImage[],
  levels: Float32Array,
  { patchSize: p, temporalPatchSize, mergeSize }: PatchConfig,
): Patches {
  const { width, height } = frames[0];
  if (width % (p * mergeSize) !== 0 || height % (p * mergeSize) !== 0) {
    throw new InputError(
      `Cannot cut ${width} x ${height} pixels into patches of ${p} x ${p} in blocks of ` +
        `${mergeSize} x ${mergeSize}: both sides must be multiples of ${p * mergeSize}`,
    );
  }
  const times = Math.ceil(frames.length / temporalPatchSize);
  const rows = height / p, columns = width / p;
  const data = newValues(times * temporalPatchSize * height * width * 3);
  let to = 0;
  for (let time = 0; time < times; time++) {
    for (let block = 0; block < rows * columns / mergeSize ** 2; block++) {
      const blocks = columns / mergeSize;
      const top = Math.floor(block / blocks) * mergeSize, left = (block % blocks) * mergeSize;
      for (let i = 0; i < mergeSize * mergeSize; i++) {
        const y0 = (top + Math.floor(i / mergeSize)) * p, x0 = (left + i % mergeSize) * p;
        for (let c = 0; c < 3; c++) {
          for (let frame = 0; frame < temporalPatchSize; frame++) {
            const index = Math.min(time * temporalPatchSize + frame, frames.length - 1);
            const source = frames[index].data;
            for (let y = y0; y < y0 + p; y++) {
              let from = (y * width + x0) * 3 + c;
              for (let x = 0; x < p; x++, from += 3) data[to++] = levels[256 * c + source[from]];
            }
          }
        }
      }
    }
  }
  return { data, grid: [times, rows, columns] };
}

/** Joins the patches of several images, `[sum of P, values]`. */
export function joinPatches(parts: readonly Patches[]): Float32Array<ArrayBuffer> {
  if (parts.length === 1) return parts[0].data;
  const out = newValues(parts.reduce((sum, { data }) => sum + data.length, 0));
  let at = 0;
  for (const { data } of parts) {
    out.set(data, at);
    at += data.length;
  }
  return out;
}
