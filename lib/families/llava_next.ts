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
import { clipTower } from "./llava.ts";
import { anyresImages } from "../inputs/anyres.ts";
import type { InputRecipe } from "../inputs/media_layout.ts";
import { countedPositions } from "../inputs/position_ids.ts";
import { type ProcessorFiles, settingsOf } from "../inputs/processor_files.ts";
import type { ModelConfig } from "../model/config.ts";
import { checkSelection, clip, ownSettings } from "./processor_settings.ts";

/** Heights and widths into which LLaVA-NeXT tiles an image where the files name none. */
export const llavaNextResolutions: readonly (readonly [number, number])[] = [
  ...[[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]] as const,
];

/** LLaVA-NeXT: tiles with newlines, for each of several images as well. */
export function llavaNextInputs(files: ProcessorFiles, config: ModelConfig): InputRecipe {
  const { encoder } = config.imageTower!;
  const token = ownSettings(files, (settings) => {
    checkSelection(settings);
    settings.require("patch_size", encoder.patchSize);
    return settings.text("image_token", "<image>");
  });
  const side = Math.floor(encoder.imageSize / encoder.patchSize);
  return {
    images: anyresImages(
      { token, side, maxTiles: Infinity, several: "tiled" },
      settingsOf(files.image),
      {
        ...clip,
        edge: 224,
        resolutions: llavaNextResolutions,
        model: config.imageTower?.anyres?.resolutions,
      },
    ),
    videos: null,
    positions: countedPositions,
  };
}

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
