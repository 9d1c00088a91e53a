/**
 * LLaVA-OneVision: SigLIP on tiles of any resolution with newline tokens, pooled video frames, and a
 * Qwen2.
 *
 * Source: transformers `models/llava_onevision`.
 * @module
 */
import { configLimits } from "../model/config_limits.ts";
import { anyresImages, readMaxTiles } from "../inputs/anyres.ts";
import { onevisionImages, onevisionVideos } from "./anyres_rows.ts";
import type { Family } from "./family.ts";
import { imageTowerFamily } from "./image_tower_family.ts";
import { frameVideos } from "../inputs/frames.ts";
import type { InputRecipe, LayoutPiece } from "../inputs/media_layout.ts";
import { countedPositions } from "../inputs/position_ids.ts";
import { type ProcessorFiles, settingsOf } from "../inputs/processor_files.ts";
import { defaultFrames } from "../inputs/video.ts";
import type { ModelConfig } from "../model/config.ts";
import { clip, ownSettings, sideOf } from "./processor_settings.ts";

const edges = [1, 2, 3, 4, 5, 6].map((tiles) => 384 * tiles);

/** Heights and widths into which LLaVA-OneVision tiles an image where the files name none. */
export const onevisionResolutions: readonly (readonly [number, number])[] = edges.flatMap((h) =>
  edges.map((w) => [h, w] as const)
);

/** LLaVA-OneVision: tiles with newlines, or several images whole; frames at half the tokens. */
export function llavaOnevisionInputs(files: ProcessorFiles, config: ModelConfig): InputRecipe {
  const { image, video, side, maxTiles } = ownSettings(files, (settings) => {
    settings.require("vision_feature_select_strategy", "full");
    return {
      image: settings.text("image_token", "<image>"),
      video: settings.text("video_token", "<video>"),
      side: sideOf(settings.count("num_image_tokens", 729, configLimits.tokens)),
      maxTiles: readMaxTiles(settings, config.imageTower!.anyres!.maxTiles),
    };
  });
  return {
    images: anyresImages(
      { token: image, side, maxTiles, several: "whole" },
      settingsOf(files.image),
      {
        ...clip,
        edge: 384,
        resolutions: onevisionResolutions,
        model: config.imageTower?.anyres?.resolutions,
      },
    ),
    videos: frameVideos(settingsOf(files.video), {
      processor: "LlavaOnevisionVideoProcessor",
      placeholder: video,
      defaults: { ...clip, edge: 384 },
      side: Math.ceil(side / 2),
      sample: defaultFrames,
      tensor: "pixel_values_videos",
      layout: (grids) =>
        grids.map((grid, i): LayoutPiece => ({
          token: video,
          grid: i < grids.length - 1 ? grid : { ...grid, newline: "end" },
        })),
    }),
    positions: countedPositions,
  };
}

export const llavaOnevision: Family = imageTowerFamily({
  modelType: "llava_onevision",
  title: "LLaVA-OneVision",
  decoder: "qwen2",
  tower: {
    encoder: "siglip_vision_model",
    featureLayer: -1,
    pixelShuffle: false,
    newline: true,
  },
  tokens: { image: 151646, video: 151647 },
  readAnyres(config) {
    config.require("use_image_newline_parameter", true);
    return {
      resolutions: config.sizes(
        "image_grid_pinpoints",
        onevisionResolutions,
        configLimits.side,
        configLimits.resolutions,
      ),
      maxTiles: readMaxTiles(config),
    };
  },
  readInputs: llavaOnevisionInputs,
  layouts: { images: onevisionImages, videos: onevisionVideos },
});
