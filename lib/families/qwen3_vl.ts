/**
 * Qwen3-VL: interleaved M-RoPE, query and key norms, DeepStack.
 *
 * Source: transformers `models/qwen3_vl`.
 * @module
 */
import type { VisionConfig } from "../model/config.ts";
import { VisionEncoder } from "../model/vision_encoder.ts";
import { visionWeightShapes } from "../model/weight_shapes.ts";
import { ignoreBookkeeping } from "./config_keys.ts";
import type { ConfigReader } from "./config_reader.ts";
import type { Family } from "./family.ts";
import { qwen3VlInputs } from "./input_recipes.ts";
import { activations, readTextConfig, type TextDefaults } from "./text_config.ts";

const decoder: TextDefaults = {
  qkNorm: true,
  attentionBias: false,
  mrope: "interleaved",
  values: { max_position_embeddings: 262144 },
};

function readVision(vision: ConfigReader): VisionConfig {
  ignoreBookkeeping(vision);
  if (vision.has("rope_parameters")) {
    const rope = vision.object("rope_parameters");
    rope.require("rope_theta", 10000);
    rope.require("rope_type", "axial", "default");
  }
  return {
    depth: vision.integer("depth", undefined, 1),
    hiddenSize: vision.integer("hidden_size", undefined, 1),
    intermediateSize: vision.integer("intermediate_size", undefined, 1),
    numHeads: vision.integer("num_heads", undefined, 1),
    hiddenAct: vision.oneOf("hidden_act", activations),
    inChannels: vision.integer("in_channels", 3, 1),
    patchSize: vision.integer("patch_size", undefined, 1),
    temporalPatchSize: vision.integer("temporal_patch_size", undefined, 1),
    spatialMergeSize: vision.integer("spatial_merge_size", undefined, 1),
    numPositionEmbeddings: vision.integer("num_position_embeddings", undefined, 1),
    outHiddenSize: vision.integer("out_hidden_size", undefined, 1),
    deepstackVisualIndexes: vision.integers("deepstack_visual_indexes", []),
  };
}

/** Qwen3-VL, dense. */
export const qwen3Vl: Family = {
  modelType: "qwen3_vl",
  title: "Qwen3-VL",
  readConfig(config) {
    ignoreBookkeeping(config);
    config.ignore("vision_start_token_id", "vision_end_token_id");
    const text = config.object("text_config");
    return {
      modelType: "qwen3_vl",
      text: readTextConfig(text, config, decoder),
      vision: readVision(config.object("vision_config")),
      imageTokenId: config.integer("image_token_id"),
      videoTokenId: config.integer("video_token_id"),
      eosTokenIds: text.tokenIds("eos_token_id"),
    };
  },
  weightPrefixes: [
    ["model.language_model.", "text."],
    ["model.visual.", "vision."],
    ["lm_head.", "lm_head."],
  ],
  visionShapes: (config) => visionWeightShapes(config.vision!),
  readInputs: qwen3VlInputs,
  buildVision: (kernels, config, weights) => new VisionEncoder(kernels, config.vision!, weights),
};
