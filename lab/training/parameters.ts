/**
 * The shipped model's sizes, and weights to start from as TensorFlow.js variables.
 *
 * @module
 */
import type { ModelConfig, TextConfig, VisionConfig } from "../../lib/model/config.ts";
import { textWeightShapes, visionWeightShapes } from "../../lib/model/weight_shapes.ts";
import { Random } from "../../lib/stats/random.ts";
import { WeightVariables } from "./weight_variables.ts";

/** Pixels along each side of a cell, which is one visual token. */
export const cellPixels = 16;

/** While training, embeddings and visual features enter the decoder times this; folded at export. */
export const inputMultiplier = 0.3;

/** Sizes that a run may choose. */
export interface MiniSizes {
  /** L, decoder layers. */
  readonly layers: number;
  /** N, query heads of a layer. */
  readonly heads: number;
  /** K, key-value heads of a layer. */
  readonly keyValueHeads: number;
  /** D, width of the residual stream, half of the feed-forward's; 128 by default. */
  readonly width?: number;
}

/** Sizes of the shipped model. */
export const miniSizes: MiniSizes = { layers: 8, heads: 12, keyValueHeads: 4 };

/** A config of Qwen3-VL's architecture at small size. */
export function miniConfig(
  sizes: MiniSizes,
  tokens: {
    readonly vocabSize: number;
    readonly image: number;
    readonly video: number;
    readonly end: number;
  },
): ModelConfig {
  const width = sizes.width ?? 128;
  const text: TextConfig = {
    hiddenSize: width,
    intermediateSize: 2 * width,
    numHiddenLayers: sizes.layers,
    numAttentionHeads: sizes.heads,
    numKeyValueHeads: sizes.keyValueHeads,
    headDim: 32,
    hiddenAct: "silu",
    rmsNormEps: 1e-6,
    vocabSize: tokens.vocabSize,
    ropeTheta: 100000,
    mropeSection: [10, 3, 3],
    mropeInterleaved: true,
    qkNorm: true,
    attentionBias: false,
    tieWordEmbeddings: false,
    maxPositionEmbeddings: 32768,
  };
  const vision: VisionConfig = {
    depth: 2,
    hiddenSize: 96,
    intermediateSize: 192,
    numHeads: 3,
    hiddenAct: "gelu_pytorch_tanh",
    inChannels: 3,
    patchSize: cellPixels / 2,
    temporalPatchSize: 2,
    spatialMergeSize: 2,
    numPositionEmbeddings: 16,
    outHiddenSize: text.hiddenSize,
    deepstackVisualIndexes: [],
  };
  return {
    modelType: "qwen3_vl",
    text,
    vision,
    imageTokenId: tokens.image,
    videoTokenId: tokens.video,
    eosTokenIds: [tokens.end],
  };
}

/**
 * Matrices of the decoder's layers, of the vision blocks and of the readouts of facts: these move by Muon.
 * Hints are in few batches, and a matrix that Muon moves takes hundreds of them to become a readout.
 */
function isHiddenMatrix(name: string): boolean {
  return name.startsWith("readout.") && name !== "readout.own" && !name.includes("hint_") ||
    /^text\.layers\..*_proj\.weight$/.test(name) ||
    /^vision\.blocks\..*(qkv|proj|linear_fc\d)\.weight$/.test(name);
}

/** How the first values are drawn, and what is trained beside the model. */
export interface ParameterOptions {
  /**
   * Names of matrices `readout.NAME` `[D, D]` through which auxiliary losses read the residual stream;
   * they are no part of the model. `["own"]` by default.
   */
  readonly readouts?: readonly string[];
  /** First gain of the norms of queries and keys; 1.5 by default, so that logits start at 2.25 times their size. */
  readonly queryKeyGain?: number;
}

/** Standard deviation of a weight's first values, and their mean. */
function initialSpread(
  name: string,
  shape: readonly number[],
  layers: number,
  queryKeyGain: number,
): [number, number] {
  if (name.endsWith("q_norm.weight") || name.endsWith("k_norm.weight")) return [0, queryKeyGain];
  if (name.endsWith(".bias") || name.startsWith("readout.hint_")) return [0, 0];
  if (name.includes("pos_embed")) return [0, 0]; // no learned positions: stays zero
  if (/norm\d?\.weight$|layernorm\.weight$/.test(name)) return [0, 1];
  if (name === "text.embed_tokens.weight") return [1, 0];
  const width = shape.slice(1).reduce((a, b) => a * b, 1);
  const into = /o_proj|down_proj/.test(name); // writes into the residual stream
  return [(into ? 1 / Math.sqrt(2 * layers) : 1) / Math.sqrt(width), 0];
}

/** All weights of a model in training: `text.…`, `vision.…`, `readout.…`. The head shares the embedding table until export. */
export class ModelParameters extends WeightVariables {
  /**
   * Draws the first values.
   *
   * @param seed of the first values
   */
  constructor(
    readonly config: ModelConfig,
    seed: number | string,
    { readouts = ["own"], queryKeyGain = 1.5 }: ParameterOptions = {},
  ) {
    super(isHiddenMatrix);
    const random = new Random(seed);
    const shapes: [string, readonly number[]][] = [];
    for (const [name, shape] of textWeightShapes(config.text)) shapes.push([`text.${name}`, shape]);
    for (const [name, shape] of visionWeightShapes(config.vision!)) {
      shapes.push([`vision.${name}`, shape]);
    }
    const width = config.text.hiddenSize;
    for (const name of readouts) shapes.push([`readout.${name}`, [width, width]]);
    for (const [name, shape] of shapes) {
      const own = random.fork(name);
      const [deviation, mean] = initialSpread(
        name,
        shape,
        config.text.numHiddenLayers,
        queryKeyGain,
      );
      const size = shape.reduce((a, b) => a * b, 1);
      const data = Float32Array.from(
        { length: size },
        () => deviation ? own.normal(mean, deviation) : mean,
      );
      this.add(name, shape, data);
    }
  }
}
