/**
 * Images and videos near their own resolution, cut into patches: for vision towers that take grids
 * of any shape.
 *
 * Source: transformers `image_processing_qwen2_vl.py`, `video_processing_qwen2_vl.py`,
 * `video_processing_qwen3_vl.py`.
 * @module
 */
import type { JsonReader } from "../common/json_reader.ts";
import { configLimits } from "../model/config_limits.ts";
import type { NamedArray } from "../model/model_inputs.ts";
import type { RgbImage } from "./image.ts";
import type { LayoutPiece, MediaRecipe, VideoRecipe } from "./media_layout.ts";
import { levelTable } from "./normalize.ts";
import { cutPatches, joinPatches, type PatchConfig, type Patches } from "./patches.ts";
import {
  type PixelConfig,
  type PixelDefaults,
  readPixelConfig,
  refuseOtherVideos,
  type VideoProcessorName,
} from "./processor_files.ts";
import { wishedFrameSize, wishedImageSize, wishedSampling, wishesSize } from "./pixel_wishes.ts";
import { resizeImage } from "./resize.ts";
import { imageSize, type PixelBudget, type Size, videoSize } from "./smart_resize.ts";
import { chosenFrames, type FrameRule, patchSeconds, temporalPatches } from "./video.ts";
import type { VisualGrid } from "./visual_grid.ts";

/** What holds where the file says nothing. */
export interface NativeDefaults extends PixelDefaults, PatchConfig {
  /** Fewest pixels. */
  readonly minPixels: number;
  /** Most pixels. */
  readonly maxPixels: number;
}

/** How images are prepared. */
export interface NativeConfig extends PixelConfig, PatchConfig, PixelBudget {}

/**
 * Reads the settings that images and videos share.
 *
 * Budgets are `min_pixels` and `max_pixels`, or `shortest_edge` and `longest_edge` of `size` (which
 * count pixels here, in spite of their names).
 *
 * @throws {InputError} for values of the wrong type
 */
export function readNativeConfig(settings: JsonReader, defaults: NativeDefaults): NativeConfig {
  const size = settings.object("size", {});
  const edge = (name: string, inner: string, fallback: number, most?: number) =>
    settings.count(name, size.count(name, size.count(inner, fallback, most), most), most);
  const patchSize = settings.count("patch_size", defaults.patchSize, configLimits.patch);
  const mergeSize = settings.count("merge_size", defaults.mergeSize, configLimits.patch);
  const config = {
    ...readPixelConfig(settings, defaults),
    patchSize,
    mergeSize,
    temporalPatchSize: settings.count(
      "temporal_patch_size",
      defaults.temporalPatchSize,
      configLimits.patch,
    ),
    factor: patchSize * mergeSize,
    minPixels: edge(
      "min_pixels",
      "shortest_edge",
      defaults.minPixels,
      configLimits.leastPixels,
    ),
    maxPixels: edge("max_pixels", "longest_edge", defaults.maxPixels),
  };
  return config;
}

/** Resizes frames unless the settings say that they come in their final size. */
function resized(
  frames: readonly RgbImage[],
  [height, width]: Size,
  config: NativeConfig,
): readonly RgbImage[] {
  if (!config.doResize) return frames;
  return frames.map((frame) => resizeImage(frame, width, height, config.filter));
}

/** `[P, values]` of several images and their grids `[n, 3]`. */
function tensors(parts: readonly Patches[], config: NativeConfig) {
  const patch = 3 * config.temporalPatchSize * config.patchSize ** 2;
  const values = joinPatches(parts);
  return {
    pixels: { data: values, shape: [values.length / patch, patch] },
    grids: { data: Int32Array.from(parts.flatMap(({ grid }) => grid)), shape: [parts.length, 3] },
  };
}

/** A grid of tokens over a whole image. */
function wholeGrid(
  kind: VisualGrid["kind"],
  media: number,
  frames: readonly number[],
  { width, height }: RgbImage,
  [, rows, columns]: readonly number[],
  merge: number,
): VisualGrid {
  const region = [0, 0, width, height] as const;
  return {
    kind,
    media,
    size: [width, height],
    frames,
    rows: rows / merge,
    columns: columns / merge,
    newline: "none",
    region,
  };
}

/**
 * Images: each becomes one grid of tokens.
 *
 * @param token placeholder in the rendered prompt, and the token that is repeated
 * @param settings of the image processor; read here and now
 * @returns tensors `pixel_values` `[P, 3 * frames * p * p]` and `image_grid_thw` `[n, 3]`
 * @throws {InputError} for settings that are unknown or of the wrong type
 */
export function nativeImages(
  token: string,
  settings: JsonReader,
  defaults: NativeDefaults,
): MediaRecipe<RgbImage> {
  const config = readNativeConfig(settings, defaults);
  settings.finish();
  const levels = levelTable(config);
  return {
    placeholder: token,
    takesSizes: true,
    prepare(images, wishes = []) {
      const parts = images.map((image, i) => {
        const size = wishedImageSize([image.height, image.width], config, wishes[i]);
        return cutPatches(resized([image], size, config), levels, config);
      });
      const { pixels, grids } = tensors(parts, config);
      return {
        tensors: { pixel_values: pixels, image_grid_thw: grids },
        layouts: images.map((image, i) => [{
          token,
          grid: wholeGrid("image", i, [], image, parts[i].grid, config.mergeSize),
        }]),
      };
    },
  };
}

/** The temporal patches of one video, as a family lays them out. */
export interface PatchedVideo {
  /** One grid per temporal patch. */
  readonly grids: readonly VisualGrid[];
  /** Time of each in seconds from the beginning. */
  readonly seconds: readonly number[];
  /** The token that is repeated. */
  readonly token: string;
}

