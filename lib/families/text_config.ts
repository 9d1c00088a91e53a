/**
 * The config of a text decoder, the same keys in every family: LLaMA's, with Qwen's additions.
 *
 * Source: transformers `configuration_llama.py`, `configuration_mistral.py`,
 * `configuration_qwen2.py`, `configuration_qwen3.py` and the text configs of the Qwen-VL families.
 * @module
 */
import type { Activation } from "../nn/kernels.ts";
import { InputError } from "../common/errors.ts";
import type { JsonReader } from "../common/json_reader.ts";
import type { TextConfig } from "../model/config.ts";
import { configLimits } from "../model/config_limits.ts";
import { ignoreBookkeeping } from "./config_keys.ts";
import { readExperts } from "./experts_config.ts";
import type { RopeConfig } from "../nn/rope.ts";
import { readRope } from "./rope_config.ts";

/** Activation functions that a config may name. */
export const activations: readonly Activation[] = [
  ...["silu", "gelu", "gelu_pytorch_tanh", "quick_gelu", "relu"] as const,
];

/** What the kind of decoder decides: switches, and values of keys that a file may leave out. */
export interface TextDefaults {
  /** Whether queries and keys are normalised per head. */
  readonly qkNorm: boolean;
  /** Whether the query, key and value projections have a bias. */
  readonly attentionBias: boolean;
  /** Whether positions have three axes, and whether the axes' frequencies alternate or come in runs. */
  readonly mrope?: "interleaved" | "runs";
  /** Whether layers have experts, whose shares are taken as they are where the file does not say. */
  readonly experts?: boolean;
  /** Whether layers may have windows: then `layer_types` and `sliding_window` are the family's to read. */
  readonly windows?: boolean;
  /** Key of the activation; `hidden_act` by default. */
  readonly activationKey?: string;
  /** Activation where the file names none; `silu` by default. */
  readonly activation?: Activation;
  /** Reads the rotary embedding in place of {@link readRope}. */
  readonly rope?: (text: JsonReader, headDim: number, maxPositions: number) => RopeConfig;
  /** Value of `tie_word_embeddings` where neither object has it; false by default. */
  readonly tied?: boolean;
  /** Values of absent keys; without one the key is required. */
  readonly values?: Readonly<Record<string, number>>;
}

const sevenB = { hidden_size: 4096, num_hidden_layers: 32, num_attention_heads: 32 };
const qwen = { ...sevenB, intermediate_size: 22016, vocab_size: 151936, rope_theta: 10000 };

/** Decoders that stand alone in transformers and inside other families, by their `model_type`. */
export const decoders: Readonly<Record<string, TextDefaults>> = {
  llama: {
    qkNorm: false,
    attentionBias: false,
    values: {
      ...{ ...sevenB, intermediate_size: 11008, vocab_size: 32000, rope_theta: 10000 },
      ...{ rms_norm_eps: 1e-6, max_position_embeddings: 2048, eos_token_id: 2 },
    },
  },
  mistral: {
    qkNorm: false,
    attentionBias: false,
    values: {
      ...{ ...sevenB, intermediate_size: 14336, num_key_value_heads: 8, vocab_size: 32000 },
      ...{ rope_theta: 10000, rms_norm_eps: 1e-6, max_position_embeddings: 131072 },
      ...{ eos_token_id: 2, sliding_window: 4096 },
    },
  },
  qwen2: {
    qkNorm: false,
    attentionBias: true,
    values: { ...qwen, rms_norm_eps: 1e-6, max_position_embeddings: 32768 },
  },
  qwen3: {
    qkNorm: true,
    attentionBias: false,
    values: { ...qwen, rms_norm_eps: 1e-6, max_position_embeddings: 32768, head_dim: 128 },
  },
  qwen3_moe: {
    qkNorm: true,
    attentionBias: false,
    experts: true,
    values: {
      ...{ hidden_size: 2048, intermediate_size: 6144, num_hidden_layers: 24, vocab_size: 151936 },
      ...{ num_attention_heads: 32, num_key_value_heads: 4, rope_theta: 10000, rms_norm_eps: 1e-6 },
      ...{ max_position_embeddings: 32768 },
    },
  },
};

/** Largest values by key. */
const textLimits: Readonly<Record<string, number>> = {
  hidden_size: configLimits.width,
  intermediate_size: configLimits.width,
  head_dim: configLimits.width,
  num_hidden_layers: configLimits.layers,
  num_attention_heads: configLimits.heads,
  num_key_value_heads: configLimits.heads,
  vocab_size: configLimits.vocabulary,
};

