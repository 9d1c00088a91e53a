/**
 * The vocabulary in a GGUF file as the `tokenizer.json` and `tokenizer_config.json` of Hugging Face.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import type { GgufValue } from "./gguf_cursor.ts";
import type { GgufHeader } from "./gguf_header.ts";
import { mergesOf } from "./gguf_merges.ts";

/** Kinds of tokens (`tokenizer.ggml.token_type`) that are cut out of a text before all else. */
const control = 3, userDefined = 4, unknown = 2;

const byteLevel = (regex: boolean) => ({
  type: "ByteLevel",
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: regex,
});

/** Cuts a text by an expression, then spells bytes. */
const cutBy = (expression: string) => ({
  type: "Sequence",
  pretokenizers: [
    { type: "Split", pattern: { Regex: expression }, behavior: "Isolated", invert: false },
    byteLevel(false),
  ],
});

const singleDigits = {
  type: "Sequence",
  pretokenizers: [{ type: "Digits", individual_digits: true }, byteLevel(true)],
};

/** GPT-4's expression, with as many digits in one piece as `digits` says. */
const modern = (digits: string) =>
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}" + digits +
  "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** How a text is cut before merging, by `tokenizer.ggml.pre`. */
interface PreTokenizer {
  readonly preTokenizer: unknown;
  readonly normalizer?: unknown;
  /** Whether a piece that is in the vocabulary is one token, whatever the merges say. */
  readonly ignoreMerges?: boolean;
}

/** Source: llama.cpp `llama-vocab.cpp`, and the tokenizer.json of the models that it names. */
const preTokenizers: Readonly<Record<string, PreTokenizer>> = {
  "gpt-2": { preTokenizer: byteLevel(true) },
  smollm: { preTokenizer: singleDigits },
  starcoder: { preTokenizer: singleDigits },
  qwen2: { preTokenizer: cutBy(modern("")), normalizer: { type: "NFC" } },
  "llama-bpe": { preTokenizer: cutBy(modern("{1,3}")), ignoreMerges: true },
};

/** Other names of the same, as llama.cpp takes them. */
const sameAs: Readonly<Record<string, string>> = {
  ...{ "phi-2": "gpt-2", "deepseek-r1-qwen": "qwen2", kormo: "qwen2" },
  ...{ llama3: "llama-bpe", "llama-v3": "llama-bpe", falcon3: "llama-bpe", pixtral: "llama-bpe" },
};

/** What a file says of its vocabulary, checked. */
interface Vocabulary {
  readonly tokens: readonly string[];
  readonly types: readonly number[];
}

/** The parts of `tokenizer.json` that the kind of vocabulary decides. */
interface Scheme {
  readonly normalizer: unknown;
  readonly preTokenizer: unknown;
  readonly decoder: unknown;
  /** Keys of the model besides the vocabulary. */
  readonly model: Readonly<Record<string, unknown>>;
}

const key = (name: string) => `tokenizer.ggml.${name}`;

function listOf<T extends "string" | "number">(
  metadata: ReadonlyMap<string, GgufValue>,
  name: string,
  type: T,
  file: string,
): readonly (T extends "string" ? string : number)[] {
  const value = metadata.get(key(name));
  if (Array.isArray(value) && value.every((one) => typeof one === type)) return value;
  throw new InputError(`Cannot use ${file}: ${key(name)} is no list of ${type}s`);
}

/** A note's text, which must be one of those that are known. */
function choose(
  { metadata }: GgufHeader,
  name: string,
  known: readonly string[],
  file: string,
): string {
  const found = metadata.get(key(name));
  if (typeof found === "string" && known.includes(found)) return found;
  throw new InputError(
    `Cannot use ${file}: ${key(name)} is ${quoted(String(found ?? "not said"), 60)}; ` +
      `supported are ${known.join(", ")}`,
  );
}

function readVocabulary({ metadata }: GgufHeader, file: string): Vocabulary {
  const tokens = listOf(metadata, "tokens", "string", file);
  if (new Set(tokens).size !== tokens.length) {
    throw new InputError(`Cannot use ${file}: ${key("tokens")} has a token twice`);
  }
  const types = listOf(metadata, "token_type", "number", file);
  if (types.length !== tokens.length) {
    throw new InputError(
      `Cannot use ${file}: ${types.length} token types for ${tokens.length} tokens`,
    );
  }
  return { tokens, types };
}

/** BPE over bytes, as GPT-2 spells them; merges are in the file. */
function byteLevelScheme(header: GgufHeader, _: Vocabulary, file: string): Scheme {
  const names = [...Object.keys(preTokenizers), ...Object.keys(sameAs)];
  const name = choose(header, "pre", names, file);
  const pre = preTokenizers[sameAs[name] ?? name];
  return {
    normalizer: pre.normalizer ?? null,
    preTokenizer: pre.preTokenizer,
    decoder: { ...byteLevel(true), add_prefix_space: true },
    model: {
      unk_token: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: pre.ignoreMerges ?? false,
      merges: listOf(header.metadata, "merges", "string", file),
    },
  };
}

