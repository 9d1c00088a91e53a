/**
 * What a model is, as data: sizes and switches read from a checkpoint's `config.json`.
 *
 * This folder holds the multimodal language model, one file per role; it knows no model family by
 * name (`lib/families` does) and computes only through `Kernels`. Fields are Hugging Face's keys in
 * camelCase.
 * @module
 */
import type { Activation } from "../nn/kernels.ts";
import type { ConvTowerConfig } from "./conv_config.ts";
import type { ExpertsConfig } from "../nn/experts.ts";
import type { GenerationSettings } from "./decoding_rules.ts";
import type { RopeConfig } from "../nn/rope.ts";

/** Sizes and switches of the text decoder. */
export interface TextConfig extends RopeConfig {
  /** D, the width of the residual stream. */
  readonly hiddenSize: number;
  /** F, the width of the feed-forward layer. */
  readonly intermediateSize: number;
  /** Experts in place of the feed-forward layer (mixture of experts), where a model has them. */
  readonly experts?: ExpertsConfig;
  /** L, the number of layers. */
  readonly numHiddenLayers: number;
  /** N, the query heads of a layer. */
  readonly numAttentionHeads: number;
  /** K, the key-value heads of a layer; N is a multiple of it. */
  readonly numKeyValueHeads: number;
  /** Activation of the feed-forward gate. */
  readonly hiddenAct: Activation;
  /** Epsilon of the RMS norms. */
  readonly rmsNormEps: number;
  /** V, the rows of the embedding table. */
  readonly vocabSize: number;
  /** Whether queries and keys are normalised per head (Qwen3). */
  readonly qkNorm: boolean;
  /** Whether the query, key and value projections have a bias (Qwen2). */
  readonly attentionBias: boolean;
  /** Whether the head uses the embedding table. */
  readonly tieWordEmbeddings: boolean;
  /** Longest sequence that the model was made for. */
  readonly maxPositionEmbeddings: number;
  /** Whether the tokens of an image see one another both ways (Gemma 3 with images). */
  readonly mutualImages?: boolean;
  /** Layers whose queries see a window only, where some do (Gemma 3). */
  readonly localLayers?: LocalLayers;
  /** Whether what attention and the feed-forward network give is normalised, too (Gemma 3). */
  readonly sandwichNorms?: boolean;
  /** What token embeddings are multiplied by; 1 by default. */
  readonly embeddingScale?: number;
  /** Scores are divided by the root of this; H by default. */
  readonly queryPreAttnScalar?: number;
}

/** Layers with attention in a sliding window, and the rotary embedding of their own. */
export interface LocalLayers {
  /** Their numbers, ascending. */
  readonly layers: readonly number[];
  /** Most recent positions that a query sees, its own included. */
  readonly window: number;
  /** Their rotary embedding. */
  readonly rope: RopeConfig;
}

/** Sizes and switches of a vision tower of the Qwen-VL kind. */
export interface VisionConfig {
  /** Number of layers. */
  readonly depth: number;
  /** D_v, the width. */
  readonly hiddenSize: number;
  /** Width of the feed-forward layer. */
  readonly intermediateSize: number;
  /** Attention heads of a layer. */
  readonly numHeads: number;
  /** Activation of the feed-forward layer. */
  readonly hiddenAct: Activation;
  /** Colour channels. */
  readonly inChannels: number;
  /** Side of a patch in pixels. */
  readonly patchSize: number;
  /** Frames of a patch. */
  readonly temporalPatchSize: number;
  /** Patches along each side that become one token. */
  readonly spatialMergeSize: number;
  /** Norm of the layers and of the merger; `layer` by default. */
  readonly norm?: "layer" | "rms";
  /** Whether the feed-forward layers have a gate (Qwen2.5-VL). */
  readonly gatedMlp?: boolean;
  /** Side of the attention windows in merged tokens (Qwen2.5-VL), or none. */
  readonly windowTokens?: number;
  /** Layers that attend to whole frames in spite of windows. */
  readonly fullAttentionLayers?: readonly number[];
  /** Steps of the time axis for a second of video (Qwen2.5-VL). */
  readonly tokensPerSecond?: number;
  /** Whether the patch embedding has a bias; true by default. */
  readonly patchBias?: boolean;
  /** Rows of the learned position table (a square), 0 without one. */
  readonly numPositionEmbeddings: number;
  /** Width of the features, which is the decoder's. */
  readonly outHiddenSize: number;
  /** Layers whose output is also added inside the decoder (Qwen3-VL's DeepStack). */
  readonly deepstackVisualIndexes: readonly number[];
}

