/**
 * A GGUF file's notes as the `config.json` that the same model has in Hugging Face's layout.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import type { GgufValue } from "./gguf_cursor.ts";
import type { GgufHeader } from "./gguf_header.ts";
import { GgufNotes } from "./gguf_notes.ts";
import { towerOf } from "./gguf_towers/registry.ts";
import type { TowerFile } from "./gguf_towers/tower.ts";

/** A decoder's config with Hugging Face's keys. */
export type DecoderConfig = Record<string, unknown>;

/** What an architecture's decoder has besides what all have. */
interface Decoder {
  /** Hugging Face's `model_type` of the decoder alone. */
  readonly modelType: string;
  /** Whether it only occurs with a vision tower. */
  readonly withTower?: boolean;
  /** Keys of its own, read from notes of its own. */
  readonly own?: (notes: GgufNotes) => DecoderConfig;
}

/** Positions of three axes; `interleaved` says how frequencies are dealt out to them. */
function readSections(notes: GgufNotes, interleaved: boolean): DecoderConfig {
  const sections = notes.numbers("rope.dimension_sections");
  notes.ignore("n_deepstack_layers"); // the tower says which layers they are
  return {
    rope_scaling: {
      rope_type: "default",
      mrope_section: sections.slice(0, 3),
      ...(interleaved ? { mrope_interleaved: true } : {}),
    },
  };
}

function readExperts(notes: GgufNotes): DecoderConfig {
  notes.require("expert_weights_norm", true);
  return {
    num_experts: notes.number("expert_count"),
    num_experts_per_tok: notes.number("expert_used_count"),
    moe_intermediate_size: notes.number("expert_feed_forward_length"),
    decoder_sparse_step: 1,
    mlp_only_layers: [],
    norm_topk_prob: true,
  };
}

/** Gemma 3's windows and what follows from its sizes. */
function readGemma3(notes: GgufNotes): DecoderConfig {
  const layers = notes.number("block_count"), heads = notes.number("attention.head_count");
  const width = notes.number("embedding_length");
  const headDim = notes.number("attention.key_length", 256);
  notes.require("final_logit_softcapping", 0);
  return {
    hidden_activation: "gelu_pytorch_tanh",
    rope_theta: notes.number("rope.freq_base", 1_000_000),
    rope_local_base_freq: notes.number("rope.freq_base_swa", 10_000),
    sliding_window: notes.number("attention.sliding_window"),
    sliding_window_pattern: notes.number("attention.sliding_window_pattern", 6),
    query_pre_attn_scalar: layers === 62 ? width / heads : headDim, // 27B divides otherwise
  };
}

/** Decoders by `general.architecture`. */
const decoders: Readonly<Record<string, Decoder>> = {
  llama: { modelType: "llama" },
  qwen2: { modelType: "qwen2" },
  qwen3: { modelType: "qwen3" },
  gemma3: { modelType: "gemma3_text", own: readGemma3 },
  qwen3moe: { modelType: "qwen3_moe", withTower: true, own: readExperts },
  qwen2vl: {
    modelType: "qwen2_vl_text",
    withTower: true,
    own: (notes) => readSections(notes, false),
  },
  qwen3vl: {
    modelType: "qwen3_vl_text",
    withTower: true,
    own: (notes) => readSections(notes, true),
  },
  qwen3vlmoe: {
    modelType: "qwen3_vl_moe_text",
    withTower: true,
    own: (notes) => ({ ...readSections(notes, true), ...readExperts(notes) }),
  },
};

/** Architectures of language models that can be read. */
export const ggufArchitectures: readonly string[] = Object.keys(decoders);

/** The architecture of a file. @throws {InputError} if it is another than the supported ones */
export function ggufArchitecture({ metadata }: GgufHeader, file: string): string {
  const found = metadata.get("general.architecture");
  const known = ggufArchitectures.find((name) => name === found);
  if (known) return known;
  throw new InputError(
    `Cannot use ${file}: its architecture is ${quoted(String(found ?? "not said"), 60)}; ` +
      `supported are ${ggufArchitectures.join(", ")}`,
  );
}

