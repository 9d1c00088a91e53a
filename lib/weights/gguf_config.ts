/**
 * A GGUF file's notes as the `config.json` that the same model has in Hugging Face's layout.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import type { GgufHeader, GgufValue } from "./gguf_header.ts";

/** Decoders whose weights we can name; their names are Hugging Face's `model_type` too. */
export const ggufArchitectures = ["llama", "qwen2", "qwen3"] as const;

/** Reads the notes of one architecture, and knows which nobody read. */
class Notes {
  readonly #unread: Set<string>;

  constructor(
    readonly metadata: ReadonlyMap<string, GgufValue>,
    readonly architecture: string,
    readonly file: string,
  ) {
    const own = [...metadata.keys()].filter((key) => key.startsWith(`${architecture}.`));
    this.#unread = new Set(own);
  }

  refuse(key: string, value: unknown, wanted: string): never {
    const shown = quoted(JSON.stringify(value) ?? "nothing", 60);
    throw new InputError(`Cannot use ${this.file}: ${key} is ${shown}, wanted ${wanted}`);
  }

  /** A number; without a fallback it must be there. */
  number(key: string, fallback?: number): number {
    const full = `${this.architecture}.${key}`;
    this.#unread.delete(full);
    const value = this.metadata.get(full) ?? fallback;
    if (typeof value === "number" && Number.isFinite(value)) return value;
    return this.refuse(full, value, "a number");
  }

  /** A note that is allowed with some values only. */
  require(key: string, ...values: readonly GgufValue[]): void {
    const full = `${this.architecture}.${key}`;
    this.#unread.delete(full);
    const value = this.metadata.get(full);
    if (value === undefined || values.includes(value)) return;
    this.refuse(full, value, values.map((one) => JSON.stringify(one)).join(" or "));
  }

  finish(): void {
    const [unread] = this.#unread;
    if (unread === undefined) return;
    throw new InputError(
      `Cannot use ${this.file}: unknown note ${quoted(unread)}, which may change what the model ` +
        "computes",
    );
  }
}

/** The architecture of a file. @throws {InputError} if it is another than the supported ones */
export function ggufArchitecture({ metadata }: GgufHeader, file: string): string {
  const found = metadata.get("general.architecture");
  const known = ggufArchitectures.find((name) => name === found);
  if (known) return known;
  throw new InputError(
    `Cannot use ${file}: its architecture is ${quoted(String(found ?? "not said"), 60)}; ` +
      `supported are the text models ${ggufArchitectures.join(", ")}; multimodal models are read ` +
      "from safetensors",
  );
}

/** Ids of a token that ends an answer, and of one that ends a turn of a chat. */
function endTokens(metadata: ReadonlyMap<string, GgufValue>): number[] {
  const ids = ["eos_token_id", "eot_token_id"].map((key) => metadata.get(`tokenizer.ggml.${key}`));
  return [...new Set(ids.filter((id) => typeof id === "number"))];
}

/**
 * The config of a GGUF file, with Hugging Face's keys.
 *
 * @param header the file's header
 * @param file name of the file, for errors
 * @throws {InputError} for another architecture, missing sizes, and notes whose meaning is unknown
 */
export function ggufConfig(header: GgufHeader, file: string): Record<string, unknown> {
  const architecture = ggufArchitecture(header, file);
  const notes = new Notes(header.metadata, architecture, file);
  const heads = notes.number("attention.head_count");
  const width = notes.number("embedding_length");
  const headDim = notes.number("attention.key_length", width / heads);
  notes.require("attention.value_length", headDim);
  notes.require("rope.dimension_count", headDim);
  notes.require("expert_count", 0);
  notes.require("expert_used_count", 0);
  notes.require("attention.sliding_window", 0);
  notes.require("rope.scaling.type", "none", "linear");
  const factor = notes.number("rope.scaling.factor", 1);
  const linear = header.metadata.get(`${architecture}.rope.scaling.type`) === "linear";
  const [vocabulary] = header.tensors.get("token_embd.weight")?.shape ?? [];
  const config = {
    model_type: architecture,
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
    rope_scaling: linear ? { rope_type: "linear", factor } : null,
    tie_word_embeddings: !header.tensors.has("output.weight"),
    eos_token_id: endTokens(header.metadata),
  };
  notes.require("vocab_size", config.vocab_size);
  notes.finish();
  return config;
}
