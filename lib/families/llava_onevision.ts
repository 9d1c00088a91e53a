/**
 * LLaVA-OneVision: SigLIP on tiles of any resolution with newline tokens, pooled video frames, and a
 * Qwen2.
 *
 * Source: transformers `models/llava_onevision`.
 * @module
 */
import { configLimits } from "../model/config_limits.ts";
import { readMaxTiles } from "../inputs/anyres.ts";
import { onevisionImages, onevisionVideos } from "./anyres_rows.ts";
import type { Family } from "./family.ts";
import { imageTowerFamily } from "./image_tower_family.ts";
import { llavaOnevisionInputs, onevisionResolutions } from "./input_recipes.ts";

/** LLaVA-OneVision. */
export const llavaOnevision: Family = imageTowerFamily({
  modelType: "llava_onevision",
  title: "LLaVA-OneVision",
  decoder: "qwen2",
  tower: {
    encoder: "siglip_vision_model",
    featureLayer: -1,
    strategy: "full",
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
