import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { InputError } from "../../../lib/common/errors.ts";
import { tokenText } from "../../../lab/pages/page_words.ts";
import { pageNeedle } from "../../../lab/pages/page_needles.ts";
import { pageCell, pageCells, pageSide } from "../../../lab/pages/word_page.ts";

const kinds = ["document", "scene"] as const;

Deno.test("the boxes of the evidence hold the sentence that answers, and it stands once", () => {
  for (const kind of kinds) {
    for (let seed = 0; seed < 6; seed++) {
      const { sample, pages } = pageNeedle(seed, { kind, pages: 1 + seed % 3, split: "test" });
      const [name, sentence] = sample.answer as string[];
      const cells = sample.evidence.flatMap((piece) => {
        if (!("image" in piece) || !piece.box) throw new Error("no box");
        const [x0, y0, x1, y1] = piece.box.map((edge) => edge / pageCell);
        assertEquals(y1 - y0, 1);
        return pages[piece.image].slice(y0 * pageSide + x0, y0 * pageSide + x1);
      });
      assertEquals(cells.map(({ word }) => tokenText(word)).join(""), ` ${sentence}`);
      const named = pages.flat().filter(({ word }) => word === name);
      assertEquals(named.length, 1);
      assertEquals(cells.some(({ pictured }) => pictured), kind === "scene");
      assertEquals(sample.images!.length, pages.length);
      for (const page of pages) assertEquals(page.length, pageCells);
    }
  }
});

Deno.test("in scenes the thing that is asked for is drawn, never written, and others are drawn too", () => {
  let others = 0;
  for (let seed = 0; seed < 6; seed++) {
    const { sample, pages } = pageNeedle(seed, { kind: "scene", pages: 2, split: "train" });
    const asked = /the (\w+)\?$/.exec(sample.question)![1];
    const own = pages.flat().filter(({ word }) => word === asked);
    assertEquals(own.map(({ pictured }) => pictured), [true]);
    others += pages.flat().filter(({ word, pictured }) => pictured && word !== asked).length;
  }
  assert(others > 5);
});

Deno.test("a seed makes the same sample, another split another one", () => {
  const make = (split: "train" | "test") => pageNeedle(5, { kind: "document", pages: 1, split });
  assertEquals(make("test"), make("test"));
  assertNotEquals(make("test").pages, make("train").pages);
});

Deno.test("an impossible number of pages is refused", () => {
  for (const pages of [0, 17, 1.5]) {
    assertThrows(
      () => pageNeedle(1, { kind: "document", pages, split: "test" }),
      InputError,
      `Cannot draw ${pages} pages`,
    );
  }
});
