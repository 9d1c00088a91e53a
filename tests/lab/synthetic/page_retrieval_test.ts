import { assert, assertEquals } from "@std/assert";
import { generateContext } from "../../../lab/synthetic/context.ts";
import { pageRetrieval } from "../../../lab/synthetic/page_retrieval.ts";
import { categoryOf } from "../../../lab/synthetic/vocabulary.ts";

const options = { cellsPerSide: 8, images: 3, difficulty: 0, split: "test", draw: false } as const;

Deno.test("page: a heading has a page number, beside it or once on its page", () => {
  for (const label of ["beside", "shared", "once"] as const) {
    const { media, questions: [asked], labels } = generateContext(pageRetrieval.name, 1, {
      ...options,
      difficulty: { label },
    });
    assertEquals(media, "images");
    assertEquals([categoryOf(asked.keyIds[0]), categoryOf(asked.answerIds[0])], ["keys", "pages"]);
    // The number stands on the page of the heading.
    const [key, answer] = [asked.keyCells[0], asked.answerCells[0]];
    assertEquals(Math.floor(key / 64), Math.floor(answer / 64));
    const numbers = Array.from(labels).filter((id) => categoryOf(id) === "pages");
    assertEquals(new Set(numbers).size, label === "beside" ? numbers.length : 3);
    assert(label !== "once" || numbers.length === 3);
  }
});
