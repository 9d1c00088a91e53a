import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { expressionsIn, isNested } from "../../lib/inputs/expression_guard.ts";
import { Tokenizer } from "../../lib/inputs/tokenizer.ts";
import { goldenDir } from "../suites/golden.ts";

const file = JSON.parse(await Deno.readTextFile(`${goldenDir("qwen3_vl")}/tokenizer.json`));

/** The golden tokenizer with another expression. */
function withExpression(expression: string): Tokenizer {
  const split = { type: "Split", pattern: { Regex: expression }, behavior: "Isolated" };
  const bytes = { type: "ByteLevel", add_prefix_space: false, use_regex: false };
  const pre_tokenizer = { type: "Sequence", pretokenizers: [split, bytes] };
  return new Tokenizer({ ...file, pre_tokenizer }, {});
}

const hostile: [expression: string, text: string][] = [
  ["(\\w+\\s?)+!", "a".repeat(54)],
  ["(\\w+\\s?)+!", `${"An ordinary sentence. ".repeat(20)}${"a".repeat(54)}`],
  ["(a|a)*b", "a".repeat(60)],
  ["(a|a)*$", `${"a".repeat(60)}b`],
  ["\\w*\\w*\\w*\\w*\\w*\\w*\\w*x", "a".repeat(3000)],
  ["(.*)(.*)(.*)(.*)\\1x", "a".repeat(400)],
  ["\\s*\\s*\\s*x", " ".repeat(6000)],
  ["(?:\\p{L}\\p{M}*)+\\p{N}", "a".repeat(20_000)],
];

for (const [expression, text] of hostile) {
  Deno.test(`an expression that takes for ever is refused in seconds: ${expression}, ${text.length}`, () => {
    const start = performance.now();
    const tokenizer = withExpression(expression);
    const error = assertThrows(() => tokenizer.encode(text), InputError);
    assert(performance.now() - start < 6000, `${performance.now() - start} ms`);
    assert(error.message.length < 400 && !error.message.includes("\n"));
  });
}

Deno.test("a long run of blanks does not stop a published tokenizer for minutes", () => {
  const tokenizer = new Tokenizer(file, {});
  const start = performance.now();
  try {
    tokenizer.encode(" ".repeat(100_000));
  } catch (error) {
    assert(error instanceof InputError);
  }
  assert(performance.now() - start < 10_000);
});

Deno.test("unknown expressions without harm give what they gave, on texts of any length", () => {
  const text = "The quick brown fox, 2,345 dogs: it's all there.\n".repeat(400);
  const [own] = expressionsIn(file.pre_tokenizer);
  const plain = new Tokenizer(file, {});
  const same = withExpression(`${own}|\\s`); // never reached, but unknown
  assertEquals(same.encode(text), plain.encode(text));
  const nested = withExpression(`${own}|(?:a\\s?)+`);
  assertEquals(nested.encode(text.slice(0, 2000)), plain.encode(text.slice(0, 2000)));
});

Deno.test("nested repetition is found through classes, escapes and groups of every kind", () => {
  for (const expression of ["(a+)+", "(?:a|b)*c", "(a*){2,}", "((a?)b)+", "(?<n>a)\\k<n>", "(a"]) {
    assertEquals(isNested(expression), true, expression);
  }
  for (
    const expression of [
      "\\p{L}+",
      "[(+*]+|\\(+",
      "\\d{1,3}(?=(?:\\d{3})*\\b)",
      "(?i:'s|'t)|x+",
      "[^\\]()+]*(?!\\S)",
      ...expressionsIn(file),
    ]
  ) {
    assertEquals(isNested(expression), false, expression);
  }
});

Deno.test("parts of tokenizer.json of a wrong kind are told in one line", () => {
  for (
    const part of [
      { post_processor: { type: "TemplateProcessing", single: [1] } },
      { post_processor: { type: "TemplateProcessing", single: 3, pair: null } },
      { post_processor: { type: "Sequence", processors: [null] } },
      { pre_tokenizer: { type: "Split", pattern: { Regex: "(" }, behavior: "Isolated" } },
      { normalizer: { type: "Replace", pattern: { String: 3 }, content: {} } },
      { added_tokens: [null] },
      { model: { type: "BPE", vocab: [], merges: [3] } },
      { model: null },
    ]
  ) {
    try {
      const tokenizer = new Tokenizer({ ...file, ...part }, {});
      tokenizer.decode(tokenizer.encode("Hello"));
    } catch (error) {
      assert(error instanceof InputError, `${JSON.stringify(part)}: ${error}`);
    }
  }
});
