/**
 * Gemma 3's language model: five layers with a sliding window to one that sees everything, each kind
 * with a rotary embedding of its own; norms before and after each branch, with gains 1 + w.
 *
 * Source: transformers `models/gemma3` (`Gemma3TextModel`).
 * @module
 */
import { InputError } from "../common/errors.ts";
import { JsonReader } from "../common/json_reader.ts";
import { countedPositions } from "../inputs/position_ids.ts";
import type { TextConfig } from "../model/config.ts";
import type { RopeConfig } from "../nn/rope.ts";
import type { Family } from "./family.ts";
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
