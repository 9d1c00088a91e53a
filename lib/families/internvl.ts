/**
 * InternVL3 and InternVL3.5 in Hugging Face's layout: tiles and a thumbnail through InternViT, pixel
 * shuffle, and a Qwen2 or Qwen3.
 *
 * Source: transformers `models/internvl`.
 * @module
 */
import type { ModelConfig } from "../model/config.ts";
import type { WeightShapes } from "../model/weight_shapes.ts";
import type { Family } from "./family.ts";
import { imageTowerFamily } from "./image_tower_family.ts";
import { frameVideos } from "../inputs/frames.ts";
import type { InputRecipe, LayoutPiece } from "../inputs/media_layout.ts";
import { countedPositions } from "../inputs/position_ids.ts";
import { type ProcessorFiles, settingsOf } from "../inputs/processor_files.ts";
import { tiledImages } from "../inputs/tiles.ts";
import { middleFrames } from "../inputs/video.ts";
import type { VisualGrid } from "../inputs/visual_grid.ts";
import { configLimits } from "../model/config_limits.ts";
import { clip, ownSettings, sideOf } from "./processor_settings.ts";

/** InternVL3 and 3.5: tiles and a thumbnail; frames with their numbers. */
export function internvlInputs(files: ProcessorFiles): InputRecipe {
  const [token, start, end] = ["<IMG_CONTEXT>", "<img>", "</img>"];
  const side = ownSettings(
    files,
    (settings) => sideOf(settings.count("image_seq_length", 256, configLimits.tokens)),
  );
  const defaults = { ...clip, edge: 384 };
  return {
    images: tiledImages({ token, start, end, side }, settingsOf(files.image), defaults),
    videos: frameVideos(settingsOf(files.video), {
      processor: "InternVLVideoProcessor",
      placeholder: "<video>",
      defaults,
      side,
      sample: middleFrames,
      tensor: "pixel_values",
      layout: (grids) =>
        grids.flatMap((grid: VisualGrid, i): LayoutPiece[] => [
          `${i > 0 ? "\n" : ""}Frame${i + 1}: ${start}`,
          { token, grid },
          end,
        ]),
    }),
    positions: countedPositions,
  };
}

const base = imageTowerFamily({
  modelType: "internvl",
  title: "InternVL",
  decoder: "qwen2",
  tied: true,
  tower: {
    encoder: "internvl_vision",
    featureLayer: -1,
    pixelShuffle: true,
    newline: false,
  },
  // frames of videos are tiles as well, and have the same placeholders
  tokens: { image: 151667 },
  readInputs: internvlInputs,
  layouts: { images: () => null },
});

/** The encoder's tables are stored with leading axes of size 1. */
function shapes(config: ModelConfig): WeightShapes {
  const all = new Map(base.visionShapes(config));
  const position = "encoder.embeddings.position_embedding.weight";
  all.set(position, [1, ...all.get(position)!]);
  const classToken = "encoder.embeddings.class_embedding";
  all.set(classToken, [1, 1, ...all.get(classToken)!]);
  return all;
}

/** InternVL3 and 3.5. */
export const internvl: Family = { ...base, ignoredWeights: [], visionShapes: shapes };
