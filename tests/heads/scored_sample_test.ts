import { assertEquals, assertThrows } from "@std/assert";
import { type HeadSample, sampleTokens } from "../../lib/heads/scored_sample.ts";
import type { TokenSpans } from "../../lib/inputs/token_spans.ts";

/** A prompt of 12 tokens: system, image, text, question, end. */
function sample(spans: Partial<TokenSpans> = {}): HeadSample {
  return {
    id: "s\n1",
    domain: "scene",
    inputs: {
      inputIds: new Int32Array(12),
      positionIds: new Int32Array(12),
      nextPosition: 12,
      media: {},
    },
    spans: {
      system: [[0, 2]],
      visual: [[3, 7]],
      evidence: [[4, 6]],
      question: [[8, 11]],
      answer: [],
      ...spans,
    },
  };
}

Deno.test("tokens by role: spans become ascending indices", () => {
  assertEquals(sampleTokens(sample({ question: [[10, 11], [8, 9]] })), {
    question: [8, 10],
    evidence: [4, 5],
    visual: [3, 4, 5, 6],
    context: [3, 4, 5, 6],
    promptEnd: 11,
    foils: [],
  });
});

Deno.test("without images the context is the text before the question", () => {
  const { context } = sampleTokens(sample({ visual: [] }));
  assertEquals(context, [2, 3, 4, 5, 6, 7]);
});

Deno.test("evidence in the text beside an image joins the context", () => {
  assertEquals(sampleTokens(sample({ evidence: [[7, 8]] })).context, [3, 4, 5, 6, 7]);
});

Deno.test("each thing that is wrong is an error that names the sample", () => {
  const wrong = (spans: Partial<TokenSpans>, message: string) =>
    assertThrows(
      () => sampleTokens(sample(spans)),
      Error,
      `Cannot score sample "s\\n1": ${message}`,
    );
  wrong({ question: [] }, "its question has no tokens");
  wrong({ question: [[8, 8]] }, "its question has no tokens");
  wrong({ evidence: [] }, "its evidence has no tokens");
  wrong({ evidence: [[4, 13]] }, "its evidence tokens 4 to 13 leave the prompt");
  wrong({ visual: [[-1, 3]] }, "its visual tokens -1 to 3 leave the prompt");
  wrong({ question: [[9, 8]] }, "its question tokens 9 to 8 leave the prompt");
  wrong({ evidence: [[1, 2]] }, "its evidence token 1 lies outside of the image");
  wrong({ evidence: [[9, 10]] }, "its evidence token 9 lies outside of the image");
  wrong({ evidence: [[4, 6], [11, 12]] }, "its evidence token 11 does not stand before");
});
