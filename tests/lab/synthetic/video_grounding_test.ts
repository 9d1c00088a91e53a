import { assert, assertEquals } from "@std/assert";
import { generateContext } from "../../../lab/synthetic/context.ts";
import { videoGrounding } from "../../../lab/synthetic/video_grounding.ts";
import { categoryOf } from "../../../lab/synthetic/vocabulary.ts";

const options = { cellsPerSide: 8, images: 3, difficulty: 0, split: "test", draw: false } as const;

Deno.test("video: when an object appears is a time", () => {
  const { media, questions: [asked] } = generateContext(videoGrounding.name, 1, {
    ...options,
    difficulty: { questionStyle: "sentence" },
  });
  assertEquals(media, "video");
  assertEquals([categoryOf(asked.keyIds[0]), categoryOf(asked.answerIds[0])], [
    "objects",
    "stamps",
  ]);
  assert(/^when does the \w+ appear\?$/.test(asked.question), asked.question);
});

Deno.test("video: with the time in the question, where an object is then is a sign", () => {
  const { questions: [asked] } = generateContext(videoGrounding.name, 1, {
    ...options,
    difficulty: { keyWords: 2, questionStyle: "sentence" },
  });
  assertEquals(asked.keyIds.map(categoryOf), ["objects", "stamps"]);
  assertEquals(asked.answerIds.map(categoryOf), ["marks"]);
  assert(/^where is the \w+ at \d+s\?$/.test(asked.question), asked.question);
});
