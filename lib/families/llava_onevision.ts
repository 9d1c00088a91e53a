/**
 * LLaVA-OneVision: SigLIP on tiles of any resolution with newline tokens, pooled video frames, and a
 * Qwen2.
 *
 * Source: transformers `models/llava_onevision`.
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { AnyresConfig } from "../model/config.ts";
import { ImageTower } from "../model/image_tower.ts";
import { imageTowerShapes } from "../model/weight_shapes.ts";
import type { ConfigReader } from "./config_reader.ts";
import type { Family } from "./family.ts";
import {
  decoderOf,
  imageTowerIgnored,
  imageTowerPrefixes,
  imageTowerRenames,
  readImageTower,
} from "./image_tower_config.ts";
import { llavaOnevisionInputs } from "./input_recipes.ts";
import { ignoreLlavaKeys, readTokenId } from "./llava.ts";
import { onevisionImages, onevisionVideos } from "./onevision_rows.ts";
import { readEosTokenIds, readTextConfig } from "./text_config.ts";

/** Resolutions and limit of the tiles. */
function readAnyres(config: ConfigReader): AnyresConfig {
  config.ignore("image_grid_pinpoints", "vision_aspect_ratio");
  const edges = [1, 2, 3, 4, 5, 6].map((tiles) => 384 * tiles);
  const every = edges.flatMap((height) => edges.map((width) => [height, width]));
  const resolutions = config.json["image_grid_pinpoints"] ?? every;
  const valid = Array.isArray(resolutions) && resolutions.length > 0 &&
    resolutions.every((pair) =>
      Array.isArray(pair) && pair.length === 2 && pair.every((n) => Number.isInteger(n) && n > 0)
    );
  if (!valid) {
    throw new InputError(
      `Cannot read "image_grid_pinpoints" of ${config.where}: wanted a list of [height, width]`,
    );
  }
  const aspect = config.json["vision_aspect_ratio"] ?? "anyres_max_9";
  const maxTiles = Number(/^anyres_max_([1-9]\d*)$/.exec(String(aspect))?.[1]);
  if (!(maxTiles > 0)) {
    throw new InputError(
      `Cannot read "vision_aspect_ratio" of ${config.where}: found ${JSON.stringify(aspect)}, ` +
        'wanted "anyres_max_9" or another number of tiles',
    );
  }
  return { resolutions: resolutions as [number, number][], maxTiles };
}

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
      imageTower: { ...tower, anyres: readAnyres(config) },
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
