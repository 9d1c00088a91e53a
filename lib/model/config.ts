/**
 * What a model is, as data: sizes and switches read from a checkpoint's `config.json`.
 *
 * This folder holds the multimodal language model, one file per role; it knows no model family by
 * name (`lib/families` does) and computes only through `Kernels`. Fields are Hugging Face's keys in
 * camelCase.
 * @module
 */
import type { Activation } from "../backend/kernels.ts";
import type { RopeConfig } from "../nn/rope.ts";

/** Sizes and switches of the text decoder. */
export interface TextConfig extends RopeConfig {
  /** D, the width of the residual stream. */
  readonly hiddenSize: number;
  /** F, the width of the feed-forward layer. */
  readonly intermediateSize: number;
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
  /** Rows of the learned position table (a square), 0 without one. */
  readonly numPositionEmbeddings: number;
  /** Width of the features, which is the decoder's. */
  readonly outHiddenSize: number;
  /** Layers whose output is also added inside the decoder (Qwen3-VL's DeepStack). */
  readonly deepstackVisualIndexes: readonly number[];
}

/** A whole model: decoder and, unless text-only, vision tower. */
export interface ModelConfig {
  /** Hugging Face's `model_type`. */
  readonly modelType: string;
  /** The decoder. */
  readonly text: TextConfig;
  /** The vision tower, or null for a text-only model. */
  readonly vision: VisionConfig | null;
  /** Token that stands for a piece of an image, or -1. */
  readonly imageTokenId: number;
  /** Token that stands for a piece of a video, or -1. */
  readonly videoTokenId: number;
  /** Tokens that end an answer. */
  readonly eosTokenIds: readonly number[];
}
