import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../../lib/common/errors.ts";
import {
  categories,
  categoryOf,
  categoryStart,
  colours,
  drawableCount,
  objectParts,
  shapes,
  splitWords,
  wordId,
  wordIds,
  words,
} from "../../../lab/synthetic/vocabulary.ts";

Deno.test("vocabulary: every word is there once and is one word of a text", () => {
  assertEquals(new Set(words).size, words.length);
  for (const word of words) assertEquals(splitWords(`a ${word}, b`), ["a", word, ",", "b"]);
});

Deno.test("vocabulary: six sections of 64 and 16 textures can be drawn, and come first", () => {
  assertEquals(drawableCount, 6 * 64 + 16);
  for (const section of ["objects", "keys", "values", "marks", "stamps", "pages"] as const) {
    assertEquals(categories[section].length, 64);
    assert(categoryStart[section] + 64 <= drawableCount);
  }
});

Deno.test("objectParts: each pair of colour and shape once; any 8 in a row have all of both", () => {
  const pairs = Array.from({ length: 64 }, (_, i) => objectParts(i));
  assertEquals(new Set(pairs.map(({ colour, shape }) => colour * 8 + shape)).size, 64);
  for (let start = 0; start < 64; start += 8) {
    const part = pairs.slice(start, start + 8);
    assertEquals(new Set(part.map(({ colour }) => colour)).size, 8);
    assertEquals(new Set(part.map(({ shape }) => shape)).size, 8);
  }
  const { colour, shape } = objectParts(37);
  assertEquals(categories.objects[37], colours[colour] + shapes[shape]);
});

Deno.test("vocabulary: the 16 words in use first differ in at least two letters", () => {
  for (const section of ["keys", "values"] as const) {
    const first = categories[section].slice(0, 16);
    first.forEach((a, i) =>
      first.slice(0, i).forEach((b) =>
        assert([...a].filter((letter, k) => letter !== b[k]).length >= 2, `${a} ${b}`)
      )
    );
  }
});

Deno.test("wordId and categoryOf: inverse of the lists", () => {
  fc.assert(fc.property(fc.nat(words.length - 1), (id) => {
    const category = categoryOf(id);
    assertEquals(wordId(words[id]), id);
    assertEquals(categories[category][id - categoryStart[category]], words[id]);
  }));
  assertThrows(() => wordId("redstarr"), InputError, "redstar");
  assertThrows(() => categoryOf(words.length), InputError, "id must be");
  assertThrows(() => categoryOf(1.5), InputError, "id must be");
});

Deno.test("wordIds: a text of words, joined in any way, gives their ids", () => {
  const letters = fc.integer({ min: 0, max: categoryStart.punctuation - 1 });
  const ids = fc.array(letters, { maxLength: 9 });
  fc.assert(fc.property(ids, fc.constantFrom(" ", "  ", "\n"), (chosen, gap) => {
    assertEquals(wordIds(chosen.map((id) => words[id]).join(gap)), chosen);
  }));
  assertEquals(wordIds("p3?"), [wordId("p3"), wordId("?")]);
  assertThrows(() => wordIds("where is the giraffe?"), InputError, "giraffe");
});
