import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { normaliseAnswer } from "../../lib/data/normalise.ts";

Deno.test("normaliseAnswer: case, spaces, forms of letters and outer punctuation do not count", () => {
  assertEquals(normaliseAnswer(' "Red\n Star!" '), "red star");
  assertEquals(normaliseAnswer("ＡＢ１"), "ab1");
  assertEquals(normaliseAnswer("e\u0301"), "é");
  assertEquals(normaliseAnswer("12.5"), "12.5");
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => {
    assertEquals(normaliseAnswer(normaliseAnswer(text)), normaliseAnswer(text));
  }));
});
