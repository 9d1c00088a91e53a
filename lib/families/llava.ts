/**
 * LLaVA 1.5: the middle of a picture through CLIP, and a LLaMA.
 *
 * Source: transformers `models/llava`.
 * @module
 */
import type { JsonReader } from "../common/json_reader.ts";
import { ImageTower } from "../model/image_tower.ts";
import { imageTowerShapes } from "../model/weight_shapes.ts";
import { ignoreBookkeeping } from "./config_keys.ts";
import type { Family } from "./family.ts";
import {
  decoderOf,
  imageTowerIgnored,
  imageTowerPrefixes,
  imageTowerRenames,
  readImageTower,
} from "./image_tower_config.ts";
import { llavaInputs } from "./input_recipes.ts";
import { readEosTokenIds, readTextConfig } from "./text_config.ts";

/** Ignores keys of the whole config that say nothing about the computation. */
export function ignoreLlavaKeys(config: JsonReader): void {
  ignoreBookkeeping(config);
  config.ignore("ignore_index", "vocab_size", "image_seq_length");
}

/** A token id under its old or its new key. */
export function readTokenId(
  config: JsonReader,
  kind: "image" | "video",
  fallback: number,
): number {
  const old = config.integer(`${kind}_token_index`, fallback);
  return config.integer(`${kind}_token_id`, old);
}

/** LLaVA 1.5. */
export const llava: Family = {
  modelType: "llava",
  title: "LLaVA 1.5",
  readConfig(config) {
    ignoreLlavaKeys(config);
    const text = config.object("text_config");
    const decoder = decoderOf(text, "llama");
    return {
      modelType: "llava",
      text: readTextConfig(text, config, decoder),
      vision: null,
      imageTower: readImageTower(config, {
        encoder: "clip_vision_model",
        featureLayer: -2,
        strategy: "default",
        pixelShuffle: false,
        newline: false,
      }),
      imageTokenId: readTokenId(config, "image", 32000),
      videoTokenId: -1,
      eosTokenIds: readEosTokenIds(text, decoder),
    };
  },
  weightPrefixes: imageTowerPrefixes,
  weightRenames: imageTowerRenames,
  ignoredWeights: imageTowerIgnored,
  visionShapes: (config) => imageTowerShapes(config.imageTower!, config.text.hiddenSize),
  readInputs: llavaInputs,
  buildVision: (kernels, { imageTower }, weights) =>
    new ImageTower(kernels, imageTower!, weights, { images: () => null }),
};
