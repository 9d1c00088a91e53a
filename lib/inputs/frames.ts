/**
 * Videos as frames at one size, each a small grid of tokens.
 *
 * Source: transformers `video_processing_llava_onevision.py`, `video_processing_internvl.py`.
 * @module
 */
import { configLimits } from "../model/config_limits.ts";
import { stackImages } from "./canvas.ts";
import { readFixedSize } from "./fixed_resolution.ts";
import type { LayoutPiece, VideoRecipe } from "./media_layout.ts";
import { levelTable } from "./normalize.ts";
import {
  type PixelDefaults,
  readPixelConfig,
  refuseOtherVideos,
  type VideoProcessorName,
} from "./processor_files.ts";
import { resizeImage } from "./resize.ts";
import { chosenFrames, type FrameRule } from "./video.ts";
import { wishedSampling } from "./pixel_wishes.ts";
import type { RgbImage } from "./image.ts";
import type { VisualGrid } from "./visual_grid.ts";
import { InputError } from "../common/errors.ts";
import type { JsonReader } from "../common/json_reader.ts";

/** What differs between families whose videos are frames at one size. */
export interface FrameRules {
  /** Name of the class in transformers. */
  readonly processor: VideoProcessorName;
  /** What the chat template writes for a video. */
  readonly placeholder: string;
  /** Where the file says nothing; `edge` is a frame's side in pixels. */
  readonly defaults: PixelDefaults & { readonly edge: number };
  /** Tokens along each side of a frame. */
  readonly side: number;
  /** Which frames to take, where the file asks for sampling. */
  readonly sample: FrameRule;
  /** Name of the tensor. */
  readonly tensor: "pixel_values" | "pixel_values_videos";
  /** What replaces the placeholder. */
  layout(grids: readonly VisualGrid[]): readonly LayoutPiece[];
}

/**
 * Videos: frames are sampled if the settings ask for it, and resized.
 *
 * @param settings of the video processor; read here and now
 * @returns tensor `pixel_values_videos` `[n, frames, 3, height, width]`, or `pixel_values`
 *   `[frames of all, 3, height, width]`
 * @throws {InputError} for settings that are unknown or of the wrong type
 */
export function frameVideos(settings: JsonReader, rules: FrameRules): VideoRecipe {
  const { placeholder, defaults, side, tensor } = rules;
  const config = readPixelConfig(settings, defaults);
  const size = readFixedSize(settings, "size", defaults.edge);
  const fps = settings.number("fps", 0),
    numFrames = settings.integer("num_frames", 0, 0, configLimits.frames);
  refuseOtherVideos(settings, rules.processor);
  const sampled = settings.flag("do_sample_frames", false);
  const sampling = {
    fps: sampled && fps > 0 ? fps : null,
    numFrames: sampled && numFrames > 0 ? numFrames : null,
    minFrames: 1,
    maxFrames: Infinity,
  };
  settings.ignore("do_center_crop", "crop_size", "do_pad", "initial_shift", "image_grid_pinpoints");
  settings.ignore("crop_to_patches", "min_patches", "max_patches"); // of images, if shared
  settings.finish();
  const levels = levelTable(config);
  const sized = (frame: RgbImage): RgbImage => {
    if (config.doResize) return resizeImage(frame, size.width, size.height, config.filter);
    if (frame.width === size.width && frame.height === size.height) return frame;
    throw new InputError(
      `Cannot use frames of ${frame.width} x ${frame.height} pixels: ${settings.where} says not to ` +
        `resize them, wanted ${size.width} x ${size.height}`,
    );
  };
  const choose: VideoRecipe["choose"] = (total, fps, wishes, isFile) =>
    rules.sample(total, fps, wishedSampling(sampling, wishes, isFile), 1);
  return {
    placeholder,
    takesSizes: false,
    choose,
    prepare(videos, wishes = []) {
      const chosen = videos.map((video, i) =>
        chosenFrames(video, (total, fps) => choose(total, fps, wishes[i]))
      );
      const counts = chosen.map(({ indices }) => indices.length);
      const { data, shape } = stackImages(
        chosen.flatMap(({ frames }) => frames.map((frame) => sized(frame))),
        levels,
      );
      if (tensor === "pixel_values_videos" && counts.some((count) => count !== counts[0])) {
        throw new InputError(
          `Cannot use videos of ${
            counts.join(" and ")
          } frames in one prompt: all must have as many`,
        );
      }
      const split = tensor === "pixel_values" ? [] : [videos.length];
      const leading = tensor === "pixel_values" ? shape[0] : counts[0];
      return {
        tensors: { [tensor]: { data, shape: [...split, leading, ...shape.slice(1)] } },
        rows: counts,
        layouts: videos.map(({ frames: [{ width, height }] }, media) =>
          rules.layout(chosen[media].indices.map((frame) => ({
            kind: "video",
            media,
            size: [width, height],
            frames: [frame],
            frameCount: chosen[media].total,
            rows: side,
            columns: side,
            newline: "none",
            region: [0, 0, width, height],
          })))
        ),
      };
    },
  };
}
