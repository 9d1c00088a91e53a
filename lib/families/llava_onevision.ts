/**
 * LLaVA-OneVision: SigLIP on tiles of any resolution with newline tokens, pooled video frames, and a
 * Qwen2.
 *
 * Source: transformers `models/llava_onevision`.
 * @module
 */
import { readMaxTiles } from "../inputs/anyres.ts";
import { ImageTower } from "../model/image_tower.ts";
import { imageTowerShapes } from "../model/weight_shapes.ts";
import type { Family } from "./family.ts";
import {
  decoderOf,
  imageTowerIgnored,
  imageTowerPrefixes,
  imageTowerRenames,
  readImageTower,
} from "./image_tower_config.ts";
import { llavaOnevisionInputs, onevisionResolutions } from "./input_recipes.ts";
import { ignoreLlavaKeys, readTokenId } from "./llava.ts";
import { onevisionImages, onevisionVideos } from "./onevision_rows.ts";
import { readEosTokenIds, readTextConfig } from "./text_config.ts";

/** LLaVA-OneVision. */
export const llavaOnevision: Family = {
  modelType: "llava_onevision",
  title: "LLaVA-OneVision",
  readConfig(config) {
    ignoreLlavaKeys(config);
    config.require("use_image_newline_parameter", true);
    const text = config.object("text_config");
    const decoder = decoderOf(text, "qwen2");
    const tower = readImageTower(config, {
      encoder: "siglip_vision_model",
      featureLayer: -1,
      strategy: "full",
      pixelShuffle: false,
      newline: true,
    });
    return {
      modelType: "llava_onevision",
      text: readTextConfig(text, config, decoder),
      vision: null,
      imageTower: {
        ...tower,
        anyres: {
          resolutions: config.sizes("image_grid_pinpoints", onevisionResolutions),
          maxTiles: readMaxTiles(config),
        },
      },
      imageTokenId: readTokenId(config, "image", 151646),
      videoTokenId: readTokenId(config, "video", 151647),
      eosTokenIds: readEosTokenIds(text, decoder),
    };
  },
  weightPrefixes: imageTowerPrefixes,
  weightRenames: imageTowerRenames,
  ignoredWeights: imageTowerIgnored,
  visionShapes: (config) => imageTowerShapes(config.imageTower!, config.text.hiddenSize),
  readInputs: llavaOnevisionInputs,
  buildVision: (kernels, { imageTower }, weights) =>
    new ImageTower(kernels, imageTower!, weights, {
      images: onevisionImages,
      videos: onevisionVideos,
    }),
};