/**
 * Reads the decoder's part of a config.
 *
 * @param text the object with the decoder's keys: `text_config`, or a flat config itself
 * @param whole the object that may have `tie_word_embeddings` too
 * @throws {InputError} for missing, impossible or unsupported values
 */
export function readTextConfig(
  text: JsonReader,
  whole: JsonReader,
  defaults: TextDefaults,
): TextConfig {
  const { values = {} } = defaults;
  const integer = (key: string) => text.integer(key, values[key], 1, textLimits[key]);
  const optional = (key: string, fallback: number) => text.has(key) ? integer(key) : fallback;
  ignoreBookkeeping(text);
  if (text !== whole) text.ignore("image_token_id", "video_token_id"); // read outside of it
  text.require("attention_bias", false);
  text.require("mlp_bias", false);
  text.require("use_sliding_window", false);
  text.ignore("max_window_layers"); // it says nothing while no window is used
  const hiddenSize = integer("hidden_size");
  const numHiddenLayers = integer("num_hidden_layers");
  const numAttentionHeads = integer("num_attention_heads");
  const numKeyValueHeads = optional(
    "num_key_value_heads",
    values["num_key_value_heads"] ?? numAttentionHeads,
  );
  if (numAttentionHeads % numKeyValueHeads !== 0) {
    throw new InputError(
      `Cannot use ${numAttentionHeads} num_attention_heads with ${numKeyValueHeads} ` +
        "num_key_value_heads: the first must be a multiple of the second",
    );
  }
  const everyLayer = Array<string>(numHiddenLayers).fill("full_attention");
  if (text.has("layer_types") && !defaults.windows) text.require("layer_types", everyLayer);
  else text.ignore("layer_types");
  const headDim = optional("head_dim", values["head_dim"] ?? hiddenSize / numAttentionHeads);
  const maxPositionEmbeddings = integer("max_position_embeddings");
  if (!defaults.windows) checkWindow(text, values["sliding_window"], maxPositionEmbeddings);
  const rope = defaults.rope?.(text, headDim, maxPositionEmbeddings) ??
    readRope(text, headDim, maxPositionEmbeddings, {
      theta: values["rope_theta"],
      mrope: defaults.mrope,
    });
  if (text.has("rope_parameters") && text.has("rope_scaling")) {
    text.object("rope_scaling").repeats(text.object("rope_parameters"));
  }
  return {
    hiddenSize,
    intermediateSize: integer("intermediate_size"),
    numHiddenLayers,
    numAttentionHeads,
    numKeyValueHeads,
    hiddenAct: text.oneOf(
      defaults.activationKey ?? "hidden_act",
      activations,
      defaults.activation ?? "silu",
    ),
    rmsNormEps: text.number("rms_norm_eps", values["rms_norm_eps"]),
    vocabSize: integer("vocab_size"),
    qkNorm: defaults.qkNorm,
    attentionBias: defaults.attentionBias,
    tieWordEmbeddings: readTied(text, whole, defaults.tied ?? false),
    maxPositionEmbeddings,
    ...rope,
    ...(defaults.experts ? { experts: readExperts(text, false) } : {}),
  };
}

/**
 * Refuses attention within a window. Only Mistral has one without `use_sliding_window`; null is none.
 *
 * @param fallback window where the file has no key
 * @param longest positions; a window of so many sees everything
 */
function checkWindow(text: JsonReader, fallback: number | undefined, longest: number): void {
  text.ignore("sliding_window");
  if (fallback === undefined) return;
  const window = Object.hasOwn(text.json, "sliding_window")
    ? text.value("sliding_window")
    : fallback;
  if (window === undefined || (window as number) >= longest) return;
  throw new InputError(
    `Cannot use "sliding_window": ${JSON.stringify(window)} of ${text.where}: supported is null, ` +
      "attention to all positions before",
  );
}

/**
 * Tokens that end an answer.
 *
 * @throws {InputError} if they are no whole numbers
 */
export function readEosTokenIds(
  text: JsonReader,
  { values = {} }: TextDefaults,
): readonly number[] {
  const ids = text.tokenIds("eos_token_id");
  return ids.length === 0 && "eos_token_id" in values ? [values["eos_token_id"]] : ids;
}

/** Whether either object says that the head shares the embedding table. */
function readTied(text: JsonReader, whole: JsonReader, fallback: boolean): boolean {
  const places = text === whole ? [text] : [text, whole];
  const said = places.filter((place) => place.has("tie_word_embeddings"));
  return said.length === 0
    ? fallback
    : said.map((place) => place.boolean("tie_word_embeddings")).includes(true);
}
