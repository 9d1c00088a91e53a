/**
 * LLaVA 1.5: the middle of an image through CLIP, and a LLaMA.
 *
 * Source: transformers `models/llava`.
 * @module
 */
import type { Family } from "./family.ts";
import type { TowerDefaults } from "./image_tower_config.ts";
import { imageTowerFamily } from "./image_tower_family.ts";
import { fixedImages, patchGrid } from "../inputs/fixed_resolution.ts";
import type { InputRecipe } from "../inputs/media_layout.ts";
import { countedPositions } from "../inputs/position_ids.ts";
import { type ProcessorFiles, settingsOf } from "../inputs/processor_files.ts";
import { configLimits } from "../model/config_limits.ts";
import { checkSelection, clip, ownSettings } from "./processor_settings.ts";

/** LLaVA 1.5: one grid of tokens for the middle of an image. */
export function llavaInputs(files: ProcessorFiles): InputRecipe {
  const tokens = ownSettings(files, (settings) => {
    checkSelection(settings);
    return {
      token: settings.text("image_token", "<image>"),
      grid: patchGrid(settings.count("patch_size", 14, configLimits.patch)),
    };
  });
  const defaults = { ...clip, edge: 224 };
  return {
    images: fixedImages(tokens, settingsOf(files.image), defaults),
    videos: null,
    positions: countedPositions,
  };
}

/** CLIP as LLaVA 1.5 and LLaVA-NeXT use it. */
export const clipTower: TowerDefaults = {
  encoder: "clip_vision_model",
  featureLayer: -2,
  pixelShuffle: false,
  newline: false,
};

/** LLaVA 1.5. */
export const llava: Family = imageTowerFamily({
  modelType: "llava",
  title: "LLaVA 1.5",
  decoder: "llama",
  tower: clipTower,
  tokens: { image: 32000 },
  readInputs: llavaInputs,
  layouts: { images: () => null },
});
