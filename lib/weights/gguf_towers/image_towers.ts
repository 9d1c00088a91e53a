/**
 * The towers of LLaVA 1.5 and InternVL in GGUF files: encoders for tiles of one size.
 *
 * Source: llama.cpp `tools/mtmd/legacy-models/convert_image_encoder_to_gguf.py`,
 * `conversion/internvl.py` and `tools/mtmd/clip.cpp`: names and layouts.
 * @module
 */
import { type Assembly, whole } from "../gguf_assembly.ts";
import type { GgufNotes } from "../gguf_notes.ts";
import {
  feedForward,
  type JsonFile,
  layersOf,
  tokenId,
  type TowerKind,
  towerNotes,
  type TowerTensors,
} from "./tower.ts";

/** Notes that both have. */
function readEncoder(notes: GgufNotes): JsonFile {
  notes.require("has_vision_encoder", true);
  notes.require("has_audio_encoder", false);
  notes.require("has_text_encoder", false);
  notes.ignore("projector_type", "vision.projection_dim", "has_llava_projector");
  notes.ignore("vision.image_mean", "vision.image_std");
  return {
    hidden_size: notes.number("vision.embedding_length"),
    intermediate_size: notes.number("vision.feed_forward_length"),
    num_hidden_layers: notes.number("vision.block_count"),
    num_attention_heads: notes.number("vision.attention.head_count"),
    image_size: notes.number("vision.image_size"),
    patch_size: notes.number("vision.patch_size"),
    layer_norm_eps: notes.number("vision.attention.layer_norm_epsilon"),
  };
}

/** Names of the parts of a layer: GGUF's and those of a family. */
type LayerNames = Readonly<Record<string, string>>;

/** Moves the weights of all layers. */
function moveLayers(
  tensors: TowerTensors,
  weights: Map<string, Assembly>,
  prefix: string,
  names: LayerNames,
): void {
  for (const index of layersOf(tensors)) {
    const from = `v.blk.${index}`, to = `${prefix}${index}`;
    const width = tensors.peek(`${from}.ln1.weight`).shape[0];
    const { first, second } = feedForward(tensors, index, width);
    tensors.move(weights, first, `${to}.mlp.fc1`);
    tensors.move(weights, second, `${to}.mlp.fc2`);
    for (const [own, name] of Object.entries(names)) {
      tensors.move(weights, `${from}.${own}`, `${to}.${name}`);
    }
  }
}

const pixels = (notes: GgufNotes, size: JsonFile): JsonFile => ({
  ...size,
  image_mean: notes.numbers("vision.image_mean"),
  image_std: notes.numbers("vision.image_std"),
});

/** LLaVA 1.5: CLIP, cut off behind the layer of the features, and two linear layers. */
export const llavaTower: TowerKind = {
  projectors: ["mlp"],
  decoders: ["llama"],
  textPrefixes: { model: "language_model.model.", head: "language_model.lm_head." },
  config(context) {
    const notes = towerNotes(context.tower);
    const vision = { model_type: "clip_vision_model", ...readEncoder(notes) } as JsonFile;
    notes.require("use_gelu", false);
    notes.require("use_silu", false);
    const layers = vision.num_hidden_layers as number;
    const feature = notes.numbers("vision.feature_layer", [layers]);
    if (feature.length !== 1 || feature[0] !== layers) {
      notes.refuse("clip.vision.feature_layer", feature, `[${layers}], the last layer of the file`);
    }
    notes.require("vision.mm_patch_merge_type", "flat");
    notes.require("vision.image_aspect_ratio", "pad", "square");
    notes.ignore("vision.mm_projector_type", "vision.image_crop_resolution");
    notes.finish();
    return {
      model_type: "llava",
      text_config: context.decoder,
      vision_config: { ...vision, hidden_act: "quick_gelu" },
      image_token_index: tokenId(context, "<image>"),
      projector_hidden_act: "gelu",
      vision_feature_layer: -1,
      vision_feature_select_strategy: "default",
      tie_word_embeddings: context.decoder.tie_word_embeddings,
    };
  },
  files({ tower }) {
    const notes = towerNotes(tower);
    const { image_size: side, patch_size } = readEncoder(notes);
    return {
      "preprocessor_config.json": pixels(notes, {
        image_processor_type: "CLIPImageProcessor",
        ...{ do_center_crop: true, crop_size: { height: side, width: side } },
        size: { shortest_edge: side },
      }),
      "processor_config.json": {
        ...{ image_token: "<image>", patch_size, num_additional_image_tokens: 1 },
        vision_feature_select_strategy: "default",
      },
    };
  },
  weights(tensors) {
    const weights = new Map<string, Assembly>(), tower = "vision_tower.vision_model.";
    const take = (name: string, to: string) => weights.set(to, whole(tensors.take(name)));
    take("v.class_embd", `${tower}embeddings.class_embedding`);
    take("v.patch_embd.weight", `${tower}embeddings.patch_embedding.weight`);
    take("v.position_embd.weight", `${tower}embeddings.position_embedding.weight`);
    tensors.move(weights, "v.pre_ln", `${tower}pre_layrnorm`);
    tensors.move(weights, "v.post_ln", `${tower}post_layernorm`);
    moveLayers(tensors, weights, `${tower}encoder.layers.`, {
      ...{ ln1: "layer_norm1", ln2: "layer_norm2", attn_out: "self_attn.out_proj" },
      ...{ attn_q: "self_attn.q_proj", attn_k: "self_attn.k_proj", attn_v: "self_attn.v_proj" },
    });
    tensors.move(weights, "mm.0", "multi_modal_projector.linear_1");
    tensors.move(weights, "mm.2", "multi_modal_projector.linear_2");
    tensors.finish();
    return weights;
  },
};

