/**
 * Qwen3-VL: interleaved M-RoPE, query and key norms, DeepStack.
 *
 * Source: transformers `models/qwen3_vl`.
 * @module
 */
import type { JsonReader } from "../common/json_reader.ts";
import type { ModelConfig, TextConfig, VisionConfig } from "../model/config.ts";
import { VisionEncoder } from "../model/vision_encoder.ts";
import { visionWeightShapes } from "../model/weight_shapes.ts";
import { configLimits } from "../model/config_limits.ts";
import { ignoreBookkeeping, ignoreTowerBookkeeping } from "./config_keys.ts";
import type { Family } from "./family.ts";
import { activations, readTextConfig, type TextDefaults } from "./text_config.ts";
import type { InputRecipe } from "../inputs/media_layout.ts";
import { nativeImages, nativeVideos, sharedBudgetSize } from "../inputs/native_resolution.ts";
import { mropePositions } from "../inputs/position_ids.ts";
import { type ProcessorFiles, settingsOf } from "../inputs/processor_files.ts";
import { spreadFrames } from "../inputs/video.ts";
import { timestampedLayout } from "../inputs/video_layouts.ts";
import { half, imageSettings, ownSettings } from "./processor_settings.ts";
import { qwenImage, qwenImageToken, qwenVideoToken } from "./qwen2_vl.ts";

/** Qwen3-VL: time stamps between temporal patches, one budget for all frames. */
export function qwen3VlInputs(files: ProcessorFiles): InputRecipe {
  ownSettings(files, () => {}); // it has none
  return {
    images: nativeImages(qwenImageToken, imageSettings(files), qwenImage),
    videos: nativeVideos(qwenVideoToken, settingsOf(files.video), {
      processor: "Qwen3VLVideoProcessor",
      defaults: {
        ...half,
        ...{ patchSize: 16, temporalPatchSize: 2, mergeSize: 2 },
        ...{ minPixels: 128 * 32 * 32, maxPixels: 32 * 32 * 768 },
      },
      fps: 2,
      maxVideoTokens: 768,
      sample: spreadFrames,
      size: sharedBudgetSize,
      layout: timestampedLayout("<|vision_start|>", "<|vision_end|>"),
      secondsPerGrid: false,
    }),
    positions: mropePositions(),
  };
}

const decoder: TextDefaults = {
  qkNorm: true,
  attentionBias: false,
  mrope: "interleaved",
  values: {
    ...{ vocab_size: 151936, hidden_size: 4096, intermediate_size: 22016, num_hidden_layers: 32 },
    ...{ num_attention_heads: 32, head_dim: 128, max_position_embeddings: 128000 },
    ...{ rms_norm_eps: 1e-6, rope_theta: 500000 },
  },
};

function readVision(vision: JsonReader): VisionConfig {
  ignoreTowerBookkeeping(vision);
  if (vision.has("rope_parameters")) {
    const rope = vision.object("rope_parameters");
    rope.require("rope_theta", 10000);
    rope.require("rope_type", "axial", "default");
  }
  return {
    depth: vision.count("depth", 27, configLimits.layers),
    hiddenSize: vision.count("hidden_size", 1152, configLimits.width),
    intermediateSize: vision.count("intermediate_size", 4304, configLimits.width),
    numHeads: vision.count("num_heads", 16, configLimits.heads),
    hiddenAct: vision.oneOf("hidden_act", activations, "gelu_pytorch_tanh"),
    inChannels: vision.count("in_channels", 3, 16),
    patchSize: vision.count("patch_size", 16, configLimits.patch),
    temporalPatchSize: vision.count("temporal_patch_size", 2, configLimits.patch),
    spatialMergeSize: vision.count("spatial_merge_size", 2, configLimits.patch),
    numPositionEmbeddings: vision.count("num_position_embeddings", 2304, configLimits.positions),
    outHiddenSize: vision.count("out_hidden_size", 3584, configLimits.width),
    deepstackVisualIndexes: vision.integers("deepstack_visual_indexes", [8, 16, 24]),
  };
}

/**
 * Reads the config of a model of this kind.
 *
 * @param modelType the family's
 * @param readMore what this family's decoder has besides
 * @throws {InputError} for missing, impossible or unsupported values
 */
export function readQwen3Vl(
  modelType: string,
  config: JsonReader,
  readMore: (text: JsonReader) => Partial<TextConfig> = () => ({}),
): ModelConfig {
  ignoreBookkeeping(config);
  const text = config.object("text_config");
  return {
    modelType,
    text: { ...readTextConfig(text, config, decoder), ...readMore(text) },
    vision: readVision(config.object("vision_config")),
    imageTokenId: config.integer("image_token_id", 151655),
    videoTokenId: config.integer("video_token_id", 151656),
    eosTokenIds: text.tokenIds("eos_token_id"),
  };
}

/** Qwen3-VL, dense. */
export const qwen3Vl: Family = {
  modelType: "qwen3_vl",
  title: "Qwen3-VL",
  readConfig: (config) => readQwen3Vl("qwen3_vl", config),
  weightPrefixes: [
    ["model.language_model.", "text."],
    ["model.visual.", "vision."],
    ["lm_head.", "lm_head."],
  ],
  visionShapes: (config) => visionWeightShapes(config.vision!),
  readInputs: qwen3VlInputs,
  buildVision: (kernels, config, weights) => new VisionEncoder(kernels, config.vision!, weights),
};