/** Sizes and switches of an image encoder of the CLIP, SigLIP or InternViT kind. */
export interface ImageEncoderConfig {
  /** Number of layers. */
  readonly depth: number;
  /** Layers to run: the features are the output of the last of them. */
  readonly featureDepth: number;
  /** D_v, the width. */
  readonly hiddenSize: number;
  /** Width of the feed-forward layer. */
  readonly intermediateSize: number;
  /** Attention heads of a layer. */
  readonly numHeads: number;
  /** Activation of the feed-forward layer. */
  readonly hiddenAct: Activation;
  /** Epsilon of the norms. */
  readonly normEps: number;
  /** Norm of the layers. */
  readonly norm: "layer" | "rms";
  /** Side of a tile in pixels. */
  readonly imageSize: number;
  /** Side of a patch in pixels. */
  readonly patchSize: number;
  /** Whether a class token stands first; it is left out of the features. */
  readonly classToken: boolean;
  /** Whether the patch embedding has a bias. */
  readonly patchBias: boolean;
  /** Whether the query, key and value projections have a bias. */
  readonly attentionBias: boolean;
  /** Whether the embeddings are normalised before the first layer (CLIP). */
  readonly preNorm: boolean;
  /** Whether queries and keys are normalised over all heads (InternViT-6B). */
  readonly qkNorm: boolean;
  /** Whether each branch is multiplied by a learned vector (InternViT). */
  readonly layerScale: boolean;
  /** Whether the features are normalised after the last layer (Gemma 3); not by default. */
  readonly lastNorm?: boolean;
}

/**
 * What turns the encoder's patches into rows of the decoder's width: two linear layers, or (`average`)
 * the mean of neighbouring patches, a norm and a matrix.
 */
export interface ProjectorConfig {
  /** Activation between the two. */
  readonly hiddenAct: Activation;
  /** Patches along each side that become one row (pixel shuffle); 1 for none. */
  readonly merge: number;
  /** Whether the joined patches are normalised first (InternVL). */
  readonly norm: boolean;
  /** Whether the linear layers have biases. */
  readonly bias: boolean;
  /** Epsilon of the norm of averaged patches (Gemma 3); they are joined where it is absent. */
  readonly average?: { readonly normEps: number };
}

/** A vision tower that sees tiles of one size: encoder and projector. */
export interface ImageTowerConfig {
  /** The encoder. */
  readonly encoder: ImageEncoderConfig;
  /** The projector. */
  readonly projector: ProjectorConfig;
  /** Whether a learned row stands at the end of rows or images (LLaVA-OneVision). */
  readonly newline: boolean;
  /** How one image becomes several tiles, where the order of their rows depends on it. */
  readonly anyres?: AnyresConfig;
}

/** Tiles of images of any resolution (LLaVA-OneVision). */
export interface AnyresConfig {
  /** Heights and widths in pixels that the tiles of an image may fill. */
  readonly resolutions: readonly (readonly [height: number, width: number])[];
  /** Tiles' worth of tokens from which on the map of all tiles is shrunk. */
  readonly maxTiles: number;
}

/** A whole model: decoder and, unless text-only, vision tower. */
export interface ModelConfig {
  /** Hugging Face's `model_type`. */
  readonly modelType: string;
  /** The decoder. */
  readonly text: TextConfig;
  /** The vision tower of the Qwen-VL kind, or null. */
  readonly vision: VisionConfig | null;
  /** The vision tower of the other kind, for tiles of one size, if that is what the model has. */
  readonly imageTower?: ImageTowerConfig;
  /** The vision tower of convolutions, if that is what the model has. */
  readonly convTower?: ConvTowerConfig;
  /** Token that stands for a piece of an image, or -1. */
  readonly imageTokenId: number;
  /** Token that stands for a piece of a video, or -1. */
  readonly videoTokenId: number;
  /** Tokens that end an answer. */
  readonly eosTokenIds: readonly number[];
  /** How `generation_config.json` would decode, if there is one. */
  readonly generation?: GenerationSettings;
}

/** Whether the model has a vision tower, of whichever kind. */
export function hasVision(config: ModelConfig): boolean {
  return Boolean(config.vision ?? config.imageTower ?? config.convTower);
}

/**
 * Number of attention layers of the vision tower that hooks reach; 0 for a tower of convolutions and for a
 * text-only model.
 */
export function visionDepth(config: ModelConfig): number {
  return config.vision?.depth ?? config.imageTower?.encoder.depth ?? 0;
}