/**
 * Sentencepiece's BPE: spaces are written ▁, unknown characters are spelt in bytes, and of all pairs
 * that make a token the one with the best score is joined first. `tokenizer.json` has merges in
 * place of scores.
 */
function sentencepieceScheme(header: GgufHeader, vocabulary: Vocabulary, file: string): Scheme {
  const { metadata } = header;
  const scores = listOf(metadata, "scores", "number", file);
  if (scores.length !== vocabulary.tokens.length) {
    throw new InputError(
      `Cannot use ${file}: ${scores.length} scores for ${vocabulary.tokens.length} tokens`,
    );
  }
  const unknownToken = tokenOf(header, "unknown", file) ?? vocabulary.tokens[0];
  const prefix = metadata.get(key("add_space_prefix")) !== false;
  const spaces = { type: "Replace", pattern: { String: " " }, content: "▁" };
  const decoders = [
    { type: "Replace", pattern: { String: "▁" }, content: " " },
    { type: "ByteFallback" },
    { type: "Fuse" },
  ];
  return {
    normalizer: prefix
      ? { type: "Sequence", normalizers: [{ type: "Prepend", prepend: "▁" }, spaces] }
      : spaces,
    preTokenizer: null,
    decoder: {
      type: "Sequence",
      decoders: prefix
        ? [...decoders, { type: "Strip", content: " ", start: 1, stop: 0 }]
        : decoders,
    },
    model: {
      unk_token: unknownToken,
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
      merges: mergesOf(vocabulary, scores),
    },
  };
}

/** Kinds of vocabularies by `tokenizer.ggml.model`. */
const schemes: Readonly<
  Record<string, (header: GgufHeader, vocabulary: Vocabulary, file: string) => Scheme>
> = { gpt2: byteLevelScheme, llama: sentencepieceScheme };

/** The text of the token that a note names, or null where there is no such note. */
function tokenOf(header: GgufHeader, name: string, file: string): string | null {
  const id = header.metadata.get(key(`${name}_token_id`));
  if (id === undefined) return null;
  const token = listOf(header.metadata, "tokens", "string", file)[id as number];
  if (token !== undefined) return token;
  throw new InputError(`Cannot use ${file}: there is no token ${id}, its ${key(name)}_token_id`);
}

/** Whether the first token is added where the file does not say: it is in sentencepiece's. */
const addsFirstByDefault = ({ metadata }: GgufHeader) => metadata.get(key("model")) === "llama";

/** Puts the first token before every text. */
function startsWith(token: string, id: number) {
  return {
    type: "TemplateProcessing",
    single: [{ SpecialToken: { id: token, type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
    pair: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
    special_tokens: { [token]: { id: token, ids: [id], tokens: [token] } },
  };
}

/**
 * The `tokenizer.json` of a GGUF file.
 *
 * @param header the file's header
 * @param file name of the file, for errors
 * @throws {InputError} if its vocabulary is not a BPE of a known kind, or damaged
 */
export function ggufTokenizer(header: GgufHeader, file: string): Record<string, unknown> {
  const vocabulary = readVocabulary(header, file), { tokens, types } = vocabulary;
  const scheme = schemes[choose(header, "model", Object.keys(schemes), file)];
  const { normalizer, preTokenizer, decoder, model } = scheme(header, vocabulary, file);
  const first = tokenOf(header, "bos", file);
  const added = tokens.flatMap((content, id) => {
    if (![control, userDefined, unknown].includes(types[id])) return [];
    const plain = { single_word: false, lstrip: false, rstrip: false, normalized: false };
    return [{ id, content, ...plain, special: types[id] !== userDefined }];
  });
  const addsFirst = (header.metadata.get(key("add_bos_token")) ?? addsFirstByDefault(header)) &&
    first !== null;
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer,
    pre_tokenizer: preTokenizer,
    post_processor: addsFirst ? startsWith(first, tokens.indexOf(first)) : null,
    decoder,
    model: {
      type: "BPE",
      dropout: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      ...model,
    },
  };
}

/**
 * The `tokenizer_config.json` of a GGUF file: special tokens and the chat template.
 *
 * @throws {InputError} if a special token does not exist
 */
export function ggufTokenizerConfig(header: GgufHeader, file: string): Record<string, unknown> {
  const roles = { bos: "bos", eos: "eos", unk: "unknown", pad: "padding" };
  const special = Object.entries(roles).flatMap(([role, name]) => {
    const token = tokenOf(header, name, file);
    return token === null ? [] : [[`${role}_token`, token]];
  });
  const template = header.metadata.get("tokenizer.chat_template");
  return {
    tokenizer_class: "PreTrainedTokenizerFast",
    clean_up_tokenization_spaces: false,
    ...Object.fromEntries(special),
    ...(typeof template === "string" ? { chat_template: template } : {}),
  };
}