/** Ids of a token that ends an answer, and of one that ends a turn of a chat. */
function endTokens(metadata: ReadonlyMap<string, GgufValue>): number[] {
  const ids = ["eos_token_id", "eot_token_id"].map((key) => metadata.get(`tokenizer.ggml.${key}`));
  return [...new Set(ids.filter((id) => typeof id === "number"))];
}

/** How rotary positions are scaled, or null. */
function readScaling(notes: GgufNotes): DecoderConfig | null {
  notes.require("rope.scaling.type", "none", "linear", "yarn");
  const kind = notes.value("rope.scaling.type") ?? "none";
  const factor = notes.number("rope.scaling.factor", 1);
  const original = notes.value("rope.scaling.original_context_length");
  notes.ignore("rope.scaling.finetuned");
  for (const key of ["attn_factor", "yarn_attn_factor", "yarn_ext_factor"]) {
    notes.require(`rope.scaling.${key}`, 1);
  }
  const ramp = ["fast", "slow"].flatMap((end) => {
    const value = notes.value(`rope.scaling.yarn_beta_${end}`);
    return value === undefined ? [] : [[`beta_${end}`, value]];
  });
  if (kind === "none") return null;
  if (kind === "linear") return { rope_type: "linear", factor };
  return {
    ...{ rope_type: "yarn", factor, ...Object.fromEntries(ramp) },
    ...original === undefined ? {} : { original_max_position_embeddings: original },
  };
}

/** The decoder's config. */
function readDecoder(header: GgufHeader, file: string): DecoderConfig {
  const architecture = ggufArchitecture(header, file);
  const notes = new GgufNotes(header.metadata, architecture, file);
  const heads = notes.number("attention.head_count");
  const width = notes.number("embedding_length");
  const headDim = notes.number("attention.key_length", width / heads);
  notes.require("attention.value_length", headDim);
  notes.require("rope.dimension_count", headDim);
  const { modelType, own } = decoders[architecture];
  const more = own?.(notes) ?? {};
  notes.require("expert_count", (more.num_experts ?? 0) as number);
  notes.require("expert_used_count", (more.num_experts_per_tok ?? 0) as number);
  notes.require("attention.sliding_window", (more.sliding_window ?? 0) as number);
  const [vocabulary] = header.tensors.get("token_embd.weight")?.shape ?? [];
  const config = {
    model_type: modelType,
    hidden_size: width,
    intermediate_size: notes.number("feed_forward_length"),
    num_hidden_layers: notes.number("block_count"),
    num_attention_heads: heads,
    num_key_value_heads: notes.number("attention.head_count_kv", heads),
    head_dim: headDim,
    hidden_act: "silu",
    rms_norm_eps: notes.number("attention.layer_norm_rms_epsilon"),
    vocab_size: vocabulary ?? notes.number("vocab_size"),
    max_position_embeddings: notes.number("context_length"),
    rope_theta: notes.number("rope.freq_base", 10000),
    rope_scaling: readScaling(notes),
    tie_word_embeddings: !header.tensors.has("output.weight"),
    eos_token_id: endTokens(header.metadata),
    ...more,
  };
  notes.require("vocab_size", config.vocab_size);
  notes.finish();
  return config;
}

/**
 * The config of a GGUF file, with Hugging Face's keys.
 *
 * @param header the file's header
 * @param file name of the file, for errors
 * @param tower the file with the vision tower, where there is one
 * @throws {InputError} for another architecture, missing sizes, notes whose meaning is unknown, a
 *   tower that is missing and one that does not fit
 */
export function ggufConfig(
  header: GgufHeader,
  file: string,
  tower: TowerFile | null = null,
): Record<string, unknown> {
  const decoder = readDecoder(header, file);
  const architecture = ggufArchitecture(header, file);
  if (tower) return towerOf(tower, architecture).config({ decoder, header, file, tower });
  if (!decoders[architecture].withTower) return decoder;
  throw new InputError(
    `Cannot use ${file}: a model of the architecture ${quoted(architecture)} has a vision tower, ` +
      "which is published as a second file (mmproj-….gguf); put that file into the same folder",
  );
}
