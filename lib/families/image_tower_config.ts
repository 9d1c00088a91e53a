/**
 * The config and the weight names of vision towers for tiles of one size: CLIP, SigLIP and InternViT
 * encoders under LLaVA's keys.
 *
 * Source: transformers `configuration_clip.py`, `configuration_siglip.py`,
 * `configuration_internvl.py`, `configuration_llava.py`.
 * @module
 */
import type { Activation } from "../nn/kernels.ts";
import { InputError } from "../common/errors.ts";
import type { JsonReader } from "../common/json_reader.ts";
import type { ImageEncoderConfig, ImageTowerConfig } from "../model/config.ts";
import { configLimits } from "../model/config_limits.ts";
import { ignoreTowerBookkeeping } from "./config_keys.ts";
import type { WeightPrefix, WeightRename } from "./family.ts";
import { activations, decoders, type TextDefaults } from "./text_config.ts";

/** Published checkpoints and those that transformers 5 saves. */
export const imageTowerPrefixes: readonly WeightPrefix[] = [
  ["language_model.model.", "text."],
  ["language_model.lm_head.", "lm_head."],
  ["vision_tower.vision_model.", "vision.encoder."],
  ["vision_tower.", "vision.encoder."],
  ["multi_modal_projector.", "vision.projector."],
  ["image_newline", "vision.newline"],
  ["model.language_model.", "text."],
  ["model.vision_tower.vision_model.", "vision.encoder."],
  ["model.vision_tower.", "vision.encoder."],
  ["model.multi_modal_projector.", "vision.projector."],
  ["model.image_newline", "vision.newline"],
  ["lm_head.", "lm_head."],
];

/** What the encoders call otherwise than we do. */
export const imageTowerRenames: readonly WeightRename[] = [
  ["encoder.encoder.layers.", "encoder.layers."],
  ["encoder.encoder.layer.", "encoder.layers."], // InternViT, as all that follow but one
  ["encoder.pre_layrnorm.", "encoder.pre_norm."], // CLIP, spelt so
  [".attention.projection_layer.", ".self_attn.out_proj."],
  [".attention.", ".self_attn."],
  [".layernorm_before.", ".layer_norm1."],
  [".layernorm_after.", ".layer_norm2."],
  ["embeddings.cls_token", "embeddings.class_embedding"],
  ["embeddings.patch_embeddings.projection.", "embeddings.patch_embedding."],
  ["embeddings.position_embeddings", "embeddings.position_embedding.weight"],
];

/** Norms and heads after the features, and buffers. */
export const imageTowerIgnored: readonly string[] = [
  "vision.encoder.post_layernorm.",
  "vision.encoder.head.",
  "vision.encoder.embeddings.position_ids",
];

/** An encoder's switches and the values of keys that a file may leave out. */
interface EncoderDefaults {
  readonly numbers: Readonly<Record<string, number>>;
  readonly hiddenAct: Activation;
  readonly classToken: boolean;
  readonly patchBias: boolean;
  readonly preNorm: boolean;
  readonly layerScale: boolean;
  /** Keys of its own: others have none of them. */
  readonly own: (
    vision: JsonReader,
  ) => Pick<ImageEncoderConfig, "norm" | "qkNorm" | "attentionBias">;
}

const base = { hidden_size: 768, intermediate_size: 3072, num_hidden_layers: 12 };

const encoders: Readonly<Record<string, EncoderDefaults>> = {
  clip_vision_model: {
    numbers: {
      ...{ ...base, num_attention_heads: 12, image_size: 224, patch_size: 32 },
      layer_norm_eps: 1e-5,
    },
    hiddenAct: "quick_gelu",
    ...{ classToken: true, patchBias: false, preNorm: true, layerScale: false },
    own(vision) {
      vision.ignore("projection_dim", "vocab_size");
      return { norm: "layer", qkNorm: false, attentionBias: true };
    },
  },
  siglip_vision_model: {
    numbers: {
      ...{ ...base, num_attention_heads: 12, image_size: 224, patch_size: 16 },
      layer_norm_eps: 1e-6,
    },
    hiddenAct: "gelu_pytorch_tanh",
    ...{ classToken: false, patchBias: true, preNorm: false, layerScale: false },
    own(vision) {
      vision.ignore("vision_use_head", "projection_dim", "vocab_size");
      return { norm: "layer", qkNorm: false, attentionBias: true };
    },
  },
  internvl_vision: {
    numbers: {
      ...{ hidden_size: 1024, intermediate_size: 4096, num_hidden_layers: 24 },
      ...{ num_attention_heads: 16, image_size: 448, patch_size: 14, layer_norm_eps: 1e-6 },
    },
    hiddenAct: "gelu",
    ...{ classToken: true, patchBias: true, preNorm: false, layerScale: true },
    own(vision) {
      vision.require("use_mask_token", false);
      vision.require("use_absolute_position_embeddings", true);
      vision.require("use_mean_pooling", true); // with a class token's norm otherwise
      const norm = vision.oneOf("norm_type", ["layer_norm", "rms_norm"] as const, "layer_norm");
      return {
        norm: norm === "rms_norm" ? "rms" : "layer",
        qkNorm: vision.boolean("use_qk_norm", false),
        attentionBias: vision.boolean("attention_bias", false),
      };
    },
  },
};

