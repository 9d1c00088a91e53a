/**
 * LLaVA-NeXT (1.6): CLIP on tiles of any resolution with newline tokens, and a Mistral, LLaMA or
 * Qwen2.
 *
 * Source: transformers `models/llava_next`.
 * @module
 */
import { configLimits } from "../model/config_limits.ts";
import { nextImages } from "./anyres_rows.ts";
import type { Family } from "./family.ts";
import { imageTowerFamily } from "./image_tower_family.ts";
import { llavaNextInputs, llavaNextResolutions } from "./input_recipes.ts";
import { clipTower } from "./llava.ts";

/** LLaVA-NeXT. */
export const llavaNext: Family = imageTowerFamily({
  modelType: "llava_next",
  title: "LLaVA-NeXT",
  decoder: "llama",
  tower: { ...clipTower, newline: true },
  tokens: { image: 32000 },
  readAnyres(config) {
    config.require("use_image_newline_parameter", true);
    const resolutions = config.sizes(
      "image_grid_pinpoints",
      llavaNextResolutions,
      configLimits.side,
      configLimits.resolutions,
    );
    return { resolutions, maxTiles: Infinity };
  },
  readInputs: llavaNextInputs,
  layouts: { images: nextImages },
});
