import { assertEquals } from "@std/assert";
import { tokenOffsets } from "../../lib/inputs/token_offsets.ts";

const pairs = (offsets: Int32Array) =>
  Array.from({ length: offsets.length / 2 }, (_, i) => [offsets[2 * i], offsets[2 * i + 1]]);
const isAdded = (token: string) => /^<(s|image|end)>$/.test(token);
const words = { byteLevel: false, isAdded };
const byteLevel = { byteLevel: true, isAdded };

Deno.test("byte-level tokens: characters split over tokens belong to both", () => {
  // "é" is the bytes C3 A9, spelled Ã ©; "猫" is E7 8C AB.
  assertEquals(pairs(tokenOffsets("é猫 a", ["Ã", "©ç", "Į", "«", "Ġa"], byteLevel)), [
    [0, 1],
    [0, 2],
    [1, 2],
    [1, 2],
    [2, 4],
  ]);
});

Deno.test("composed characters: tokens of the composed form hold what it was made of", () => {
  assertEquals(pairs(tokenOffsets("e\u0301a", ["Ã©", "a"], byteLevel)), [[0, 2], [2, 3]]);
});

Deno.test("characters that could be joined, but are not, stay apart", () => {
  assertEquals(pairs(tokenOffsets("e\u0301", ["e", "\u0301"], words)), [[0, 1], [1, 2]]);
  assertEquals(pairs(tokenOffsets("한국", ["한", "국"], words)), [[0, 1], [1, 2]]);
  // Three Hangul letters that the normalizer joins to one syllable.
  assertEquals(pairs(tokenOffsets("\u1112\u1161\u11ab", ["한"], words)), [[0, 3]]);
});

Deno.test("a space put in front belongs to no character", () => {
  assertEquals(pairs(tokenOffsets("ab c", ["▁", "ab", "▁c"], words)), [[0, 0], [0, 2], [2, 4]]);
  assertEquals(pairs(tokenOffsets("ab", ["▁ab"], words)), [[0, 2]]);
  assertEquals(pairs(tokenOffsets("<image>ab", ["<image>", "▁a", "b"], words)), [
    [0, 7],
    [7, 8],
    [8, 9],
  ]);
});

Deno.test("byte pieces: each byte of a character holds it whole", () => {
  assertEquals(pairs(tokenOffsets("猫a", ["<0xE7>", "<0x8C>", "<0xAB>", "a"], words)), [
    [0, 1],
    [0, 1],
    [0, 1],
    [1, 2],
  ]);
});

Deno.test("unknown text: every token between added tokens gets the whole stretch", () => {
  assertEquals(pairs(tokenOffsets("<s>xyz<end>q", ["<s>", "x", "<unk>", "<end>", "q"], words)), [
    [0, 3],
    [3, 6],
    [3, 6],
    [6, 11],
    [11, 12],
  ]);
});

Deno.test("white space that an added token swallows belongs to no token", () => {
  assertEquals(pairs(tokenOffsets("a  <end>", ["a", "<end>"], byteLevel)), [[0, 1], [3, 8]]);
});

Deno.test("the same added token again and again", () => {
  const text = "<image>".repeat(4);
  assertEquals(pairs(tokenOffsets(text, Array(4).fill("<image>"), words)), [
    [0, 7],
    [7, 14],
    [14, 21],
    [21, 28],
  ]);
});
