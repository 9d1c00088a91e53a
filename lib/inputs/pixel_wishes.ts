/**
 * Sizes and frames that a message asks for, image by image.
 *
 * Source: qwen-vl-utils 0.0.14, `vision_process.py` (`fetch_image`, `fetch_video`); frames by the
 * rules of the model's own processor in transformers.
 * @module
 */
import type { FrameWishes, PixelWishes } from "./message_parts.ts";
import { imageSize, type PixelBudget, type Size } from "./smart_resize.ts";
import type { FrameSampling } from "./video.ts";

/** Limits of qwen-vl-utils, in tokens. */
const [imageLeast, imageMost, frameLeast, frameMost, sequence] = [4, 16_384, 128, 768, 128_000];

/** Frames per second that qwen-vl-utils samples. */
const usualFps = 2;

/** What may be asked of an image or video. */
export type MediaWishes = PixelWishes & FrameWishes & { readonly fps?: number };

/** Whether a size is asked for. */
export function wishesSize(wishes: MediaWishes | undefined): boolean {
  const { min_pixels, max_pixels, resized_height, total_pixels } = wishes ?? {};
  return [min_pixels, max_pixels, resized_height, total_pixels].some((wish) => wish !== undefined);
}

/** The size asked for outright, or null. */
function outright({ factor }: PixelBudget, wishes: PixelWishes): Size | null {
  const { resized_height: height, resized_width: width } = wishes;
  if (height === undefined || width === undefined) return null;
  const [minPixels, maxPixels] = [imageLeast * factor ** 2, imageMost * factor ** 2];
  return imageSize([height, width], { factor, minPixels, maxPixels });
}

/**
 * The size of an image that may have wishes; what it does not say is the checkpoint's.
 *
 * @example
 * ```ts
 * import { wishedImageSize } from "./pixel_wishes.ts";
 * import { assertEquals } from "@std/assert";
 * const budget = { factor: 28, minPixels: 3136, maxPixels: 1003520 };
 * assertEquals(wishedImageSize([280, 560], budget, { max_pixels: 50176 }), [140, 308]);
 * ```
 */
export function wishedImageSize(size: Size, budget: PixelBudget, wishes: PixelWishes = {}): Size {
  const asked = outright(budget, wishes);
  if (asked) return asked;
  const { min_pixels, max_pixels } = wishes;
  const maxPixels = max_pixels ?? Math.max(budget.maxPixels, min_pixels ?? 0);
  const minPixels = min_pixels ?? Math.min(budget.minPixels, maxPixels);
  return imageSize(size, { factor: budget.factor, minPixels, maxPixels });
}

/** The size of a video's frames where wishes are given: each frame has a budget of its own. */
export function wishedFrameSize(
  size: Size,
  frames: number,
  budget: PixelBudget,
  wishes: MediaWishes,
): Size {
  const asked = outright(budget, wishes);
  if (asked) return asked;
  const { factor } = budget, token = factor ** 2;
  const minPixels = wishes.min_pixels ?? frameLeast * token;
  const total = wishes.total_pixels ?? sequence * token * 0.9;
  const share = Math.max(
    Math.min(frameMost * token, total / frames * 2),
    Math.trunc(minPixels * 1.05),
  );
  const maxPixels = Math.min(wishes.max_pixels ?? share, share);
  return imageSize(size, { factor, minPixels: Math.min(minPixels, maxPixels), maxPixels });
}

/**
 * How frames are chosen where wishes are given.
 *
 * @param isFile whether `fps` asks for frames per second (of a file), not for those of a list
 */
export function wishedSampling(
  sampling: FrameSampling,
  wishes: MediaWishes = {},
  isFile = false,
): FrameSampling {
  const { nframes, fps, min_frames, max_frames } = wishes;
  const minFrames = min_frames ?? sampling.minFrames;
  // limits mean sampling: at qwen-vl-utils' rate, where the checkpoint takes every frame
  const limited = min_frames !== undefined || max_frames !== undefined;
  const rate = isFile && fps !== undefined ? fps : sampling.fps ?? (limited ? usualFps : null);
  return {
    fps: nframes === undefined ? rate : null,
    numFrames: nframes ?? (isFile && fps !== undefined ? null : sampling.numFrames),
    minFrames: Math.min(minFrames, max_frames ?? minFrames),
    maxFrames: max_frames ?? sampling.maxFrames,
  };
}
