import { assert, assertEquals } from "@std/assert";
import { generateContext } from "../../../lab/synthetic/context.ts";
import { sceneGrounding } from "../../../lab/synthetic/scene_grounding.ts";
import { categoryOf } from "../../../lab/synthetic/vocabulary.ts";

const options = { cellsPerSide: 8, images: 3, difficulty: 0, split: "test", draw: false } as const;

Deno.test("scene: shapes have signs; the question names a shape", () => {
  const { media, questions: [asked] } = generateContext(sceneGrounding.name, 1, options);
  assertEquals(media, "images");
  assertEquals([categoryOf(asked.keyIds[0]), categoryOf(asked.answerIds[0])], ["objects", "marks"]);
});

Deno.test("scene: a place by coordinates is a column and a row", () => {
  const { questions: [asked] } = generateContext(sceneGrounding.name, 1, {
    ...options,
    difficulty: { place: "coordinates", questionStyle: "sentence" },
  });
  assertEquals(asked.answerIds.map(categoryOf), ["columns", "rows"]);
  assert(asked.question.startsWith("where is the "));
});
