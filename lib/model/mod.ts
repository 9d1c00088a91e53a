/**
 * The multimodal language model, one file per role; it knows no model family by name.
 *
 * @module
 */
export type {
  AnyresConfig,
  ImageEncoderConfig,
  ImageTowerConfig,
  LocalLayers,
  ModelConfig,
  ProjectorConfig,
  TextConfig,
  VisionConfig,
} from "./config.ts";
export type {
  ConvNetworkBlock,
  ConvNetworkConfig,
  ConvolutionBlock,
  ConvolutionConfig,
  ConvTowerConfig,
  GridAttentionBlock,
  SqueezeConfig,
} from "./conv_config.ts";
export type { DecodingRules, DrawRules, GenerationSettings, ScoreRules } from "./decoding_rules.ts";
export {
  generate,
  type GeneratedToken,
  type GenerateOptions,
  type GenerationConfigUse,
} from "./generate.ts";
export { type KeyValueHead, type WeightMatrix } from "./head_weights.ts";
export { KvCache } from "./kv_cache.ts";
export { type AnyModel, networkOf } from "./network_of.ts";
export type {
  Media,
  MediaFeatures,
  ModelInputs,
  NamedArray,
  VisionFeatures,
  VisionTower,
} from "./model_inputs.ts";
export {
  defaultReuseBytes,
  type KeptPrefix,
  ReuseCache,
  type ReusingModel,
} from "./reuse_cache.ts";
export { type EmbeddingModel, type EmbedOptions } from "./embed_prompt.ts";
export { positionsOf, type PrefixOptions, SharedPrefix } from "./shared_prefix.ts";
export type { DecoderOptions, PatternRequest } from "./decoder_pass.ts";
export { TextDecoder } from "./text_decoder.ts";
export type { EmbeddedPrompt, ForwardOptions, ForwardResult, RunOptions } from "./run_options.ts";
export { VisionLanguageModel } from "./vision_language_model.ts";
export { WeightsMap } from "./weights_map.ts";
export { likeliest, probabilities } from "./likeliest.ts";
