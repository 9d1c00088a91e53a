/**
 * Qwen2-VL: M-RoPE in runs, a vision tower for any grid without learned positions.
 *
 * Source: transformers `models/qwen2_vl`.
 * @module
 */
import type { JsonReader } from "../common/json_reader.ts";
import type { ModelConfig, VisionConfig } from "../model/config.ts";
import { VisionEncoder } from "../model/vision_encoder.ts";
import { visionWeightShapes } from "../model/weight_shapes.ts";
import { configLimits } from "../model/config_limits.ts";
import { ignoreBookkeeping, ignoreTowerBookkeeping } from "./config_keys.ts";
import type { Family, WeightPrefix, WeightRename } from "./family.ts";
import { activations, readTextConfig, type TextDefaults } from "./text_config.ts";
import type { InputRecipe } from "../inputs/media_layout.ts";
import { frameBudgetSize, nativeImages, nativeVideos } from "../inputs/native_resolution.ts";
import { mropePositions, type PositionRule } from "../inputs/position_ids.ts";
import { type ProcessorFiles, settingsOf } from "../inputs/processor_files.ts";
import { withPixels } from "../inputs/processor_overrides.ts";
import { steppedFrames } from "../inputs/video.ts";
import { plainLayout } from "../inputs/video_layouts.ts";
import { clip, imageSettings, ownSettings } from "./processor_settings.ts";

/** `Qwen2VLImageProcessor`, which all Qwen-VL families use. */
export const qwenImage = {
  ...clip,
  ...{ patchSize: 14, temporalPatchSize: 2, mergeSize: 2 },
  ...{ minPixels: 56 * 56, maxPixels: 28 * 28 * 1280 },
};
/** Placeholder of an image. */
export const qwenImageToken = "<|image_pad|>";
/** Placeholder of a video. */
export const qwenVideoToken = "<|video_pad|>";

/** Inputs of Qwen2-VL and Qwen2.5-VL: temporal patches in a row, a budget for each frame. */
export function qwen2Inputs(
  files: ProcessorFiles,
  positions: PositionRule,
  secondsPerGrid: boolean,
): InputRecipe {
  ownSettings(files, () => {}); // they have none
  return {
    images: nativeImages(qwenImageToken, imageSettings(files), qwenImage),
    videos: nativeVideos(qwenVideoToken, settingsOf(withPixels(files.video, files.overrides)), {
      processor: "Qwen2VLVideoProcessor",
      defaults: { ...qwenImage, minPixels: 128 * 28 * 28, maxPixels: 28 * 28 * 768 },
      fps: null,
      maxVideoTokens: 128_000,
      sample: steppedFrames,
      size: frameBudgetSize,
      layout: plainLayout,
      secondsPerGrid,
    }),
    positions,
  };
}

/** Qwen2-VL: temporal patches in a row, a budget for each frame. */
export function qwen2VlInputs(files: ProcessorFiles): InputRecipe {
  return qwen2Inputs(files, mropePositions(), false);
}

/** Qwen2's decoder with positions of three axes. */
export const qwen2VlDecoder: TextDefaults = {
  qkNorm: false,
  attentionBias: true,
  mrope: "runs",
  values: { rms_norm_eps: 1e-5, max_position_embeddings: 32768 },
};

/** Published checkpoints and those that transformers 5 saves. */
export const qwen2VlPrefixes: readonly WeightPrefix[] = [
  ["model.language_model.", "text."],
  ["model.visual.", "vision."],
  ["visual.", "vision."],
  ["model.", "text."],
  ["lm_head.", "lm_head."],
];

/** What Qwen2's and 2.5's vision towers call otherwise than Qwen3's. */
export const qwen2VlRenames: readonly WeightRename[] = [
  ["merger.ln_q.", "merger.norm."],
  ["merger.mlp.0.", "merger.linear_fc1."],
  ["merger.mlp.2.", "merger.linear_fc2."],
  [".mlp.fc", ".mlp.linear_fc"],
];

/** Ignores or checks the keys that Qwen2-VL's and Qwen2.5-VL's vision configs share. */
export function readQwen2Patches(
  vision: JsonReader,
): Omit<VisionConfig, "hiddenSize" | "intermediateSize" | "hiddenAct" | "outHiddenSize"> {
  ignoreTowerBookkeeping(vision);
  if (vision.has("rope_parameters")) {
    const rope = vision.object("rope_parameters");
    rope.require("rope_theta", 10000);
    rope.require("rope_type", "axial", "default");
  } else vision.ignore("rope_parameters");
  const patchSize = vision.count("patch_size", 14, configLimits.patch);
  vision.require("spatial_patch_size", patchSize);
  return {
    depth: vision.count("depth", 32, configLimits.layers),
    numHeads: vision.count("num_heads", 16, configLimits.heads),
    inChannels: vision.count("in_chans", vision.count("in_channels", 3, 16), 16),
    patchSize,
    temporalPatchSize: vision.count("temporal_patch_size", 2, configLimits.patch),
    spatialMergeSize: vision.count("spatial_merge_size", 2, configLimits.patch),
    numPositionEmbeddings: 0,
    patchBias: false,
    deepstackVisualIndexes: [],
  };
}

function readVision(vision: JsonReader): VisionConfig {
  const hiddenSize = vision.count("embed_dim", 1280, configLimits.width);
  return {
    ...readQwen2Patches(vision),
    hiddenSize,
    intermediateSize: hiddenSize * vision.count("mlp_ratio", 4, 64),
    hiddenAct: vision.oneOf("hidden_act", activations, "quick_gelu"),
    outHiddenSize: vision.count("hidden_size", 3584, configLimits.width),
  };
}

/** What the configs of Qwen2-VL and Qwen2.5-VL share: flat when published, nested by transformers 5. */
export function readQwen2Vl(
  modelType: string,
  config: JsonReader,
  vision: (config: JsonReader) => VisionConfig,
): ModelConfig {
  ignoreBookkeeping(config);
  const text = config.has("text_config") ? config.object("text_config") : config;
  return {
    modelType,
    text: readTextConfig(text, config, qwen2VlDecoder),
    vision: vision(config.object("vision_config")),
    imageTokenId: config.integer("image_token_id", 151655),
    videoTokenId: config.integer("video_token_id", 151656),
    eosTokenIds: text.tokenIds("eos_token_id"),
  };
}

/** Qwen2-VL. */
export const qwen2Vl: Family = {
  modelType: "qwen2_vl",
  title: "Qwen2-VL",
  readConfig: (config) => readQwen2Vl("qwen2_vl", config, readVision),
  weightPrefixes: qwen2VlPrefixes,
  weightRenames: qwen2VlRenames,
  visionShapes: (config) => visionWeightShapes(config.vision!),
  readInputs: qwen2VlInputs,
  buildVision: (kernels, config, weights) => new VisionEncoder(kernels, config.vision!, weights),
};
