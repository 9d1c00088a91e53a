import { assert, assertEquals } from "@std/assert";
import { generateContext } from "../../../lab/synthetic/context.ts";
import { documentQuestion } from "../../../lab/synthetic/document_question.ts";
import { categoryOf } from "../../../lab/synthetic/vocabulary.ts";

const options = { cellsPerSide: 8, images: 3, difficulty: 0, split: "test", draw: false } as const;

Deno.test("document: a thing has its owner in the next cell of its line", () => {
  for (let seed = 0; seed < 10; seed++) {
    const { media, questions: [asked] } = generateContext(documentQuestion.name, seed, {
      ...options,
      difficulty: 3,
    });
    assertEquals(media, "images");
    assertEquals([categoryOf(asked.keyIds[0]), categoryOf(asked.answerIds[0])], ["keys", "values"]);
    assertEquals(asked.answerCells[0], asked.keyCells[0] + 1);
    assert(Math.floor(asked.answerCells[0] / 8) === Math.floor(asked.keyCells[0] / 8));
  }
});
