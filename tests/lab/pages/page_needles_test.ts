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

Deno.test("several owners: the foils hold the other sentences, of other things and names", () => {
  for (const kind of kinds) {
    for (let seed = 0; seed < 6; seed++) {
      const options = { kind, pages: 1 + seed % 2, owners: 4, split: "test" } as const;
      const { sample, pages } = pageNeedle(seed, options);
      const said = [sample.evidence, ...sample.foils!].map((pieces) =>
        pieces.flatMap((piece) => {
          if (!("image" in piece) || !piece.box) throw new Error("no box");
          const [x0, y0, x1] = piece.box.map((edge) => edge / pageCell);
          return pages[piece.image].slice(y0 * pageSide + x0, y0 * pageSide + x1);
        }).map(({ word }) => tokenText(word)).join("")
      );
      assertEquals(said[0], ` ${sample.answer[1]}`);
      const parts = said.map((text) => /^ The owner of the (\w+) is (\w+)\.$/.exec(text)!);
      assertEquals(
        parts.slice(1).map(([, , name]) => name),
        sample.foilAnswers!.map(([name]) => name),
      );
      for (const part of [1, 2]) assertEquals(new Set(parts.map((own) => own[part])).size, 4);
      const words = pages.flat().map(({ word }) => word);
      for (const [, thing, name] of parts) {
        assertEquals(words.filter((word) => word === thing).length, 1);
        assertEquals(words.filter((word) => word === name).length, 1);
      }
      assert(!words.includes(/the (\w+)\?$/.exec(sample.null!)![1]));
      assertEquals(sample.chance, 0.25);
    }
  }
  assertEquals(
    pageNeedle(3, { kind: "document", pages: 1, split: "test" }).sample.foils,
    undefined,
  );
});

Deno.test("an impossible number of pages or owners is refused", () => {
  for (const pages of [0, 17, 1.5]) {
    assertThrows(
      () => pageNeedle(1, { kind: "document", pages, split: "test" }),
      InputError,
      `Cannot draw ${pages} pages`,
    );
  }
  assertThrows(
    () => pageNeedle(1, { kind: "document", pages: 1, owners: 7, split: "test" }),
    InputError,
    "7 owners",
  );
});
