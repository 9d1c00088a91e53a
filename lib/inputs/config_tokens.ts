/**
 * Added tokens that only `tokenizer_config.json` names: those of `added_tokens_decoder`, special tokens
 * by name, and lists of further ones.
 *
 * Programs for fine-tuning write new tokens (`<loc>`, `[PAD]`) there and leave `tokenizer.json` as it
 * was. They count as added tokens, behind those of `tokenizer.json`. Source: transformers 5.24
 * `tokenization_utils_tokenizers.py` (`TokenizersBackend.__init__`), tokenizers 0.23
 * `tokenizer/added_vocabulary.rs` (`add_tokens`).
 * @module
 */
import type { JsonObject } from "../common/json_reader.ts";
import { isRecord } from "../common/values.ts";

/** Named special tokens in the order in which they are added. */
const named = [
  ...["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"],
];

/** An added token as `tokenizer.json` lists it, without its id. */
interface NewToken {
  readonly content: string;
  readonly single_word: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly normalized: boolean;
  readonly special: boolean;
}

/** A token from its text or its object; null for anything else. */
function newToken(value: unknown, special?: boolean): NewToken | null {
  const json = typeof value === "string" ? { content: value } : value;
  if (!isRecord(json) || typeof json.content !== "string" || json.content === "") return null;
  const isSpecial = special ?? json.special === true;
  return {
    content: json.content,
    single_word: json.single_word === true,
    lstrip: json.lstrip === true,
    rstrip: json.rstrip === true,
    normalized: typeof json.normalized === "boolean" ? json.normalized : !isSpecial,
    special: isSpecial,
  };
}

/** All tokens that the config names, in the order in which they would be added. */
function tokensOf(config: JsonObject): NewToken[] {
  const object = (value: unknown) => isRecord(value) ? value : {};
  const decoder = Object.entries(object(config.added_tokens_decoder))
    .sort(([a], [b]) => Number(a) - Number(b)).map(([, value]) => newToken(value));
  const own = Object.entries(config)
    .filter(([key]) => key.endsWith("_token") && !named.includes(key)).map(([, value]) => value);
  const extra = config.extra_special_tokens;
  const list = [extra, config.additional_special_tokens].find((value) =>
    Array.isArray(value) ? value.length > 0 : isRecord(value) && Object.keys(value).length > 0
  );
  const special = [
    ...named.map((key) => config[key]),
    ...own,
    ...Object.values(object(config.model_specific_special_tokens)),
    ...Array.isArray(list) ? list : Object.values(object(list)),
  ].map((value) => newToken(value, true));
  return [...decoder, ...special].filter((token) => token !== null);
}

/** Ids of a vocabulary by text, and how many there are. */
function vocabularyOf(tokenizer: JsonObject): { size: number; id(text: string): number | null } {
  const { vocab } = isRecord(tokenizer.model) ? tokenizer.model : {};
  if (Array.isArray(vocab)) { // of a unigram model: [text, score] by id
    const id = (text: string) =>
      vocab.findIndex((entry) => Array.isArray(entry) && entry[0] === text);
    return { size: vocab.length, id: (text) => id(text) < 0 ? null : id(text) };
  }
  const ids = isRecord(vocab) ? vocab : {};
  return {
    size: Object.keys(ids).length,
    id: (text) => Object.hasOwn(ids, text) ? Number(ids[text]) : null,
  };
}

/**
 * The tokenizer with the tokens that only its config names.
 *
 * @param tokenizer content of `tokenizer.json`
 * @param config content of `tokenizer_config.json`
 * @returns the same object where there are none
 *
 * @example
 * ```ts
 * import { withConfigTokens } from "./config_tokens.ts";
 * import { assertEquals } from "@std/assert";
 * const tokenizer = { added_tokens: [], model: { type: "BPE", vocab: { a: 0, b: 1 } } };
 * const { added_tokens } = withConfigTokens(tokenizer, { additional_special_tokens: ["<loc>", "b"] });
 * const ids = (added_tokens as { content: string; id: number }[]).map(({ content, id }) => [content, id]);
 * assertEquals(ids, [["<loc>", 2], ["b", 1]]);
 * ```
 */
export function withConfigTokens(tokenizer: JsonObject, config: JsonObject): JsonObject {
  const added = Array.isArray(tokenizer.added_tokens) ? tokenizer.added_tokens : [];
  const known = new Set(added.map((token) => isRecord(token) ? token.content : undefined));
  const missing = tokensOf(config).filter(({ content }) =>
    !known.has(content) && known.add(content)
  );
  if (missing.length === 0) return tokenizer;
  const vocabulary = vocabularyOf(tokenizer);
  const ids = added.map((token) => isRecord(token) ? Number(token.id) : NaN);
  let next = ids.reduce((most, id) => id >= most ? id + 1 : most, vocabulary.size);
  const tokens = missing.map((token) => ({
    id: vocabulary.id(token.content) ?? next++,
    ...token,
  }));
  return { ...tokenizer, added_tokens: [...added, ...tokens] };
}
