/**
 * The towers of Qwen2-VL, Qwen2.5-VL and Qwen3-VL in GGUF files.
 *
 * Source: llama.cpp `conversion/qwenvl.py`, `conversion/qwen3vl.py` and `tools/mtmd/clip.cpp`: names and
 * layouts. Settings of the processor that the files do not hold are those of the published checkpoints.
 * @module
 */
import { type Assembly, joined, stacked, whole } from "../gguf_assembly.ts";
import type { GgufNotes } from "../gguf_notes.ts";
import {
  feedForward,
  type JsonFile,
  layersOf,
  tokenId,
  type TowerContext,
  type TowerFile,
  type TowerKind,
  towerNotes,
  type TowerTensors,
} from "./tower.ts";

/** What one of these towers has besides what all have. */
interface QwenTower extends Pick<TowerKind, "projectors" | "decoders"> {
  readonly modelType: (context: TowerContext) => string;
  readonly vision: (notes: GgufNotes, context: TowerContext) => JsonFile;
  readonly pixels: JsonFile;
}

const size = (file: TowerFile, name: string, axis: number): number | undefined =>
  file.header.tensors.get(name)?.shape[axis];

/** Notes that all have; the epsilon of the norms is 1e-6 in all, whatever the decoder's is. */
function readShared(notes: GgufNotes): JsonFile {
  notes.require("has_vision_encoder", true);
  notes.require("has_audio_encoder", false);
  notes.ignore("projector_type", "vision.image_size", "vision.projection_dim");
  notes.ignore("vision.attention.layer_norm_epsilon", "vision.image_min_pixels");
  notes.ignore("vision.image_mean", "vision.image_std", "vision.image_max_pixels");
  return {
    depth: notes.number("vision.block_count"),
    num_heads: notes.number("vision.attention.head_count"),
    patch_size: notes.number("vision.patch_size"),
    temporal_patch_size: 2,
    spatial_merge_size: notes.number("vision.spatial_merge_size", 2),
  };
}

/** Weights of the patches: two halves, one for each of the two frames of a patch. */
function patches(tensors: TowerTensors, weights: Map<string, Assembly>): void {
  const name = "v.patch_embd";
  const halves = [tensors.take(`${name}.weight`), tensors.take(`${name}.weight.1`)];
  weights.set("model.visual.patch_embed.proj.weight", stacked(halves, 2));
  const bias = tensors.find(`${name}.bias`);
  if (bias) weights.set("model.visual.patch_embed.proj.bias", whole(bias));
  const table = tensors.find("v.position_embd.weight");
  if (table) weights.set("model.visual.pos_embed.weight", whole(table));
}

function layer(tensors: TowerTensors, weights: Map<string, Assembly>, index: number): void {
  const from = `v.blk.${index}`, to = `model.visual.blocks.${index}`;
  tensors.move(weights, `${from}.ln1`, `${to}.norm1`);
  tensors.move(weights, `${from}.ln2`, `${to}.norm2`);
  tensors.move(weights, `${from}.attn_out`, `${to}.attn.proj`);
  tensors.move(weights, `${from}.attn_qkv`, `${to}.attn.qkv`);
  for (const kind of ["weight", "bias"]) {
    const parts = ["q", "k", "v"].flatMap((role) =>
      tensors.find(`${from}.attn_${role}.${kind}`) ?? []
    );
    if (parts.length === 3) weights.set(`${to}.attn.qkv.${kind}`, joined(parts, 0));
  }
  const gated = tensors.names().includes(`${from}.ffn_gate.weight`);
  const width = tensors.peek("v.post_ln.weight").shape[0];
  const { first, second } = feedForward(tensors, index, width);
  const names = gated ? ["up_proj", "down_proj"] : ["linear_fc1", "linear_fc2"];
  tensors.move(weights, first, `${to}.mlp.${names[0]}`);
  tensors.move(weights, second, `${to}.mlp.${names[1]}`);
  tensors.move(weights, `${from}.ffn_gate`, `${to}.mlp.gate_proj`);
}

/** DeepStack's mergers carry the numbers of their layers; Hugging Face counts them from 0. */
function deepstack(tensors: TowerTensors, weights: Map<string, Assembly>): void {
  const found = tensors.names().map((name) => /^v\.deepstack\.(\d{1,4})\./.exec(name)?.[1]);
  const layers = [...new Set(found.filter((one) => one !== undefined).map(Number))];
  layers.sort((a, b) => a - b).forEach((own, index) => {
    const from = `v.deepstack.${own}`, to = `model.visual.deepstack_merger_list.${index}`;
    tensors.move(weights, `${from}.norm`, `${to}.norm`);
    tensors.move(weights, `${from}.fc1`, `${to}.linear_fc1`);
    tensors.move(weights, `${from}.fc2`, `${to}.linear_fc2`);
  });
}

