import { assert, assertEquals } from "@std/assert";
import { drawnObjects } from "../../../lab/pages/drawn_objects.ts";
import {
  objectFillers,
  ownerSentence,
  pageFillers,
  pageNames,
  pageThings,
  pageWordClass,
  pageWords,
  tokenText,
} from "../../../lab/pages/page_words.ts";
import { pageSide } from "../../../lab/pages/word_page.ts";

Deno.test("every word of every sentence, thing and name is one of the page words, once", () => {
  assertEquals(new Set(pageWords).size, pageWords.length);
  const sentences = [...pageFillers, ...objectFillers, ownerSentence];
  const used = sentences.flatMap((sentence) => sentence.split(" "))
    .filter((word) => word !== "*" && word !== "@");
  for (const word of [...used, ...drawnObjects, ...pageThings, ...pageNames]) {
    assertEquals(pageWords[pageWordClass(word)], word);
  }
});

Deno.test("nobody owns anything in a filler, and no name is a thing", () => {
  for (const filler of [...pageFillers, ...objectFillers]) assert(!filler.includes("owner"));
  const things = new Set([...pageThings, ...drawnObjects]);
  assertEquals(pageNames.filter((name) => things.has(name)), []);
  assertEquals(pageThings.filter((thing) => drawnObjects.includes(thing)), []);
});

Deno.test("the sentence about an owner is one row of a page", () => {
  assertEquals(ownerSentence.split(" ").length, pageSide);
});

Deno.test("words have a space before them, punctuation and digits have none", () => {
  assertEquals(["map", "café", ".", "7", "\n"].map(tokenText), [" map", " café", ".", "7", "\n"]);
});
