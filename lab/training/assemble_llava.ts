/**
 * LLaVA assembled: a language model as it is and a vision tower trained for it become one checkpoint in Hugging
 * Face's layout, which transformers loads as `LlavaForConditionalGeneration`.
 *
 * @module
 */
import { join } from "node:path";
import { widenToFloat32 } from "../../lib/backend/widen.ts";
import { InputError } from "../../lib/common/errors.ts";
import { writeTextAtomically } from "../../lib/common/files.ts";
import { readCheckpointJson } from "../../lib/weights/checkpoint_files.ts";
import { float32ToBfloat16 } from "../../lib/weights/dtypes.ts";
import { readSafetensorsFile } from "../../lib/weights/safetensors_file.ts";
import { type TensorToWrite, writeSafetensors } from "../../lib/weights/safetensors_write.ts";
import { openWeights } from "../../lib/weights/weights.ts";
import {
  readVisionTowerSettings,
  type VisionTowerSettings,
  visionTowerWeightsFile,
} from "./vision_tower_files.ts";
import { visionTowerConfig, visionTowerPixels } from "./vision_tower_model.ts";

/** What stands for one visual token: Qwen's tokenizers have a placeholder, others get a token more. */
const imageTokens = ["<|image_pad|>", "<image>"] as const;

/** What the first turn says where a conversation has no system message, by the decoder's `model_type`. */
const systemTexts: Readonly<Record<string, string>> = {
  llama: "You are a helpful AI assistant named SmolLM, trained by Hugging Face",
  qwen2: "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.",
};

/** ChatML, with a line for each image. */
export function llavaChatTemplate(decoder: string, imageToken: string): string {
  return `{% if messages[0]['role'] != 'system' %}{{ '<|im_start|>system\\n${
    systemTexts[decoder]
  }<|im_end|>\\n' }}{% endif %}{% for message in messages %}` +
    "{{ '<|im_start|>' + message['role'] + '\\n' }}{% if message['content'] is string %}" +
    "{{ message['content'] }}{% else %}{% for part in message['content'] %}" +
    `{% if part['type'] == 'image' %}{{ '${imageToken}\\n' }}{% else %}{{ part['text'] }}{% endif %}` +
    "{% endfor %}{% endif %}{{ '<|im_end|>\\n' }}{% endfor %}" +
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";
}

/** Keys of a LLaMA-like config that say what it computes. */
const textKeys = [
  ...["hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads"],
  ...["num_key_value_heads", "head_dim", "hidden_act", "rms_norm_eps", "max_position_embeddings"],
  ...["rope_theta", "bos_token_id", "eos_token_id"],
];

type Json = Record<string, unknown>;

/** LLaVA's config around that of a LLaMA or Qwen2. */
function llavaConfig(
  base: Json,
  settings: VisionTowerSettings,
  image: number,
  vocabulary: number,
): Json {
  const text = Object.fromEntries(
    textKeys.filter((key) => base[key] !== undefined && base[key] !== null)
      .map((key) => [key, base[key]]),
  );
  const [end] = [base.eos_token_id ?? 2].flat();
  return {
    architectures: ["LlavaForConditionalGeneration"],
    model_type: "llava",
    torch_dtype: "bfloat16",
    image_token_index: image,
    image_seq_length: (visionTowerConfig.encoder.imageSize / visionTowerConfig.encoder.patchSize) **
      2,
    projector_hidden_act: "gelu",
    vision_feature_layer: -1,
    vision_feature_select_strategy: "default",
    tie_word_embeddings: base.tie_word_embeddings === true,
    eos_token_id: end,
    text_config: {
      model_type: base.model_type,
      ...text,
      eos_token_id: end,
      vocab_size: vocabulary,
      tie_word_embeddings: base.tie_word_embeddings === true,
    },
    vision_config: settings.vision_config,
  };
}

function processorFiles(imageToken: string): Record<string, Json> {
  const { imageSize, patchSize } = visionTowerConfig.encoder;
  return {
    "processor_config.json": {
      processor_class: "LlavaProcessor",
      image_token: imageToken,
      num_additional_image_tokens: 1,
      patch_size: patchSize,
      vision_feature_select_strategy: "default",
    },
    "preprocessor_config.json": {
      image_processor_type: "CLIPImageProcessor",
      processor_class: "LlavaProcessor",
      do_convert_rgb: true,
      do_resize: true,
      size: { shortest_edge: imageSize },
      resample: 3,
      do_center_crop: true,
      crop_size: { height: imageSize, width: imageSize },
      do_rescale: true,
      rescale_factor: 1 / 255,
      do_normalize: true,
      image_mean: Array(3).fill(visionTowerPixels.mean),
      image_std: Array(3).fill(visionTowerPixels.deviation),
    },
  };
}

