import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../../lib/common/errors.ts";
import { blank, pageWords } from "../../../lab/pages/page_words.ts";
import { drawSegments, drawWord, fontNames, hasStrokes } from "../../../lab/pages/stroke_font.ts";

Deno.test("every page word has strokes for all its letters", () => {
  for (const word of pageWords) {
    if (word !== blank) assertEquals([...word].filter((letter) => !hasStrokes(letter)), [], word);
  }
});

Deno.test("a word has ink, keeps within its width, and coverage is 0 to 1", () => {
  const words = fc.constantFrom(...pageWords.filter((word) => word !== blank));
  const sizes = fc.record({ height: fc.double({ min: 8, max: 16, noNaN: true }) });
  fc.assert(
    fc.property(words, fc.constantFrom(...fontNames), sizes, (word, font, { height }) => {
      const mask = drawWord(word, { font, height, stroke: 1.3 }, 46);
      assert(mask.width <= 46);
      assertEquals(mask.ink.length, mask.width * mask.height);
      assert(mask.ink.every((covered) => covered >= 0 && covered <= 1));
      // a dot, 1.3 pixels wide, on the corner of four pixels covers a third of each
      assert(mask.ink.some((covered) => covered > 0.3));
    }),
    { numRuns: 60 },
  );
});

Deno.test("no two fonts draw a word alike, and no two words look alike in the plainest", () => {
  const style = { height: 11, stroke: 1.3 };
  const drawings = fontNames.map((font) => drawWord("lantern", { font, ...style }, 46));
  const key = ({ width, ink }: typeof drawings[number]) => `${width} ${ink}`;
  assertEquals(new Set(drawings.map(key)).size, fontNames.length);
  for (const font of ["plain", "pixel"] as const) {
    const seen = pageWords.filter((word) => word !== blank)
      .map((word) => key(drawWord(word, { font, ...style }, 46)));
    assertEquals(new Set(seen).size, seen.length, font);
  }
});

Deno.test("a segment covers its length times its thickness, and its round ends", () => {
  const ink = drawSegments([10, 10, 30, 10], [40, 20], 2);
  const area = ink.reduce((a, b) => a + b);
  assertAlmostEquals(area, 20 * 4 + Math.PI * 4, 0.5);
});

Deno.test("a character without strokes is named", () => {
  const style = { font: "plain", height: 10, stroke: 1 } as const;
  assertThrows(() => drawWord("a~", style, 46), InputError, 'Cannot draw "~"');
});
