/**
 * LLaVA 1.5: the middle of a picture through CLIP, and a LLaMA.
 *
 * Source: transformers `models/llava`.
 * @module
 */
import type { Family } from "./family.ts";
import { imageTowerFamily } from "./image_tower_family.ts";
import { llavaInputs } from "./input_recipes.ts";

/** LLaVA 1.5. */
export const llava: Family = imageTowerFamily({
  modelType: "llava",
  title: "LLaVA 1.5",
  decoder: "llama",
  tower: {
    encoder: "clip_vision_model",
    featureLayer: -2,
    strategy: "default",
    pixelShuffle: false,
    newline: false,
  },
  tokens: { image: 32000 },
  readInputs: llavaInputs,
  layouts: { images: () => null },
});