/** The tokenizer with a placeholder for visual tokens: its own, or one more special token. */
function withImageToken(tokenizer: Json, fresh: number): { id: number; token: string; file: Json } {
  const added = tokenizer.added_tokens as readonly Json[];
  const [own, token] = imageTokens, found = added.find(({ content }) => content === own);
  if (found) return { id: found.id as number, token: own, file: tokenizer };
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false };
  const more = { id: fresh, content: token, ...flags, special: true };
  return { id: fresh, token, file: { ...tokenizer, added_tokens: [...added, more] } };
}

/** The embedding table with rows for the new token and up to a multiple of 64: the mean of all. */
function extendedTable(table: Float32Array, width: number, rows: number): Float32Array {
  const have = table.length / width, mean = new Float64Array(width);
  table.forEach((value, i) => mean[i % width] += value / have);
  const out = new Float32Array(rows * width);
  out.set(table);
  for (let row = have; row < rows; row++) out.set(mean, row * width);
  return out;
}

/** Values as bytes of bfloat16, half the memory. */
function halved(values: Float32Array, shape: readonly number[]): TensorToWrite {
  return { shape, data: new Uint8Array(float32ToBfloat16(values).buffer), dtype: "BF16" };
}

/**
 * Assembles LLaVA: a LLaMA-like language model as it is, and a vision tower trained for it. In bfloat16.
 *
 * @param base directory of the language model: Hugging Face's layout or a GGUF file in it
 * @param tower folder made by `saveVisionTower`
 * @param out is made if it is not there
 * @throws {InputError} if the tower was trained for a language model of another width, or the language model
 *   is of another kind
 */
export async function assembleLlava(base: string, tower: string, out: string): Promise<void> {
  const [config, tokenizer, tokenizerConfig, settings] = await Promise.all([
    ...["config.json", "tokenizer.json", "tokenizer_config.json"].map((file) =>
      readCheckpointJson(base, file)
    ),
    readVisionTowerSettings(tower),
  ]) as [Json, Json, Json, VisionTowerSettings];
  if (config.hidden_size !== settings.text_width) {
    throw new InputError(
      `Cannot join this vision tower to ${base}: its width is ${config.hidden_size}, the tower's ` +
        `${settings.text_width}`,
    );
  }
  const decoder = config.model_type as string;
  if (!(decoder in systemTexts)) {
    throw new InputError(
      `Cannot join a vision tower to ${base}: it is a ${decoder}, wanted ${
        Object.keys(systemTexts).join(" or ")
      }`,
    );
  }
  const have = config.vocab_size as number, width = settings.text_width;
  const placeholder = withImageToken(tokenizer, have), image = placeholder.id;
  const vocabulary = image < have ? have : Math.ceil((image + 1) / 64) * 64;
  const tied = config.tie_word_embeddings === true;
  await Deno.mkdir(out, { recursive: true });
  const tensors: Record<string, TensorToWrite> = {};
  using source = await openWeights(base);
  for (const name of source.names()) {
    if (name === "lm_head.weight" && tied) continue; // shared with the embeddings
    const { bytes, dtype, shape } = await source.readWeight(name);
    const values = widenToFloat32(bytes, dtype);
    tensors[`language_model.${name}`] = shape[0] === have
      ? halved(extendedTable(values, width, vocabulary), [vocabulary, width])
      : halved(values, shape);
  }
  const { tensors: own } = await readSafetensorsFile(join(tower, visionTowerWeightsFile));
  for (const [name, { shape, data }] of own) tensors[name] = halved(data as Float32Array, shape);
  const norm = "vision_tower.vision_model.post_layernorm"; // after the features, of no effect on them
  const hidden = visionTowerConfig.encoder.hiddenSize;
  tensors[`${norm}.weight`] = halved(new Float32Array(hidden).fill(1), [hidden]);
  tensors[`${norm}.bias`] = halved(new Float32Array(hidden), [hidden]);
  await writeSafetensors(join(out, "model.safetensors"), tensors, { format: "pt" });
  const { chat_template: _own, ...rest } = tokenizerConfig;
  const files: Record<string, Json> = {
    "config.json": llavaConfig(config, settings, image, vocabulary),
    "generation_config.json": { eos_token_id: config.eos_token_id ?? 2 },
    "tokenizer.json": placeholder.file,
    "tokenizer_config.json": { ...rest, processor_class: "LlavaProcessor" },
    ...processorFiles(placeholder.token),
  };
  for (const [name, json] of Object.entries(files)) {
    await writeTextAtomically(join(out, name), JSON.stringify(json, null, 2) + "\n");
  }
  const template = llavaChatTemplate(decoder, placeholder.token);
  await writeTextAtomically(join(out, "chat_template.jinja"), template);
}
