import { assert, assertEquals } from "@std/assert";
import { drawnWords, favouringBeginnings, oneTokenWords } from "../../../lab/pages/drawn_words.ts";
import type { ManualSection } from "../../../lab/pages/manuals.ts";
import { fewTokens } from "../../suites/few_tokens.ts";

const tokens = fewTokens([
  " Over",
  " const",
  " x",
  " files",
  "writing",
  " Copy",
  " Scope",
  " over",
]);

Deno.test("words of one token come in the tokenizer's order, without pieces and single letters", () => {
  assertEquals(oneTokenWords(tokens, 3), ["Over", "const", "files"]);
  assertEquals(oneTokenWords(tokens, 9), ["Over", "const", "files", "Copy", "Scope", "over"]);
  assertEquals(oneTokenWords(tokens, 9, 4), ["Over", "const", "files"]);
  const cut = {
    ...tokens,
    encode: (text: string) => text === " const" ? [7, 8] : [...tokens.encode(text)],
  };
  assert(!oneTokenWords(cut, 9).includes("const"));
});

const section = (heading: string, words: string): ManualSection => ({
  ...{ number: "1.1", heading },
  words: words.split(" "),
});

Deno.test("words are drawn in full for their first tokens: headings' as they are, frequent ones also with a capital", () => {
  const sections = [
    section("Overwriting files", "overrides overrides, copy overrides. copy"),
    section("Scope", "unknown unknown unknown files"),
  ];
  const read = new Set(["Over", "over", "files", "Copy"]);
  assertEquals(drawnWords(tokens, sections, read), [
    { text: "Overwriting", piece: "Over" },
    { text: "files", piece: "files" },
    { text: "overrides", piece: "over" },
    { text: "Overrides", piece: "Over" },
  ]); // "Scope" is not read, and "copy" occurs twice only
  assertEquals(drawnWords(tokens, sections, read, 2).at(-1), { text: "Copy", piece: "Copy" });
});

Deno.test("words that headings begin with come about as often as all others, and none is left out", () => {
  const drawn = ["Over", "files", "Copy", "Scope", "Using", "Must", "Other"]
    .map((text) => ({ text, piece: text }));
  const favoured = favouringBeginnings(drawn, [
    section("Over files", ""),
    section("Using Copy", ""),
  ]);
  const count = (text: string) => favoured.filter((word) => word.text === text).length;
  assertEquals(drawn.map(({ text }) => count(text)), [3, 1, 1, 1, 3, 1, 1]);
  assertEquals(favouringBeginnings(drawn, []), drawn);
});
