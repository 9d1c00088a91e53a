/**
 * FastVLM: a convolutional network on the middle of an image, and a Qwen2.
 *
 * Source: transformers `models/fast_vlm`; Vasu et al., "FastVLM: Efficient vision encoding for vision
 * language models" (2025).
 * @module
 */
import { fixedImages } from "../inputs/fixed_resolution.ts";
import type { InputRecipe } from "../inputs/media_layout.ts";
import { countedPositions } from "../inputs/position_ids.ts";
import { type ProcessorFiles, settingsOf } from "../inputs/processor_files.ts";
import type { ModelConfig } from "../model/config.ts";
import { featureGrid } from "../model/conv_network.ts";
import { ConvTower, convTowerShapes } from "../model/conv_tower.ts";
import { ignoreBookkeeping } from "./config_keys.ts";
import type { Family } from "./family.ts";
import { decoderOf } from "./image_tower_config.ts";
import { readTokenId } from "./image_tower_family.ts";
import { checkSelection, clip, ownSettings } from "./processor_settings.ts";
import { readEosTokenIds, readTextConfig } from "./text_config.ts";
import {
  readConvTower,
  timmTowerIgnored,
  timmTowerPrefixes,
  towerConvolutions,
} from "./timm_tower.ts";

/** FastVLM: as many tokens for an image as the network has places for it, whatever the files say. */
export function fastVlmInputs(files: ProcessorFiles, config: ModelConfig): InputRecipe {
  const token = ownSettings(files, (settings) => {
    checkSelection(settings);
    settings.ignore("patch_size"); // the network's stride
    return settings.text("image_token", "<image>");
  });
  const { network } = config.convTower!;
  const grid = (height: number, width: number) => featureGrid(network, height, width);
  return {
    images: fixedImages({ token, grid }, settingsOf(files.image), { ...clip, edge: 224 }),
    videos: null,
    positions: countedPositions,
  };
}

/** FastVLM. */
export const fastVlm: Family = {
  modelType: "fast_vlm",
  title: "FastVLM",
  readConfig(config) {
    ignoreBookkeeping(config);
    config.ignore("image_seq_length"); // the processor counts the placeholders
    const text = config.object("text_config"), decoder = decoderOf(text, "qwen2");
    return {
      modelType: "fast_vlm",
      text: readTextConfig(text, config, decoder),
      vision: null,
      convTower: readConvTower(config),
      imageTokenId: readTokenId(config, "image", 151646),
      videoTokenId: -1,
      eosTokenIds: readEosTokenIds(text, decoder),
    };
  },
  weightPrefixes: timmTowerPrefixes,
  ignoredWeights: timmTowerIgnored,
  visionShapes: (config) => convTowerShapes(config.convTower!, config.text.hiddenSize),
  convolutions: (config) => towerConvolutions(config.convTower!),
  readInputs: fastVlmInputs,
  buildVision: (kernels, { convTower }, weights) => new ConvTower(kernels, convTower!, weights),
};
