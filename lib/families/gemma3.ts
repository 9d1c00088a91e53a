/**
 * Gemma 3, text alone and with images. Its language model: five layers with a sliding window to one that sees everything, each kind
 * with a rotary embedding of its own; norms before and after each branch, with gains 1 + w.
 *
 * Images go through SigLIP at one size; its patches are averaged, normalised and multiplied by a matrix,
 * and the tokens of an image see one another both ways.
 *
 * Source: transformers `models/gemma3`.
 * @module
 */
import { InputError } from "../common/errors.ts";
import { JsonReader } from "../common/json_reader.ts";
import type { InputRecipe } from "../inputs/media_layout.ts";
import { panAndScanImages } from "../inputs/pan_and_scan.ts";
import { blockPositions, countedPositions } from "../inputs/position_ids.ts";
import type { ProcessorFiles } from "../inputs/processor_files.ts";
import { configLimits } from "../model/config_limits.ts";
import type { ImageTowerConfig, TextConfig } from "../model/config.ts";
import { ImageTower } from "../model/image_tower.ts";
import { imageTowerShapes } from "../model/weight_shapes.ts";
import type { RopeConfig } from "../nn/rope.ts";
import { ignoreBookkeeping } from "./config_keys.ts";
import type { Family } from "./family.ts";
import {
  imageTowerIgnored,
  imageTowerPrefixes,
  imageTowerRenames,
  readEncoder,
} from "./image_tower_config.ts";
import { half, imageSettings, ownSettings, sideOf } from "./processor_settings.ts";
import { readRope } from "./rope_config.ts";
import { readTextConfig, type TextDefaults } from "./text_config.ts";

/** Bases of the layers that see everything, and of those with a window. */
const globalTheta = 1_000_000, localTheta = 10_000;

const both = ["full_attention", "sliding_attention"] as const;

/** One of the two embeddings in the object that transformers 5 writes. */
function ropeOf(
  text: JsonReader,
  kind: typeof both[number],
  headDim: number,
  longest: number,
): RopeConfig {
  const theta = kind === "full_attention" ? globalTheta : localTheta;
  const found = text.object("rope_parameters").object(kind);
  found.ignore("rope_theta", "rope_type", "factor"); // read below
  const own = new JsonReader({ rope_parameters: found.json }, `${text.where} rope_parameters`);
  return readRope(own, headDim, longest, { theta });
}

/** The rotary embedding of the layers that see everything. */
function readGlobalRope(text: JsonReader, headDim: number, longest: number): RopeConfig {
  if (text.has("rope_parameters")) return ropeOf(text, "full_attention", headDim, longest);
  return readRope(text, headDim, longest, { theta: globalTheta });
}

/** That of the layers with a window, which is never scaled. */
function readLocalRope(text: JsonReader, headDim: number, longest: number): RopeConfig {
  if (text.has("rope_parameters")) return ropeOf(text, "sliding_attention", headDim, longest);
  return {
    headDim,
    ropeTheta: text.number("rope_local_base_freq", localTheta),
    mropeSection: null,
    mropeInterleaved: false,
  };
}

/** Numbers of the layers with a window: as listed, or all but every sixth. */
function localLayers(text: JsonReader, layers: number): number[] {
  const all = Array.from({ length: layers }, (_, layer) => layer);
  const every = text.count("sliding_window_pattern", text.count("_sliding_window_pattern", 6));
  if (!text.has("layer_types")) return all.filter((layer) => (layer + 1) % every !== 0);
  const types = text.value("layer_types");
  const isKind = (one: unknown) => both.some((kind) => kind === one);
  if (Array.isArray(types) && types.length === layers && types.every(isKind)) {
    return all.filter((layer) => types[layer] === "sliding_attention");
  }
  throw new InputError(
    `Cannot use "layer_types" of ${text.where}: wanted ${layers} of ${both.join(" or ")}`,
  );
}

const decoder: TextDefaults = {
  qkNorm: true,
  attentionBias: false,
  windows: true,
  tied: true,
  activationKey: "hidden_activation",
  activation: "gelu_pytorch_tanh",
  rope: readGlobalRope,
  values: {
    ...{ hidden_size: 2304, intermediate_size: 9216, num_hidden_layers: 26, vocab_size: 262_208 },
    ...{ num_attention_heads: 8, num_key_value_heads: 4, head_dim: 256, rms_norm_eps: 1e-6 },
    ...{ max_position_embeddings: 131_072, rope_theta: globalTheta },
  },
};

/**
 * The config of the decoder.
 *
 * @param text the object with its keys
 * @throws {InputError} for missing, impossible or unsupported values
 */
