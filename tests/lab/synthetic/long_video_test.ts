import { assert, assertEquals } from "@std/assert";
import { generateContext } from "../../../lab/synthetic/context.ts";
import { longVideo } from "../../../lab/synthetic/long_video.ts";
import { categoryOf } from "../../../lab/synthetic/vocabulary.ts";

const options = { cellsPerSide: 8, images: 3, difficulty: 0, split: "test", draw: false } as const;

Deno.test("long video: four names to choose from, the right one beside the object", () => {
  for (let difficulty = 0; difficulty <= 4; difficulty++) {
    const { media, questions: [asked], labels } = generateContext(longVideo.name, difficulty, {
      ...options,
      images: 16,
      difficulty,
    });
    assertEquals(media, "video");
    assertEquals(asked.choices?.length, 4);
    assertEquals(asked.chance, 0.25);
    assertEquals(categoryOf(asked.keyIds[0]), "objects");
    for (const cell of asked.answerCells) assertEquals(categoryOf(labels[cell]), "values");
    assert(asked.accepted.some((answer) => asked.choices!.includes(answer)));
  }
});
