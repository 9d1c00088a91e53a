import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { Tokenizer } from "../../lib/inputs/tokenizer.ts";
import { parseGgufHeader } from "../../lib/weights/gguf_header.ts";
import { ggufTokenizer, ggufTokenizerConfig } from "../../lib/weights/gguf_tokenizer.ts";
import {
  ggufBytes,
  join,
  le,
  type Note,
  numberNote,
  numbersNote,
  textNote,
  textsNote,
} from "./gguf_bytes.ts";

const floats = (values: readonly number[]) => new Uint8Array(Float32Array.from(values).buffer);
const key = (name: string) => `tokenizer.ggml.${name}`;
const plain: readonly Note[] = [
  textNote(key("model"), "gpt2"),
  textNote(key("pre"), "smollm"),
  textsNote(key("tokens"), ["<s>", "a", "b", "Ġ", "ab", "1", "<x>", "Ġab"]),
  numbersNote(key("token_type"), [3, 1, 1, 1, 1, 1, 4, 1]),
  textsNote(key("merges"), ["a b", "Ġ ab"]),
  numberNote(key("bos_token_id"), 0),
];

const header = (notes: readonly Note[]) => {
  const bytes = ggufBytes(notes);
  return parseGgufHeader(bytes, bytes.length, "x.gguf");
};
const build = (notes: readonly Note[]) =>
  new Tokenizer(
    ggufTokenizer(header(notes), "x.gguf"),
    ggufTokenizerConfig(header(notes), "x.gguf"),
  );
const replaced = (note: Note) => [...plain.filter(([name]) => name !== note[0]), note];

Deno.test("ggufTokenizer: merges, single digits, special tokens and the user's own", () => {
  const tokenizer = build(plain);
  assertEquals([...tokenizer.encode("ab ab11<s><x>ba")], [4, 7, 5, 5, 0, 6, 2, 1]);
  assertEquals(tokenizer.decode([0, 4, 7, 6], { skipSpecialTokens: true }), "ab ab<x>");
  assertEquals(tokenizer.specialTokens, { bos_token: "<s>" });
});

Deno.test("ggufTokenizer: the first token, where the file says that it is added", () => {
  const tokenizer = build([...plain, [key("add_bos_token"), 7, le(1, 1)]]);
  assertEquals([...tokenizer.encode("ab")], [0, 4]);
  assertEquals([...tokenizer.encode("ab", { addSpecialTokens: false })], [4]);
});

Deno.test("ggufTokenizer: sentencepiece's scores decide which pair is joined first", () => {
  const tokens = ["<unk>", "<s>", "<0x41>", "▁", "a", "b", "c", "ab", "bc", "▁a", "abc"];
  const scored = (scores: readonly number[]): readonly Note[] => [
    textNote(key("model"), "llama"),
    textsNote(key("tokens"), tokens),
    numbersNote(key("token_type"), [2, 3, 6, 1, 1, 1, 1, 1, 1, 1, 1]),
    [key("scores"), 9, join(le(6, 4), le(scores.length, 8), floats(scores))],
    numberNote(key("bos_token_id"), 1),
    [key("add_space_prefix"), 7, le(0, 1)],
  ];
  const encode = (scores: readonly number[]) => [...build(scored(scores)).encode("bcA a")];
  assertEquals(encode([0, 0, 0, 0, 0, 0, 0, -1, -2, -3, -4]), [1, 8, 2, 9]);
  assertEquals([...build(scored([0, 0, 0, 0, 0, 0, 0, -2, -1, -3, -4])).encode("ab")], [1, 7]);
  // "bc" comes before "ab", and nothing joins "a" to it
  assertEquals([...build(scored([0, 0, 0, 0, 0, 0, 0, -2, -1, -3, -9])).encode("abc")], [1, 10]);
  assertThrows(() => build(scored([0])), InputError, "1 scores for 11 tokens");
});

Deno.test("ggufTokenizerConfig: holds the chat template", () => {
  const { chat_template } = ggufTokenizerConfig(
    header([...plain, textNote("tokenizer.chat_template", "{{ x }}")]),
    "x.gguf",
  );
  assertEquals(chat_template, "{{ x }}");
});

/** One bad file a line. */
const refused: [string, readonly Note[], string][] = [
  ["another kind of model", replaced(textNote(key("model"), "t5")), "supported are gpt2, llama"],
  ["sentencepiece without scores", replaced(textNote(key("model"), "llama")), "scores is no list"],
  ["an unknown way to cut texts", replaced(textNote(key("pre"), "viking")), "gpt-2, smollm"],
  ["no tokens", plain.filter(([name]) => name !== key("tokens")), "tokens is no list of strings"],
  ["tokens that are numbers", replaced(numbersNote(key("tokens"), [1])), "no list of strings"],
  ["a token twice", replaced(textsNote(key("tokens"), Array(8).fill("a"))), "a token twice"],
  ["too few types", replaced(numbersNote(key("token_type"), [1])), "1 token types for 8 tokens"],
  ["a special token that is none", replaced(numberNote(key("bos_token_id"), 8)), "no token 8"],
  ["no merges", plain.filter(([name]) => name !== key("merges")), "merges is no list"],
];

for (const [what, notes, message] of refused) {
  Deno.test(`ggufTokenizer: refuses ${what}`, () => {
    assertThrows(() => build(notes), InputError, message);
  });
}

Deno.test("ggufTokenizer: names that llama.cpp takes for the same way to cut texts are the same", () => {
  // llama.cpp, src/llama-vocab.cpp, where tokenizer.ggml.pre is read
  const same: readonly (readonly string[])[] = [
    ["gpt-2", "phi-2"],
    ["qwen2", "deepseek-r1-qwen", "kormo"],
    ["llama-bpe", "llama3", "llama-v3", "falcon3", "pixtral"],
  ];
  const made = (name: string) => ggufTokenizer(header(replaced(textNote(key("pre"), name))), "x");
  for (const [name, ...others] of same) {
    for (const other of others) assertEquals(made(other), made(name), other);
  }
});
