import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { ggufConfig } from "../../lib/weights/gguf_config.ts";
import { parseGgufHeader } from "../../lib/weights/gguf_header.ts";
import { type Entry, ggufBytes, le, type Note, numberNote, textNote } from "./gguf_bytes.ts";

const float = (key: string, value: number): Note => [
  key,
  6,
  new Uint8Array(new Float32Array([value]).buffer),
];

/** Notes of a small LLaMA. */
const plain: readonly Note[] = [
  textNote("general.architecture", "llama"),
  numberNote("llama.block_count", 3),
  numberNote("llama.context_length", 512),
  numberNote("llama.embedding_length", 64),
  numberNote("llama.feed_forward_length", 128),
  numberNote("llama.attention.head_count", 4),
  float("llama.attention.layer_norm_rms_epsilon", 2 ** -17),
  numberNote("tokenizer.ggml.eos_token_id", 2),
];
const table: Entry = ["token_embd.weight", [64, 10], 1, 0];

const read = (notes: readonly Note[], entries: readonly Entry[] = [table]) => {
  const bytes = ggufBytes(notes, entries, new Uint8Array(5000));
  return ggufConfig(parseGgufHeader(bytes, bytes.length, "x.gguf"), "x.gguf");
};
const replaced = (note: Note) => [...plain.filter(([key]) => key !== note[0]), note];

Deno.test("ggufConfig: Hugging Face's keys, with the format's defaults", () => {
  assertEquals(read(plain), {
    ...{ model_type: "llama", hidden_size: 64, intermediate_size: 128, num_hidden_layers: 3 },
    ...{ num_attention_heads: 4, num_key_value_heads: 4, head_dim: 16, hidden_act: "silu" },
    ...{ rms_norm_eps: 2 ** -17, vocab_size: 10, max_position_embeddings: 512 },
    ...{ rope_theta: 10000, rope_scaling: null, tie_word_embeddings: true, eos_token_id: [2] },
  });
});

Deno.test("ggufConfig: a head of its own, scaling, and two tokens that end an answer", () => {
  const output: Entry = ["output.weight", [64, 10], 1, 1280];
  const config = read([
    ...plain,
    textNote("llama.rope.scaling.type", "linear"),
    float("llama.rope.scaling.factor", 4),
    numberNote("tokenizer.ggml.eot_token_id", 5),
    numberNote("llama.expert_count", 0),
  ], [table, output]);
  assertEquals(config.tie_word_embeddings, false);
  assertEquals(config.rope_scaling, { rope_type: "linear", factor: 4 });
  assertEquals(config.eos_token_id, [2, 5]);
});

Deno.test("ggufConfig: YaRN, as Qwen's long models have it", () => {
  const config = read([
    ...plain,
    textNote("llama.rope.scaling.type", "yarn"),
    float("llama.rope.scaling.factor", 4),
    numberNote("llama.rope.scaling.original_context_length", 128),
    float("llama.rope.scaling.yarn_beta_fast", 16),
    numberNote("llama.rope.scaling.finetuned", 1),
  ]);
  const beta_fast = 16, original_max_position_embeddings = 128;
  assertEquals(config.rope_scaling, {
    ...{ rope_type: "yarn", factor: 4, beta_fast, original_max_position_embeddings },
  });
});

/** One bad file a line. */
const refused: [string, readonly Note[], string][] = [
  ["no architecture", plain.slice(1), "not said"],
  ["another architecture", replaced(textNote("general.architecture", "mamba")), "llama, qwen2"],
  ["no number of layers", plain.filter(([key]) => !key.includes("block")), "llama.block_count"],
  ["a size that is a text", replaced(textNote("llama.block_count", "3")), "wanted a number"],
  ["experts", [...plain, numberNote("llama.expert_count", 8)], "llama.expert_count is"],
  ["half of a head turned", [...plain, numberNote("llama.rope.dimension_count", 8)], "wanted 16"],
  ["another scaling", [...plain, textNote("llama.rope.scaling.type", "longrope")], "yarn"],
  [
    "scaling with a factor of its own",
    [
      ...plain,
      textNote("llama.rope.scaling.type", "yarn"),
      float("llama.rope.scaling.attn_factor", 2),
    ],
    "llama.rope.scaling.attn_factor",
  ],
  ["an unknown note", [...plain, float("llama.logit_scale", 2)], "llama.logit_scale"],
  ["another vocabulary", [...plain, numberNote("llama.vocab_size", 11)], "wanted 10"],
  ["no heads", replaced(numberNote("llama.attention.head_count", 0)), "wanted a number"],
  ["a window", [...plain, ["llama.attention.sliding_window", 4, le(9, 4)]], "sliding_window"],
];

for (const [what, notes, message] of refused) {
  Deno.test(`ggufConfig: refuses ${what}`, () => {
    assertThrows(() => read(notes), InputError, message);
  });
}
