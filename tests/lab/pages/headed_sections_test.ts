import { assertEquals } from "@std/assert";
import { headedSections, headingPieces, pieceOf } from "../../../lab/pages/headed_sections.ts";
import type { ManualSection } from "../../../lab/pages/manuals.ts";
import { fewTokens } from "../../suites/few_tokens.ts";

const tokens = fewTokens([" Over", " Copy", " files", " Must", "writing", " Scope"]);

const section = (number: string, heading: string): ManualSection => ({
  number,
  heading,
  words: ["must", "must", "copy", "Must", "9"],
});

Deno.test("a word is read as its first token, where that is a text of its own", () => {
  assertEquals(pieceOf(tokens, "Overwriting"), "Over");
  assertEquals(pieceOf(tokens, "Scope"), "Scope");
  assertEquals(pieceOf(tokens, "unknown"), null); // its first token is the space
});

Deno.test("pieces are those of headings and of frequent words as headings begin, each once", () => {
  const sections = [section("1.1", "Overwriting files"), section("1.2", "Overwriting Scope")];
  assertEquals(headingPieces(tokens, sections, 1), ["Over", "files", "Scope", "Must"]);
  assertEquals(headingPieces(tokens, sections, 2).at(-1), "Copy");
  assertEquals(headingPieces(tokens, sections, 1, 2), ["Over", "Must"]); // those of two headings
});

Deno.test("sections are those of one digit whose heading fits and begins with a word that is read", () => {
  const read = new Set(["Over", "files"]);
  const of = (number: string, heading: string) =>
    headedSections(tokens, [section(number, heading)], read);
  assertEquals(
    of("7.3", "Overwriting other files").map(({ digit, captions }) => [digit, captions]),
    [
      ["3", ["Over", null, "files"]],
    ],
  );
  assertEquals(of("7.12", "Overwriting files"), []); // two digits
  assertEquals(of("7.3", "Scope files"), []); // not read
  assertEquals(of("7.3", "Overwriting a a a a a a"), []); // too long
});
