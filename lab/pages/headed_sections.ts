/**
 * Headings of manuals as a vision tower reads them: one cell of a page holds a word, and gives the first token of it.
 *
 * @module
 */
import { tokenText } from "./page_words.ts";
import type { ManualSection } from "./manuals.ts";

/** What of a tokenizer is needed. */
export interface Tokens {
  /** Token ids of a text, without special tokens. */
  readonly encode: (text: string) => readonly number[];
  readonly decode: (ids: readonly number[]) => string;
}

/** A section whose heading fits into a row of cells. */
export interface HeadedSection extends ManualSection {
  /** Its number within its chapter: one digit. */
  readonly digit: string;
  /** What the cells of the heading's words stand for; null for a word that is not read. */
  readonly captions: readonly (string | null)[];
}

/** Words of a heading at most: what a row has beside the number and the full stop. */
const longestHeading = 6;

/**
 * The word's beginning that is its first token, as text without the space; null where there is none, e.g. because
 * the token is half a character.
 *
 * @example
 * ```ts
 * import { pieceOf } from "./headed_sections.ts";
 * import { assertEquals } from "@std/assert";
 * // a tokenizer whose tokens are four characters
 * const encode = (text: string) => (text.match(/.{1,4}/g) ?? []).map((part) => part.charCodeAt(1));
 * const decode = (ids: readonly number[]) => ids[0] === "O".charCodeAt(0) ? " Ove" : " ";
 * assertEquals(pieceOf({ encode, decode }, "Overwriting"), "Ove");
 * assertEquals(pieceOf({ encode, decode }, "files"), null);
 * ```
 */
export function pieceOf({ encode, decode }: Tokens, word: string): string | null {
  const [first] = encode(tokenText(word)), piece = decode([first]).trim();
  const [again, ...more] = encode(tokenText(piece));
  return piece !== "" && again === first && more.length === 0 ? piece : null;
}

/** A word with its first letter large, as headings begin. */
export const firstLetterLarge = (word: string): string => word[0].toUpperCase() + word.slice(1);

/**
 * What cells of headings stand for: the pieces of the headings' words, and those of the most frequent words of the text
 * with a capital, as headings begin.
 *
 * @param frequent how many of those
 * @param least in how many headings a piece has to occur
 */
export function headingPieces(
  tokens: Tokens,
  sections: readonly ManualSection[],
  frequent = 100,
  least = 1,
): string[] {
  const counts = new Map<string, number>();
  for (const word of sections.flatMap(({ words }) => words)) {
    if (/^[a-z]{2,}$/.test(word)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const most = [...counts].sort((a, b) => b[1] - a[1]).slice(0, frequent);
  const headings = new Map<string, number>();
  for (const { heading } of sections) {
    for (const piece of new Set(heading.split(" ").map((word) => pieceOf(tokens, word)))) {
      if (piece !== null) headings.set(piece, (headings.get(piece) ?? 0) + 1);
    }
  }
  const often = [...headings].filter(([, count]) => count >= least).map(([piece]) => piece);
  const begin = most.map(([word]) => pieceOf(tokens, firstLetterLarge(word)));
  return [...new Set([...often, ...begin])].filter((piece) => piece !== null);
}

/**
 * The sections of one digit whose heading fits into a row and begins with a word that is read.
 *
 * @param read what the tower reads
 */
export function headedSections(
  tokens: Tokens,
  sections: readonly ManualSection[],
  read: ReadonlySet<string>,
): HeadedSection[] {
  return sections.flatMap((section): HeadedSection[] => {
    const digit = section.number.split(".").at(-1)!, words = section.heading.split(" ");
    const pieces = words.map((word) => pieceOf(tokens, word));
    const captions = pieces.map((piece) => piece !== null && read.has(piece) ? piece : null);
    const fits = /^[1-9]$/.test(digit) && words.length <= longestHeading && captions[0] !== null;
    return fits ? [{ ...section, digit, captions }] : [];
  });
}
