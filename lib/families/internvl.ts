/**
 * InternVL3 and InternVL3.5 in Hugging Face's layout: tiles and a thumbnail through InternViT, pixel
 * shuffle, and a Qwen2 or Qwen3.
 *
 * Source: transformers `models/internvl`.
 * @module
 */
import type { ModelConfig } from "../model/config.ts";
import { ImageTower } from "../model/image_tower.ts";
import { imageTowerShapes, type WeightShapes } from "../model/weight_shapes.ts";
import type { Family } from "./family.ts";
import {
  decoderOf,
  imageTowerPrefixes,
  imageTowerRenames,
  readImageTower,
} from "./image_tower_config.ts";
import { internvlInputs } from "./input_recipes.ts";
import { ignoreLlavaKeys, readTokenId } from "./llava.ts";
import { readEosTokenIds, readTextConfig } from "./text_config.ts";

/** The encoder's tables are stored with leading axes of size 1. */
function shapes(config: ModelConfig): WeightShapes {
  const all = new Map(imageTowerShapes(config.imageTower!, config.text.hiddenSize));
  const position = "encoder.embeddings.position_embedding.weight";
  all.set(position, [1, ...all.get(position)!]);
  const classToken = "encoder.embeddings.class_embedding";
  all.set(classToken, [1, 1, ...all.get(classToken)!]);
  return all;
}

/** InternVL3 and 3.5. */
export const internvl: Family = {
  modelType: "internvl",
  title: "InternVL",
  readConfig(config) {
    ignoreLlavaKeys(config);
    const text = config.object("text_config");
    const decoder = decoderOf(text, "qwen2");
    return {
      modelType: "internvl",
      text: readTextConfig(text, config, { ...decoder, tied: true }),
      vision: null,
      imageTower: readImageTower(config, {
        encoder: "internvl_vision",
        featureLayer: -1,
        strategy: "default",
        pixelShuffle: true,
        newline: false,
      }),
      imageTokenId: readTokenId(config, "image", 151667),
      videoTokenId: -1,
      eosTokenIds: readEosTokenIds(text, decoder),
    };
  },
  weightPrefixes: imageTowerPrefixes,
  weightRenames: imageTowerRenames,
  visionShapes: shapes,
  readInputs: internvlInputs,
  // frames of videos are tiles as well, and have the same placeholders
  buildVision: (kernels, { imageTower }, weights) =>
    new ImageTower(kernels, imageTower!, weights, { images: () => null }),
};