/** The entry of a table that an object's `model_type` names. */
function chosen<T>(config: JsonReader, table: Readonly<Record<string, T>>, fallback: string): T {
  return table[config.oneOf("model_type", Object.keys(table), fallback)];
}

/** Switches of a `text_config`, by its `model_type`. */
export const decoderOf = (text: JsonReader, fallback: string): TextDefaults =>
  chosen(text, decoders, fallback);

/** A length of a square, one number or the same number twice. */
function readSide(vision: JsonReader, key: string, fallback: number, most: number): number {
  if (!Array.isArray(vision.value(key))) return vision.integer(key, fallback, 1, most);
  const [height, width, ...more] = vision.integers(key);
  if (height === width && height > 0 && height <= most && more.length === 0) return height;
  throw new InputError(
    `Cannot use "${key}": ${JSON.stringify(vision.value(key))} of ${vision.where}: supported is ` +
      `one number of at most ${most}, or the same number twice`,
  );
}

/**
 * Reads an encoder's object.
 *
 * @param featureLayer layer of the features, from the end where it is negative
 * @param kind `model_type` where the file has none
 * @throws {InputError} for missing, impossible or unsupported values
 */
export function readEncoder(
  vision: JsonReader,
  featureLayer: number,
  kind: string,
): ImageEncoderConfig {
  const { numbers, hiddenAct, own, ...switches } = chosen(vision, encoders, kind);
  const integer = (key: string, most: number) => vision.integer(key, numbers[key], 1, most);
  ignoreTowerBookkeeping(vision);
  vision.require("num_channels", 3);
  const depth = integer("num_hidden_layers", configLimits.layers);
  const featureDepth = featureLayer < 0 ? depth + 1 + featureLayer : featureLayer;
  if (featureDepth < 0 || featureDepth > depth) {
    throw new InputError(
      `Cannot use vision_feature_layer ${featureLayer}: wanted ${-depth - 1} to ${depth} for an ` +
        `encoder of ${depth} layers`,
    );
  }
  return {
    depth,
    featureDepth,
    hiddenSize: integer("hidden_size", configLimits.width),
    intermediateSize: integer("intermediate_size", configLimits.width),
    numHeads: integer("num_attention_heads", configLimits.heads),
    hiddenAct: vision.oneOf("hidden_act", activations, hiddenAct),
    normEps: vision.number("layer_norm_eps", numbers["layer_norm_eps"]),
    imageSize: readSide(vision, "image_size", numbers["image_size"], configLimits.side),
    patchSize: readSide(vision, "patch_size", numbers["patch_size"], configLimits.patch),
    ...switches,
    ...own(vision),
  };
}

/** What a family says about its tower. */
export interface TowerDefaults {
  /** `model_type` of the encoder where the file has none. */
  readonly encoder: string;
  /** Layer of the features where the file has none. */
  readonly featureLayer: number;
  /** Whether the projector normalises and joins patches (InternVL). */
  readonly pixelShuffle: boolean;
  /** Whether there is a learned newline row. */
  readonly newline: boolean;
}

/**
 * Reads the tower's part of a config with LLaVA's keys.
 *
 * @param config the whole config
 * @throws {InputError} for missing, impossible or unsupported values
 */
export function readImageTower(config: JsonReader, family: TowerDefaults): ImageTowerConfig {
  const { classToken } = chosen(config.object("vision_config"), encoders, family.encoder);
  // features are those of patches: all but the first token's, or all where there is no class token
  config.require("vision_feature_select_strategy", classToken ? "default" : "full");
  const layer = config.value("vision_feature_layer") ?? family.featureLayer;
  if (!Number.isInteger(layer)) {
    config.require("vision_feature_layer", family.featureLayer); // a list of layers
  }
  const encoder = readEncoder(config.object("vision_config"), layer as number, family.encoder);
  const merge = family.pixelShuffle ? 1 / config.number("downsample_ratio", 0.5) : 1;
  const side = Math.floor(encoder.imageSize / encoder.patchSize);
  if (!Number.isInteger(merge) || merge < 1 || side % merge !== 0) {
    throw new InputError(
      `Cannot use downsample_ratio ${1 / merge}: ${side} patches along a side cannot be joined so`,
    );
  }
  return {
    encoder,
    projector: {
      hiddenAct: config.oneOf("projector_hidden_act", activations, "gelu"),
      merge,
      norm: family.pixelShuffle,
      bias: config.boolean("multimodal_projector_bias", true),
    },
    newline: family.newline,
  };
}
