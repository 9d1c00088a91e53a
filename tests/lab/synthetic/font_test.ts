import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../../lib/common/errors.ts";
import { glyphHeight, glyphOf, hasGlyph, setText } from "../../../lab/synthetic/font.ts";
import { categories } from "../../../lab/synthetic/vocabulary.ts";

const LETTERS = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789s?.,:'-()/>[]% "];

Deno.test("glyphs: whole bitmaps, no two letters alike but O and 0", () => {
  const seen = new Map<string, string>();
  for (const letter of LETTERS) {
    const { width, ink } = glyphOf(letter);
    assertEquals(ink.length, glyphHeight * width, letter);
    assert(width >= 1 && width <= 5);
    const form = `${width} ${ink.join("")}`;
    const like = seen.get(form);
    assert(like === undefined || letter === "0" && like === "O", `${letter} is like ${like}`);
    seen.set(form, letter);
    if (letter !== " ") assert(ink.includes(1));
  }
});

Deno.test("setText: glyphs side by side with a pixel between them", () => {
  const { width, ink } = setText("LI");
  assertEquals(width, 4 + 1 + 3);
  const rows = Array.from(
    { length: 7 },
    (_, y) => Array.from(ink.subarray(y * 8, y * 8 + 8), (on) => on ? "#" : ".").join(""),
  );
  assertEquals(rows[0], "#....###");
  assertEquals(rows[6], "####.###");
  assertEquals(setText("").width, 0);
});

Deno.test("setText: every word of the images fits into a cell", () => {
  for (const section of ["keys", "values", "marks", "pages"] as const) {
    for (const word of categories[section]) assert(setText(word.toUpperCase()).width <= 15, word);
  }
  for (const word of categories.stamps) assert(setText(word).width <= 15, word);
});

Deno.test("glyphOf: characters without a glyph are refused", () => {
  assertThrows(() => glyphOf("é"), InputError, 'draw "é"');
  assertEquals([hasGlyph("A"), hasGlyph("é")], [true, false]);
});
