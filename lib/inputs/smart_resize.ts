/**
 * Sizes at which images of any shape enter a vision tower that takes them near their own
 * resolution: multiples of a factor, within a number of pixels.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { counted } from "../common/text.ts";
import { roundHalfEven } from "./rounding.ts";

/** What sizes are allowed. */
export interface PixelBudget {
  /** Both sides become multiples of this, in pixels: patch side times merge. */
  readonly factor: number;
  /** Fewest pixels; for a video, of all frames together where `frames` is given. */
  readonly minPixels: number;
  /** Most pixels, likewise. */
  readonly maxPixels: number;
}

/** Height and width in pixels. */
export type Size = readonly [height: number, width: number];

function checkAspect(height: number, width: number): void {
  const ratio = Math.max(height, width) / Math.min(height, width);
  if (!(ratio <= 200)) {
    throw new InputError(
      `Cannot resize an image of ${width} x ${height} pixels: ` +
        `the longer side must be at most 200 times the shorter`,
    );
  }
}

/**
 * The size of one image: both sides the nearest multiples of the factor (halves to even), scaled
 * down or up where that leaves the budget.
 *
 * Source: transformers `image_processing_qwen2_vl.py` `smart_resize`.
 *
 * @throws {InputError} if one side is more than 200 times the other
 *
 * @example
 * ```ts
 * import { imageSize } from "./smart_resize.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(imageSize([61, 97], { factor: 32, minPixels: 4096, maxPixels: 15360 }), [64, 96]);
 * ```
 */
export function imageSize([height, width]: Size, budget: PixelBudget): Size {
  checkAspect(height, width);
  return fit(height, width, 1, 1, budget);
}

/**
 * The size of the frames of a video whose budget counts all frames together.
 *
 * Source: transformers `video_processing_qwen3_vl.py` `smart_resize`.
 *
 * @param frames how many frames were sampled
 * @param temporalFactor frames of one patch
 * @throws {InputError} if there are fewer frames than one patch takes, or as {@link imageSize}
 */
export function videoSize(
  frames: number,
  [height, width]: Size,
  budget: PixelBudget,
  temporalFactor: number,
): Size {
  if (frames < temporalFactor) {
    throw new InputError(
      `Cannot use a video of ${counted(frames, "frame")}: wanted at least ` +
        `${temporalFactor}; give a single frame as an image`,
    );
  }
  const { factor } = budget;
  if (height < factor || width < factor) {
    const scale = Math.max(factor / height, factor / width);
    height = Math.trunc(height * scale);
    width = Math.trunc(width * scale);
  }
  checkAspect(height, width);
  const rounded = roundHalfEven(frames / temporalFactor) * temporalFactor;
  return fit(height, width, frames, rounded, budget);
}

/** Multiples of the factor within the budget, of a still image or of all frames. */
function fit(
  height: number,
  width: number,
  frames: number,
  roundedFrames: number,
  { factor, minPixels, maxPixels }: PixelBudget,
): Size {
  const rounded: Size = [
    roundHalfEven(height / factor) * factor,
    roundHalfEven(width / factor) * factor,
  ];
  const pixels = roundedFrames * rounded[0] * rounded[1];
  if (pixels > maxPixels) {
    const shrink = Math.sqrt((frames * height * width) / maxPixels);
    const down = (side: number) => Math.max(factor, Math.floor(side / shrink / factor) * factor);
    return [down(height), down(width)];
  }
  if (pixels < minPixels) {
    const grow = Math.sqrt(minPixels / (frames * height * width));
    const up = (side: number) => Math.ceil(side * grow / factor) * factor;
    return [up(height), up(width)];
  }
  return rounded;
}