/** What differs between families that take videos near their own resolution. */
export interface VideoRules {
  /** Name of the class in transformers. */
  readonly processor: VideoProcessorName;
  /** What holds where the file says nothing. */
  readonly defaults: NativeDefaults;
  /** Wanted frames per second where the file says nothing; null for every frame. */
  readonly fps: number | null;
  /** Most tokens that `cap_pixels_per_frame` assumes where the file says nothing. */
  readonly maxVideoTokens: number;
  /** Which frames to take, where frames are sampled. */
  readonly sample: FrameRule;
  /** Size of the frames. */
  size(frames: number, frame: Size, config: VideoConfig): Size;
  /** What replaces the placeholder. */
  layout(video: PatchedVideo): readonly LayoutPiece[];
  /** Whether the model wants `second_per_grid_ts`. */
  readonly secondsPerGrid: boolean;
}

/** How videos are prepared. */
export interface VideoConfig extends NativeConfig {
  /** Whether the budget is capped for each frame (`cap_pixels_per_frame`). */
  readonly capPixelsPerFrame: boolean;
  /** Tokens from which that cap is derived. */
  readonly maxVideoTokens: number;
}

/**
 * Size of frames where the budget counts all frames together (Qwen3-VL's way).
 *
 * @throws {InputError} as `videoSize`
 */
export function sharedBudgetSize(frames: number, frame: Size, config: VideoConfig): Size {
  if (!config.capPixelsPerFrame) return videoSize(frames, frame, config, config.temporalPatchSize);
  const cap = config.maxVideoTokens * config.factor ** 2;
  const share = Math.floor(config.maxPixels / frames);
  const each = Math.max(Math.min(cap, share), Math.trunc(config.minPixels * 1.05));
  const budget = { ...config, maxPixels: each * frames };
  return videoSize(frames, frame, budget, config.temporalPatchSize);
}

/**
 * Size of frames where the budget is each frame's (Qwen2-VL's way).
 *
 * @throws {InputError} as `imageSize`
 */
export function frameBudgetSize(frames: number, frame: Size, config: VideoConfig): Size {
  if (!config.capPixelsPerFrame) return imageSize(frame, config);
  const total = Math.trunc(config.maxVideoTokens * config.factor ** 2 * 0.9);
  const share = Math.floor(total * config.temporalPatchSize / frames);
  const least = Math.trunc(config.minPixels * 1.05);
  return imageSize(frame, {
    ...config,
    maxPixels: Math.max(Math.min(config.maxPixels, share), least),
  });
}

/**
 * Videos: frames are sampled, resized and cut; each temporal patch becomes one grid of tokens.
 *
 * @param token placeholder in the rendered prompt, and the token that is repeated
 * @param settings of the video processor; read here and now
 * @returns tensors `pixel_values_videos`, `video_grid_thw` `[n, 3]` and, if wanted,
 *   `second_per_grid_ts` `[n]`
 * @throws {InputError} for settings that are unknown or of the wrong type
 */
export function nativeVideos(
  token: string,
  settings: JsonReader,
  rules: VideoRules,
): VideoRecipe {
  const config: VideoConfig = {
    ...readNativeConfig(settings, rules.defaults),
    capPixelsPerFrame: settings.boolean("cap_pixels_per_frame", false),
    maxVideoTokens: settings.count("max_video_tokens", rules.maxVideoTokens),
  };
  const wanted = settings.number("fps", rules.fps ?? 0);
  refuseOtherVideos(settings, rules.processor);
  const sampled = settings.flag("do_sample_frames", rules.fps !== null);
  const numFrames = settings.integer("num_frames", 0, 0, configLimits.frames);
  const sampling = {
    fps: sampled && wanted > 0 ? wanted : null,
    numFrames: sampled && numFrames > 0 ? numFrames : null,
    minFrames: settings.count("min_frames", 4),
    maxFrames: settings.count("max_frames", 768),
  };
  settings.finish();
  const levels = levelTable(config);
  const { temporalPatchSize } = config;
  const choose: VideoRecipe["choose"] = (total, fps, wishes, isFile) =>
    rules.sample(total, fps, wishedSampling(sampling, wishes, isFile), temporalPatchSize);
  return {
    placeholder: token,
    takesSizes: true,
    choose,
    prepare(videos, wishes = []) {
      const chosen = videos.map((video, i) =>
        chosenFrames(video, (total, fps) => choose(total, fps, wishes[i]))
      );
      const parts = chosen.map(({ frames }, i) => {
        const count = frames.length, size = [frames[0].height, frames[0].width] as const;
        const wanted = wishesSize(wishes[i])
          ? wishedFrameSize(size, count, config, wishes[i]!)
          : rules.size(count, size, config);
        return cutPatches(resized(frames, wanted, config), levels, config);
      });
      const { pixels, grids } = tensors(parts, config);
      const seconds = videos.map(({ fps }, i) =>
        temporalPatchSize / (chosen[i].indices.length / chosen[i].total * fps)
      );
      const perGrid: Readonly<Record<string, NamedArray>> = rules.secondsPerGrid
        ? { second_per_grid_ts: { data: Float32Array.from(seconds), shape: [videos.length] } }
        : {};
      return {
        tensors: { pixel_values_videos: pixels, video_grid_thw: grids, ...perGrid },
        layouts: videos.map(({ fps }, i) => {
          const { frames, indices, total } = chosen[i];
          const patches = temporalPatches(indices, temporalPatchSize);
          return rules.layout({
            token,
            seconds: patches.map((patch) => patchSeconds(patch, fps)),
            grids: patches.map((patch) => ({
              ...wholeGrid("video", i, patch, frames[0], parts[i].grid, config.mergeSize),
              frameCount: total,
            })),
          });
        }),
      };
    },
  };
}
