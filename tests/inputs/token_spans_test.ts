import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  findSpans,
  questionRanges,
  spansOf,
  tokensInText,
  tokensOf,
} from "../../lib/inputs/token_spans.ts";
import type { PlacedGrid } from "../../lib/inputs/visual_grid.ts";

Deno.test("spansOf and tokensOf: there and back, with gaps between spans", () => {
  fc.assert(fc.property(fc.array(fc.nat(40)), (tokens) => {
    const spans = spansOf(tokens);
    assertEquals(tokensOf(spans), [...new Set(tokens)].sort((a, b) => a - b));
    spans.forEach(([start, end], i) => assert(start < end && (i === 0 || start > spans[i - 1][1])));
  }));
});

Deno.test("tokensInText: touching is not overlapping", () => {
  const offsets = Int32Array.of(0, 2, 2, 5, 5, 5, 5, 9);
  assertEquals(tokensInText(offsets, 2, 5), [1]);
  assertEquals(tokensInText(offsets, 1, 6), [0, 1, 3]);
  assertEquals(tokensInText(offsets, 4, 4), []);
});

//                       0         10        20        30
const text = "system: Brief. user: Look. What? bot: A cat.";
const texts = [
  { message: 0, role: "system", start: 8, end: 14 },
  { message: 1, role: "user", start: 21, end: 26 },
  { message: 1, role: "user", start: 27, end: 32 },
  { message: 2, role: "assistant", start: 38, end: 44 },
];

Deno.test("questionRanges: the last user message, or one stretch of it", () => {
  assertEquals(questionRanges(text, texts), [[21, 26], [27, 32]]);
  assertEquals(questionRanges(text, texts, "What?"), [[27, 32]]);
  assertEquals(questionRanges(text, texts, "ook"), [[22, 25]]);
  assertEquals(questionRanges(text, texts, ""), []);
  assertThrows(
    () => questionRanges(text, texts, "Brief"),
    Error,
    'Cannot find the question "Brief"',
  );
  assertEquals(questionRanges(text, []), []);
});

Deno.test("findSpans: one token a character makes each span its text", () => {
  const offsets = Int32Array.from({ length: 2 * text.length }, (_, i) => (i + 1) >> 1);
  const grid: PlacedGrid = {
    ...{ kind: "image", media: 0, size: [1, 1], frames: [], rows: 1, columns: 2 },
    ...{ newline: "row", region: [0, 0, 1, 1], start: 3 },
  };
  const question = questionRanges(text, texts);
  const spans = findSpans({ texts, question, offsets, grids: [grid] });
  assertEquals(spans, {
    system: [[8, 14]],
    visual: [[3, 6]],
    evidence: [],
    question: [[21, 26], [27, 32]],
    answer: [[38, 44]],
  });
  // An assistant's message that the user answered is no answer.
  const asked = [...texts, { message: 3, role: "user", start: 0, end: 6 }];
  assertEquals(findSpans({ texts: asked, question, offsets, grids: [] }).answer, []);
});
