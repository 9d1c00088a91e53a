/**
 * Qwen3-VL: interleaved M-RoPE, query and key norms, DeepStack.
 *
 * Source: transformers `models/qwen3_vl`.
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { Activation } from "../backend/kernels.ts";
import type { TextConfig, VisionConfig } from "../model/config.ts";
import { VisionEncoder } from "../model/vision_encoder.ts";
import { visionWeightShapes } from "../model/weight_shapes.ts";
import type { ConfigReader } from "./config_reader.ts";
import type { Family } from "./family.ts";
import { qwen3VlInputs } from "./input_recipes.ts";

const activations: readonly Activation[] = [
  "silu",
  "gelu",
  "gelu_pytorch_tanh",
  "quick_gelu",
  "relu",
];

/** Keys of any text config that change nothing that inference computes. */
const ignoredTextKeys = [
  ...["model_type", "dtype", "torch_dtype", "attention_dropout", "initializer_range", "use_cache"],
  ...["bos_token_id", "eos_token_id", "pad_token_id", "max_position_embeddings"],
];

function readText(text: ConfigReader, tied: boolean): TextConfig {
  text.ignore(...ignoredTextKeys);
  text.require("attention_bias", false);
  // published files: rope_theta and rope_scaling; files saved by transformers 5: rope_parameters
  const published = !text.has("rope_parameters");
  const rope = text.object(published ? "rope_scaling" : "rope_parameters");
  rope.require("rope_type", "default");
  rope.require("type", "mrope", "default");
  const section = rope.integers("mrope_section");
  const headDim = text.integer("head_dim", undefined, 2);
  if (section.length !== 3 || section.reduce((a, b) => a + b, 0) !== headDim / 2) {
    throw new InputError(
      `Cannot use mrope_section [${section}] of ${rope.where}: wanted three numbers that add up to ` +
        `head_dim / 2 = ${headDim / 2}`,
    );
  }
  const heads = text.integer("num_attention_heads", undefined, 1);
  const keyValueHeads = text.integer("num_key_value_heads", heads, 1);
  if (heads % keyValueHeads !== 0) {
    throw new InputError(
      `Cannot use ${heads} num_attention_heads with ${keyValueHeads} num_key_value_heads: ` +
        "the first must be a multiple of the second",
    );
  }
  return {
    hiddenSize: text.integer("hidden_size", undefined, 1),
    intermediateSize: text.integer("intermediate_size", undefined, 1),
    numHiddenLayers: text.integer("num_hidden_layers", undefined, 1),
    numAttentionHeads: heads,
    numKeyValueHeads: keyValueHeads,
    headDim,
    hiddenAct: text.oneOf("hidden_act", activations),
    rmsNormEps: text.number("rms_norm_eps"),
    vocabSize: text.integer("vocab_size", undefined, 1),
    ropeTheta: published ? text.number("rope_theta") : rope.number("rope_theta"),
    mropeSection: [section[0], section[1], section[2]],
    mropeInterleaved: rope.boolean("mrope_interleaved", true),
    qkNorm: true,
    attentionBias: false,
    tieWordEmbeddings: text.boolean("tie_word_embeddings", tied),
    maxPositionEmbeddings: text.integer("max_position_embeddings", 262144),
  };
}

function readVision(vision: ConfigReader): VisionConfig {
  vision.ignore("model_type", "dtype", "torch_dtype", "initializer_range");
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
    config.ignore("architectures", "transformers_version", "dtype", "torch_dtype", "model_type");
    config.ignore("vision_start_token_id", "vision_end_token_id", "_name_or_path");
    const text = config.object("text_config");
    const tied = config.boolean("tie_word_embeddings", false);
    return {
      modelType: "qwen3_vl",
      text: readText(text, tied),
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
