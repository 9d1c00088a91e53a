/**
 * Sizes of the vision towers that are measured, ours and under transformers' names.
 *
 * @module
 */
import type { ImageEncoderConfig, VisionConfig } from "../lib/model/config.ts";

/**
 * Qwen3-VL-2B's tower with so many layers.
 *
 * @param deepstack layers after which features go to the decoder; the model's own are 5, 11 and 17
 */
export function qwenTower(depth: number, deepstack: readonly number[] = []): VisionConfig {
  return {
    depth,
    hiddenSize: 1024,
    intermediateSize: 4096,
    numHeads: 16,
    hiddenAct: "gelu_pytorch_tanh",
    inChannels: 3,
    patchSize: 16,
    temporalPatchSize: 2,
    spatialMergeSize: 2,
    numPositionEmbeddings: 2304,
    outHiddenSize: 2048,
    deepstackVisualIndexes: deepstack,
  };
}

/**
 * Qwen2.5-VL-3B's tower with so many layers, every eighth of which sees whole images, as in the model;
 * the others see windows of 64 patches.
 */
export function windowTower(depth: number): VisionConfig {
  return {
    ...qwenTower(depth),
    ...{ hiddenSize: 1280, intermediateSize: 3420, hiddenAct: "silu", patchSize: 14 },
    ...{ numPositionEmbeddings: 0, norm: "rms", gatedMlp: true, windowTokens: 4 },
    fullAttentionLayers: Array.from({ length: depth }, (_, i) => i).filter((i) => i % 8 === 7),
  };
}

/** A tower of patches, `qwen3_vl` or `qwen2_5_vl`, with so many layers; null for others. */
export function patchTower(kind: string, depth: number): VisionConfig | null {
  return kind === "qwen3_vl" ? qwenTower(depth) : kind === "qwen2_5_vl" ? windowTower(depth) : null;
}

const tileBase = { norm: "layer", qkNorm: false, layerScale: false } as const;
const tiles: Readonly<Record<string, Omit<ImageEncoderConfig, "depth" | "featureDepth">>> = {
  clip: {
    ...tileBase,
    ...{ hiddenSize: 1024, intermediateSize: 4096, numHeads: 16, hiddenAct: "quick_gelu" },
    ...{ normEps: 1e-5, imageSize: 336, patchSize: 14 },
    ...{ classToken: true, patchBias: false, attentionBias: true, preNorm: true },
  },
  siglip: {
    ...tileBase,
    ...{ hiddenSize: 1152, intermediateSize: 4304, numHeads: 16, hiddenAct: "gelu_pytorch_tanh" },
    ...{ normEps: 1e-6, imageSize: 384, patchSize: 14 },
    ...{ classToken: false, patchBias: true, attentionBias: true, preNorm: false },
  },
  internvit: {
    ...tileBase,
    ...{ hiddenSize: 1024, intermediateSize: 4096, numHeads: 16, hiddenAct: "gelu" },
    ...{ normEps: 1e-6, imageSize: 448, patchSize: 14, layerScale: true },
    ...{ classToken: true, patchBias: true, attentionBias: true, preNorm: false },
  },
};

/** A tower of tiles, `clip`, `siglip` or `internvit`, with so many layers. @throws {Error} for others */
export function tileTower(kind: string, depth: number): ImageEncoderConfig {
  if (!Object.hasOwn(tiles, kind)) {
    throw new Error(`There is no tower ${kind}: there are ${Object.keys(tiles).join(", ")}`);
  }
  return { ...tiles[kind], depth, featureDepth: depth };
}

/** A Qwen3-VL tower as transformers' `Qwen3VLVisionConfig` wants it. */
export function transformersQwenTower(config: VisionConfig): Record<string, unknown> {
  return {
    depth: config.depth,
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    hidden_act: config.hiddenAct,
    patch_size: config.patchSize,
    num_heads: config.numHeads,
    in_channels: config.inChannels,
    temporal_patch_size: config.temporalPatchSize,
    spatial_merge_size: config.spatialMergeSize,
    out_hidden_size: config.outHiddenSize,
    num_position_embeddings: config.numPositionEmbeddings,
    deepstack_visual_indexes: config.deepstackVisualIndexes,
  };
}

/** The sizes of a tower under transformers' names. */
export function transformersTower(kind: string, depth: number): Record<string, unknown> {
  const patches = patchTower(kind, depth);
  if (patches?.windowTokens) {
    const { num_position_embeddings: _, deepstack_visual_indexes: __, ...own } =
      transformersQwenTower(patches);
    const windows = { window_size: 112, fullatt_block_indexes: patches.fullAttentionLayers };
    return { ...own, ...windows };
  }
  if (patches) return transformersQwenTower(patches);
  const { imageSize, patchSize, ...config } = tileTower(kind, depth);
  const squares = kind === "internvit" // its config has two sides of everything
    ? { image_size: [imageSize, imageSize], patch_size: [patchSize, patchSize] }
    : { image_size: imageSize, patch_size: patchSize };
  return {
    ...squares,
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    hidden_act: config.hiddenAct,
    num_hidden_layers: depth,
    num_attention_heads: config.numHeads,
    layer_norm_eps: config.normEps,
    ...(kind === "internvit" ? { attention_bias: true } : {}),
  };
}
