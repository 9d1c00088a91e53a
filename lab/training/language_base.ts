/**
 * What assembling a vision-language model takes, whatever its vision tower: a language model as it is, with a
 * placeholder for visual tokens, in Hugging Face's layout.
 *
 * @module
 */
import { join } from "node:path";
import { widenToFloat32 } from "../../lib/backend/widen.ts";
import { InputError } from "../../lib/common/errors.ts";
import { writeTextAtomically } from "../../lib/common/files.ts";
import { readCheckpointJson } from "../../lib/weights/checkpoint_files.ts";
import { float32ToBfloat16 } from "../../lib/weights/dtypes.ts";
import type { TensorToWrite } from "../../lib/weights/safetensors_write.ts";
import { openWeights } from "../../lib/weights/weights.ts";

/** Any JSON object. */
export type Json = Record<string, unknown>;

/** What stands for one visual token: Qwen's tokenizers have a placeholder, others get a token more. */
const imageTokens = ["<|image_pad|>", "<image>"] as const;

/** What the first turn says where a conversation has no system message, by the decoder's `model_type`. */
const systemTexts: Readonly<Record<string, string>> = {
  llama: "You are a helpful AI assistant named SmolLM, trained by Hugging Face",
  qwen2: "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.",
};

/** Keys of a LLaMA-like config that say what it computes. */
const textKeys = [
  ...["hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads"],
  ...["num_key_value_heads", "head_dim", "hidden_act", "rms_norm_eps", "max_position_embeddings"],
  ...["rope_theta", "bos_token_id", "eos_token_id"],
];

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
export function halved(values: Float32Array, shape: readonly number[]): TensorToWrite {
  return { shape, data: new Uint8Array(float32ToBfloat16(values).buffer), dtype: "BF16" };
}

/** A language model that a vision tower is put in front of. */
export interface LanguageBase {
  /** Its `model_type`. */
  readonly decoder: string;
  /** Width of its residual stream. */
  readonly width: number;
  /** Placeholder of visual tokens. */
  readonly image: { readonly id: number; readonly token: string };
  /** What the first turn says where a conversation has no system message. */
  readonly systemText: string;
  /** Keys that every config around it has. */
  readonly config: Json;
  /** Its weights in bfloat16, below `language_model.`; as long as the embedding table says. */
  readonly tensors: () => Promise<Record<string, TensorToWrite>>;
  /** The files of its tokenizer, and how generation ends. */
  readonly files: Readonly<Record<string, Json>>;
}

/**
 * Reads a LLaMA-like language model to assemble.
 *
 * @param base its directory: Hugging Face's layout or a GGUF file in it
 * @param processorClass transformers' name of the processor to be
 * @throws {InputError} for a language model of another kind
 */
export async function readLanguageBase(
  base: string,
  processorClass: string,
): Promise<LanguageBase> {
  const [config, tokenizer, tokenizerConfig] = await Promise.all(
    ["config.json", "tokenizer.json", "tokenizer_config.json"].map((file) =>
      readCheckpointJson(base, file)
    ),
  ) as [Json, Json, Json];
  const decoder = config.model_type as string;
  if (!(decoder in systemTexts)) {
    throw new InputError(
      `Cannot join a vision tower to ${base}: it is a ${decoder}, wanted ${
        Object.keys(systemTexts).join(" or ")
      }`,
    );
  }
  const have = config.vocab_size as number, width = config.hidden_size as number;
  const { id, token, file } = withImageToken(tokenizer, have);
  const vocabulary = id < have ? have : Math.ceil((id + 1) / 64) * 64;
  const tied = config.tie_word_embeddings === true, [end] = [config.eos_token_id ?? 2].flat();
  const text = Object.fromEntries(
    textKeys.filter((key) => config[key] !== undefined && config[key] !== null)
      .map((key) => [key, config[key]]),
  );
  const { chat_template: _own, ...rest } = tokenizerConfig;
  return {
    ...{ decoder, width, image: { id, token }, systemText: systemTexts[decoder] },
    config: {
      torch_dtype: "bfloat16",
      image_token_index: id,
      projector_hidden_act: "gelu",
      vision_feature_layer: -1,
      tie_word_embeddings: tied,
      eos_token_id: end,
      text_config: {
        model_type: decoder,
        ...text,
        eos_token_id: end,
        vocab_size: vocabulary,
        tie_word_embeddings: tied,
      },
    },
    tensors: () => readTensors(base, { have, width, vocabulary, tied }),
    files: {
      "generation_config.json": { eos_token_id: config.eos_token_id ?? 2 },
      "tokenizer.json": file,
      "tokenizer_config.json": { ...rest, processor_class: processorClass },
    },
  };
}

async function readTensors(
  base: string,
  { have, width, vocabulary, tied }: {
    readonly have: number;
    readonly width: number;
    readonly vocabulary: number;
    readonly tied: boolean;
  },
): Promise<Record<string, TensorToWrite>> {
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
  return tensors;
}

/**
 * ChatML with media where they stand in a turn.
 *
 * @param image Jinja that writes one image; `pictures.shown` counts the conversation's images from 1
 */
export function chatMl(systemText: string, image: string): string {
  return "{% set pictures = namespace(shown=0) %}" +
    `{% if messages[0]['role'] != 'system' %}{{ '<|im_start|>system\n${systemText}<|im_end|>\n' }}` +
    "{% endif %}{% for message in messages %}" +
    "{{ '<|im_start|>' + message['role'] + '\n' }}{% if message['content'] is string %}" +
    "{{ message['content'] }}{% else %}{% for part in message['content'] %}" +
    `{% if part['type'] == 'image' %}{% set pictures.shown = pictures.shown + 1 %}${image}` +
    "{% else %}{{ part['text'] }}{% endif %}" +
    "{% endfor %}{% endif %}{{ '<|im_end|>\n' }}{% endfor %}" +
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
}

/**
 * The files of LLaVA's processor: the middle of an image of one size.
 *
 * @param own keys of `processor_config.json`
 * @param pixels side of the middle, and what each value is lessened and divided by
 */
export function llavaProcessorFiles(
  own: Json,
  { side, mean, deviation }: {
    readonly side: number;
    readonly mean: number;
    readonly deviation: number;
  },
): Record<string, Json> {
  return {
    "processor_config.json": { processor_class: "LlavaProcessor", ...own },
    "preprocessor_config.json": {
      image_processor_type: "CLIPImageProcessor",
      processor_class: "LlavaProcessor",
      do_convert_rgb: true,
      do_resize: true,
      size: { shortest_edge: side },
      resample: 3,
      do_center_crop: true,
      crop_size: { height: side, width: side },
      do_rescale: true,
      rescale_factor: 1 / 255,
      do_normalize: true,
      image_mean: Array(3).fill(mean),
      image_std: Array(3).fill(deviation),
    },
  };
}

/** Writes a checkpoint's files but for its weights. */
export async function writeCheckpointFiles(
  out: string,
  files: Readonly<Record<string, Json>>,
  template: string,
): Promise<void> {
  for (const [name, json] of Object.entries(files)) {
    await writeTextAtomically(join(out, name), JSON.stringify(json, null, 2) + "\n");
  }
  await writeTextAtomically(join(out, "chat_template.jinja"), template);
}