export function readGemma3Text(text: JsonReader, whole: JsonReader): TextConfig {
  text.require("attn_logit_softcapping", null);
  text.require("final_logit_softcapping", null);
  text.require("use_bidirectional_attention", false);
  text.ignore("hidden_act");
  const config = readTextConfig(text, whole, decoder);
  const { headDim, maxPositionEmbeddings, numHiddenLayers, hiddenSize } = config;
  return {
    ...config,
    sandwichNorms: true,
    embeddingScale: Math.fround(Math.sqrt(hiddenSize)),
    queryPreAttnScalar: text.number("query_pre_attn_scalar", 256),
    localLayers: {
      layers: localLayers(text, numHiddenLayers),
      window: text.count("sliding_window", 4096),
      rope: readLocalRope(text, headDim, maxPositionEmbeddings),
    },
  };
}

/** Gemma 3, text only. */
export const gemma3Text: Family = {
  modelType: "gemma3_text",
  title: "Gemma 3",
  readConfig: (config) => ({
    modelType: "gemma3_text",
    text: readGemma3Text(config, config),
    vision: null,
    imageTokenId: -1,
    videoTokenId: -1,
    eosTokenIds: config.tokenIds("eos_token_id"),
  }),
  weightPrefixes: [["model.", "text."], ["lm_head.", "lm_head."]],
  lessOne: ["norm.weight"],
  visionShapes: () => new Map(),
  readInputs: () => ({ images: null, videos: null, positions: countedPositions }),
  buildVision() {
    throw new InputError("Cannot build a vision tower: Gemma 3's text models have none");
  },
};

/** The tower: as many patches along a side are averaged as the number of an image's tokens says. */
function readTower(config: JsonReader): ImageTowerConfig {
  const tokens = config.count("mm_tokens_per_image", 256, configLimits.tokens);
  const encoder = readEncoder(config.object("vision_config"), -1, "siglip_vision_model");
  const side = Math.floor(encoder.imageSize / encoder.patchSize), merge = side / sideOf(tokens);
  if (!Number.isInteger(merge)) {
    throw new InputError(
      `Cannot use "mm_tokens_per_image" ${tokens} of ${config.where}: ${side} patches along a side ` +
        "cannot be averaged to as many tokens",
    );
  }
  return {
    encoder: { ...encoder, lastNorm: true },
    projector: {
      ...{ hiddenAct: "gelu", norm: false, bias: false, merge } as const,
      average: { normEps: encoder.normEps },
    },
    newline: false,
  };
}

/** Images at one size, with crops where the settings ask for pan and scan. */
export function gemma3Inputs(files: ProcessorFiles): InputRecipe {
  const side = ownSettings(
    files,
    (settings) => sideOf(settings.count("image_seq_length", 256, configLimits.tokens)),
  );
  return {
    images: panAndScanImages(
      { start: "<start_of_image>", token: "<image_soft_token>", end: "<end_of_image>", side },
      imageSettings(files),
      { ...half, edge: 224 },
    ),
    videos: null,
    positions: blockPositions,
  };
}

/** Gemma 3 with images. */
export const gemma3: Family = {
  modelType: "gemma3",
  title: "Gemma 3",
  readConfig(config) {
    ignoreBookkeeping(config);
    config.ignore("boi_token_index", "eoi_token_index", "boi_token_id", "eoi_token_id");
    const text = config.object("text_config");
    const image = config.integer("image_token_index", 262_144);
    return {
      modelType: "gemma3",
      text: { ...readGemma3Text(text, config), mutualImages: true },
      vision: null,
      imageTower: readTower(config),
      imageTokenId: config.integer("image_token_id", image),
      videoTokenId: -1,
      eosTokenIds: config.tokenIds("eos_token_id"),
    };
  },
  weightPrefixes: imageTowerPrefixes,
  weightRenames: [
    ...imageTowerRenames,
    ["encoder.post_layernorm.", "encoder.last_norm."],
    ["projector.mm_soft_emb_norm.", "projector.norm."],
    ["projector.mm_input_projection_weight", "projector.matrix"],
  ],
  lessOne: [
    ...["layernorm.weight", "q_norm.weight", "k_norm.weight", "text.norm.weight"],
    "projector.norm.weight",
  ],
  ignoredWeights: imageTowerIgnored.filter((role) => !role.includes("post_layernorm")),
  visionShapes: (config) => imageTowerShapes(config.imageTower!, config.text.hiddenSize),
  readInputs: gemma3Inputs,
  buildVision: (kernels, { imageTower }, weights) =>
    new ImageTower(kernels, imageTower!, weights, { images: () => null }),
};
