/**
 * Videos as lists of frames: which of them a model sees, and when they were.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { RgbImage } from "./image.ts";
import { roundHalfEven } from "./rounding.ts";

/** Frames per second of a video that does not say: transformers' assumption. */
export const defaultFps = 24;

/** A video in memory. */
export interface Video {
  /** All its frames, or those chosen, of equal size. */
  readonly frames: readonly RgbImage[];
  /** Frames per second of the whole video. */
  readonly fps: number;
  /** Which frames of how many `frames` are, where they were chosen before they were unpacked. */
  readonly chosen?: { readonly indices: readonly number[]; readonly total: number };
}

/** The frames of a video that a model sees. */
export interface ChosenFrames {
  readonly frames: readonly RgbImage[];
  /** Their numbers in the whole video. */
  readonly indices: readonly number[];
  /** Frames of the whole video. */
  readonly total: number;
}

/** The chosen frames of a video; `choose` is asked where they are not chosen yet. */
export function chosenFrames(
  { frames, fps, chosen }: Video,
  choose: (total: number, fps: number) => readonly number[],
): ChosenFrames {
  if (chosen) return { frames, ...chosen };
  const indices = choose(frames.length, fps);
  return { frames: indices.map((index) => frames[index]), indices, total: frames.length };
}

/** How frames are chosen. */
export interface FrameSampling {
  /** Wanted frames per second, or null to take every frame. */
  readonly fps: number | null;
  /** Wanted number of frames, which then counts instead of `fps`. */
  readonly numFrames?: number | null;
  /** Fewest frames, if the video has them. */
  readonly minFrames: number;
  /** Most frames. */
  readonly maxFrames: number;
}

/** Which frames of `total`, recorded at `fps`, to take; patches hold `temporalPatchSize` frames. */
export type FrameRule = (
  total: number,
  fps: number,
  sampling: FrameSampling,
  temporalPatchSize: number,
) => number[];

/** Throws unless a video has frames of one size and a frame rate. */
export function checkVideo(video: Video, name = "the video"): Video {
  const { frames, fps } = video;
  if (frames.length === 0) throw new InputError(`Cannot use ${name}: it has no frames`);
  if (!(fps > 0 && fps < Infinity)) {
    throw new InputError(`Cannot use ${name} of ${fps} frames per second: wanted more than 0`);
  }
  const { width, height } = frames[0];
  const other = frames.findIndex((frame) => frame.width !== width || frame.height !== height);
  if (other >= 0) {
    throw new InputError(
      `Cannot use ${name}: frame ${other} has ${frames[other].width} x ${frames[other].height} ` +
        `pixels, frame 0 has ${width} x ${height}; all must be of one size`,
    );
  }
  return video;
}

/**
 * `count` whole numbers from 0 to `total - 1`, evenly spread, halves rounded to even.
 *
 * Source: `np.linspace(0, total - 1, count).round()`.
 *
 * @example
 * ```ts
 * import { evenIndices } from "./video.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(evenIndices(8, 4), [0, 2, 5, 7]);
 * ```
 */
export function evenIndices(total: number, count: number): number[] {
  if (count === 1) return [0];
  const step = (total - 1) / (count - 1);
  return Array.from(
    { length: count },
    (_, i) => i === count - 1 ? total - 1 : roundHalfEven(i * step),
  );
}

/** All frames. */
const everyFrame = (total: number) => Array.from({ length: total }, (_, i) => i);

/** Throws if more frames are wanted than there are, or none. */
function checkCount(wanted: number, total: number, fps: number): void {
  if (wanted < 1) {
    throw new InputError(
      `Cannot sample a video of ${total} frame${
        total === 1 ? "" : "s"
      } at ${fps} a second: no frame is left; ask for more ` +
        "frames a second",
    );
  }
  if (wanted <= total) return;
  throw new InputError(`Cannot sample ${wanted} frames of a video that has ${total}`);
}