function qwenTower({ projectors, decoders, modelType, vision, pixels }: QwenTower): TowerKind {
  return {
    projectors,
    decoders,
    textPrefixes: { model: "model.language_model.", head: "lm_head." },
    config(context) {
      const notes = towerNotes(context.tower);
      const own = { ...readShared(notes), ...vision(notes, context) };
      notes.finish();
      return {
        model_type: modelType(context),
        text_config: context.decoder,
        vision_config: own,
        image_token_id: tokenId(context, "<|image_pad|>"),
        video_token_id: tokenId(context, "<|video_pad|>"),
        tie_word_embeddings: context.decoder.tie_word_embeddings,
      };
    },
    files({ tower }) {
      const notes = towerNotes(tower);
      const { patch_size, temporal_patch_size, spatial_merge_size } = readShared(notes);
      return {
        "preprocessor_config.json": {
          image_processor_type: "Qwen2VLImageProcessorFast",
          ...{ patch_size, temporal_patch_size, merge_size: spatial_merge_size },
          image_mean: notes.numbers("vision.image_mean"),
          image_std: notes.numbers("vision.image_std"),
          ...pixels,
        },
      };
    },
    weights(tensors) {
      const weights = new Map<string, Assembly>();
      patches(tensors, weights);
      for (const index of layersOf(tensors)) layer(tensors, weights, index);
      tensors.move(weights, "v.post_ln", "model.visual.merger.norm");
      tensors.move(weights, "mm.0", "model.visual.merger.linear_fc1");
      tensors.move(weights, "mm.2", "model.visual.merger.linear_fc2");
      deepstack(tensors, weights);
      tensors.finish();
      return weights;
    },
  };
}

const smallPixels = { min_pixels: 3136, max_pixels: 12_845_056 };

/** Qwen2-VL. */
export const qwen2VlTower: TowerKind = qwenTower({
  projectors: ["qwen2vl_merger"],
  decoders: ["qwen2vl"],
  modelType: () => "qwen2_vl",
  pixels: smallPixels,
  vision(notes, { tower }) {
    notes.require("use_silu", false);
    notes.require("use_gelu", false);
    const width = notes.number("vision.embedding_length");
    return {
      embed_dim: width,
      mlp_ratio: notes.number("vision.feed_forward_length", 4 * width) / width,
      hidden_size: size(tower, "mm.2.weight", 0),
    };
  },
});

/** Qwen2.5-VL. */
export const qwen25VlTower: TowerKind = qwenTower({
  projectors: ["qwen2.5vl_merger"],
  decoders: ["qwen2vl"],
  modelType: () => "qwen2_5_vl",
  pixels: smallPixels,
  vision(notes, { tower }) {
    notes.require("use_silu", true);
    const depth = notes.number("vision.block_count");
    const every = notes.number("vision.n_wa_pattern");
    const layers = Array.from({ length: depth }, (_, i) => i);
    return {
      hidden_size: notes.number("vision.embedding_length"),
      intermediate_size: notes.number("vision.feed_forward_length"),
      out_hidden_size: size(tower, "mm.2.weight", 0),
      window_size: notes.number("vision.window_size", 112),
      fullatt_block_indexes: layers.filter((i) => (i + 1) % every === 0),
      tokens_per_second: 2,
    };
  },
});

/** Qwen3-VL, dense and with experts. */
export const qwen3VlTower: TowerKind = qwenTower({
  projectors: ["qwen3vl_merger"],
  decoders: ["qwen3vl", "qwen3vlmoe"],
  modelType: ({ decoder }) => "num_experts" in decoder ? "qwen3_vl_moe" : "qwen3_vl",
  pixels: { size: { shortest_edge: 65_536, longest_edge: 16_777_216 } },
  vision(notes, { tower }) {
    notes.require("use_gelu", true);
    const stacked = notes.value("vision.is_deepstack_layers");
    return {
      hidden_size: notes.number("vision.embedding_length"),
      intermediate_size: notes.number("vision.feed_forward_length"),
      hidden_act: "gelu_pytorch_tanh",
      in_channels: 3,
      num_position_embeddings: size(tower, "v.position_embd.weight", 0),
      out_hidden_size: size(tower, "mm.2.weight", 0),
      deepstack_visual_indexes: Array.isArray(stacked)
        ? stacked.flatMap((is, index) => is === true ? [index] : [])
        : [],
    };
  },
});
