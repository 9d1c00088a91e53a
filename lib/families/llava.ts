/**
 * LLaVA 1.5: the middle of a picture through CLIP, and a LLaMA.
 *
 * Source: transformers `models/llava`.
 * @module
 */
import type { Family } from "./family.ts";
import type { TowerDefaults } from "./image_tower_config.ts";
import { imageTowerFamily } from "./image_tower_family.ts";
import { llavaInputs } from "./input_recipes.ts";

/** CLIP as LLaVA 1.5 and LLaVA-NeXT use it. */
export const clipTower: TowerDefaults = {
  encoder: "clip_vision_model",
  featureLayer: -2,
  strategy: "default",
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