/** Sizes of a tensor with leading axes of size 1, as transformers stores InternViT's tables. */
const lifted = (shape: readonly number[], axes: number) => [
  ...Array(Math.max(0, axes - shape.length)).fill(1),
  ...shape,
];

/** InternVL3 and 3.5: InternViT, pixel shuffle, a norm and two linear layers. */
export const internvlTower: TowerKind = {
  projectors: ["internvl"],
  decoders: ["qwen2", "qwen3", "qwen3moe"],
  textPrefixes: { model: "language_model.model.", head: "language_model.lm_head." },
  config(context) {
    const notes = towerNotes(context.tower);
    const vision = { model_type: "internvl_vision", ...readEncoder(notes) } as JsonFile;
    notes.require("use_gelu", true);
    notes.require("use_silu", false);
    const scale = notes.number("vision.projector.scale_factor", 2);
    notes.ignore("vision.preproc_min_tiles", "vision.preproc_max_tiles");
    notes.finish();
    const { tensors } = context.tower.header;
    const rms = !tensors.has("v.blk.0.ln1.bias");
    return {
      model_type: "internvl",
      text_config: context.decoder,
      vision_config: {
        ...vision,
        hidden_act: "gelu",
        attention_bias: tensors.has("v.blk.0.attn_q.bias"),
        norm_type: rms ? "rms_norm" : "layer_norm",
        use_qk_norm: tensors.has("v.blk.0.attn_q_norm.weight"),
      },
      downsample_ratio: 1 / scale,
      image_token_id: tokenId(context, "<IMG_CONTEXT>"),
      projector_hidden_act: "gelu",
      vision_feature_layer: -1,
      vision_feature_select_strategy: "default",
      tie_word_embeddings: context.decoder.tie_word_embeddings,
    };
  },
  files({ tower }) {
    const notes = towerNotes(tower);
    const { image_size, patch_size } = readEncoder(notes) as Record<string, number>;
    const side = Math.floor(image_size / patch_size) /
      notes.number("vision.projector.scale_factor", 2);
    return {
      "preprocessor_config.json": pixels(notes, {
        image_processor_type: "GotOcr2ImageProcessorFast",
        size: { height: image_size, width: image_size },
        crop_to_patches: false,
        min_patches: notes.number("vision.preproc_min_tiles", 1),
        max_patches: notes.number("vision.preproc_max_tiles", 12),
      }),
      "processor_config.json": { image_seq_length: side * side },
    };
  },
  weights(tensors) {
    const weights = new Map<string, Assembly>(), tower = "vision_tower.";
    const table = (name: string, to: string) => {
      const found = tensors.take(name);
      weights.set(to, whole(found, lifted(found.shape, 3)));
    };
    table("v.class_embd", `${tower}embeddings.cls_token`);
    table("v.position_embd.weight", `${tower}embeddings.position_embeddings`);
    tensors.move(weights, "v.patch_embd", `${tower}embeddings.patch_embeddings.projection`);
    for (const index of layersOf(tensors)) {
      for (const part of [1, 2]) {
        const own = `v.blk.${index}.ls${part}`;
        const found = tensors.find(`${own}.weight`) ?? tensors.take(own);
        weights.set(`${tower}encoder.layer.${index}.lambda_${part}`, whole(found));
      }
    }
    moveLayers(tensors, weights, `${tower}encoder.layer.`, {
      ...{ ln1: "layernorm_before", ln2: "layernorm_after" },
      ...{ attn_q: "attention.q_proj", attn_k: "attention.k_proj", attn_v: "attention.v_proj" },
      ...{ attn_q_norm: "attention.q_norm", attn_k_norm: "attention.k_norm" },
      attn_out: "attention.projection_layer",
    });
    const parts = { 0: "layer_norm", 1: "linear_1", 3: "linear_2" };
    for (const [own, name] of Object.entries(parts)) {
      tensors.move(weights, `mm.model.mlp.${own}`, `multi_modal_projector.${name}`);
    }
    tensors.finish();
    return weights;
  },
};