/**
 * Which frames a model sees: at the wanted rate, within the limits, evenly spread from the first to
 * the last.
 *
 * Source: `sample_frames` of transformers' `video_processing_qwen3_vl.py`.
 *
 * @example
 * ```ts
 * import { spreadFrames } from "./video.ts";
 * import { assertEquals } from "@std/assert";
 * // Two seconds at 4 frames a second, wanted at 2 a second, but at least 4 frames.
 * const sampling = { fps: 2, minFrames: 4, maxFrames: 6 };
 * assertEquals(spreadFrames(8, 4, sampling, 2), [0, 2, 5, 7]);
 * ```
 */
export const spreadFrames: FrameRule = (total, fps, sampling): number[] => {
  const { minFrames, maxFrames, numFrames } = sampling;
  if (numFrames) return evenIndices(total, numFrames);
  if (sampling.fps === null) return everyFrame(total);
  const wanted = Math.trunc(total / fps * sampling.fps);
  return evenIndices(total, Math.min(Math.max(wanted, minFrames), maxFrames, total));
};

/**
 * Which frames a model sees: at the wanted rate, whole temporal patches of them, at equal steps from
 * the first.
 *
 * Source: `sample_frames` of transformers' `video_processing_qwen2_vl.py`.
 */
export const steppedFrames: FrameRule = (total, fps, sampling, patch): number[] => {
  const whole = (frames: number) => Math.floor(frames / patch) * patch;
  let count: number;
  if (sampling.numFrames) count = roundHalfEven(sampling.numFrames / patch) * patch;
  else if (sampling.fps === null) return everyFrame(total);
  else {
    const most = whole(Math.min(sampling.maxFrames, total));
    const wanted = total / fps * sampling.fps;
    count = whole(Math.min(Math.max(wanted, sampling.minFrames), most, total));
  }
  checkCount(count, total, fps);
  const step = total / count;
  return Array.from({ length: count }, (_, i) => Math.trunc(Math.fround(i * step)));
};

/**
 * Which frames a model sees: at the wanted rate, at equal whole-number steps from the first.
 *
 * Source: `default_sample_indices_fn` of transformers' `video_utils.py`.
 */
export const defaultFrames: FrameRule = (total, fps, sampling): number[] => {
  if (!sampling.numFrames && sampling.fps === null) return everyFrame(total);
  const count = sampling.numFrames || Math.max(1, Math.trunc(total / fps * sampling.fps!));
  checkCount(count, total, fps);
  return Array.from({ length: count }, (_, i) => Math.floor(i * total / count));
};

/**
 * Which frames a model sees: at the wanted rate, from the middles of equal stretches.
 *
 * Source: `sample_frames` of transformers' `video_processing_internvl.py`.
 */
export const middleFrames: FrameRule = (total, fps, sampling): number[] => {
  if (!sampling.numFrames && sampling.fps === null) return everyFrame(total);
  const count = sampling.numFrames || Math.trunc(total / fps * sampling.fps!);
  checkCount(count, total, fps);
  const step = total / count;
  return Array.from({ length: count }, (_, i) => Math.trunc(Math.fround(step / 2 + i * step)));
};

/**
 * Frames of each temporal patch; the last one is repeated where they do not fill it.
 *
 * @example
 * ```ts
 * import { temporalPatches } from "./video.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(temporalPatches([0, 2, 5], 2), [[0, 2], [5, 5]]);
 * ```
 */
export function temporalPatches(indices: readonly number[], size: number): number[][] {
  const patches: number[][] = [];
  for (let i = 0; i < indices.length; i += size) {
    patches.push(
      Array.from({ length: size }, (_, j) => indices[Math.min(i + j, indices.length - 1)]),
    );
  }
  return patches;
}

/**
 * Time of a temporal patch in seconds: the mean of its first and last frame's.
 *
 * Source: `_calculate_timestamps` of transformers' `processing_qwen3_vl.py`.
 */
export function patchSeconds(frames: readonly number[], fps: number): number {
  return (frames[0] / fps + frames[frames.length - 1] / fps) / 2;
}
