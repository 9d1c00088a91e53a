/**
 * Words to learn to read from: which ones a page shows, and which token of a language model each of them stands for.
 *
 * @module
 */
import { firstLetterLarge, pieceOf, type Tokens } from "./headed_sections.ts";
import type { ManualSection } from "./manuals.ts";
import { hasStrokes } from "./stroke_font.ts";

/** A word as it is drawn. */
export interface DrawnWord {
  readonly text: string;
  /** Its first token, as text without the space: what a tower is to read. */
  readonly piece: string;
}

/**
 * The words that a language model has as one token each, the most frequent ones first: a tokenizer of byte pairs has
 * its tokens in the order in which they were joined.
 *
 * @param count how many at most
 * @param within how many tokens are looked through
 */
export function oneTokenWords(
  { encode, decode }: Tokens,
  count: number,
  within = 100_000,
): string[] {
  const found: string[] = [];
  for (let id = 0; id < within && found.length < count; id++) {
    const text = decode([id]);
    if (!/^ [A-Za-z][a-z]{2,13}$/.test(text)) continue;
    const [again, ...more] = encode(text);
    if (again === id && more.length === 0) found.push(text.slice(1));
  }
  return found;
}

/**
 * The words of sections, of headings as they stand and of texts in small letters and with a capital, that begin with
 * something that is read.
 *
 * @param read what is read
 * @param least how often a word of the texts has to occur
 */
export function drawnWords(
  tokens: Tokens,
  sections: readonly ManualSection[],
  read: ReadonlySet<string>,
  least = 3,
): DrawnWord[] {
  const counts = new Map<string, number>();
  for (const { words } of sections) {
    for (const word of words) {
      const own = word.replace(/[.,:?!']+$/, "");
      if (/^[A-Za-z][A-Za-z-]{1,13}$/.test(own)) counts.set(own, (counts.get(own) ?? 0) + 1);
    }
  }
  const frequent = [...counts].filter(([, count]) => count >= least).map(([word]) => word);
  const headings = sections.flatMap(({ heading }) => heading.split(" "));
  const texts = new Set([...headings, ...frequent, ...frequent.map(firstLetterLarge)]);
  return [...texts].flatMap((text) => {
    if (text === "" || ![...text].every(hasStrokes)) return [];
    const piece = pieceOf(tokens, text);
    return piece !== null && read.has(piece) ? [{ text, piece }] : [];
  });
}

/**
 * The same words, of which those that headings begin with come as often as all others together: the answer to a
 * question about a heading begins with them, and they have a capital, which is rare elsewhere.
 *
 * @example
 * ```ts
 * import { favouringBeginnings } from "./drawn_words.ts";
 * import { assertEquals } from "@std/assert";
 * const [a, b, c] = ["Overwriting", "files", "again"].map((text) => ({ text, piece: text }));
 * const section = { number: "1.1", heading: "Overwriting files", words: [] };
 * assertEquals(favouringBeginnings([a, b, c], [section]), [b, c, a, a]);
 * ```
 */
export function favouringBeginnings(
  drawn: readonly DrawnWord[],
  sections: readonly ManualSection[],
): DrawnWord[] {
  const first = new Set(sections.map(({ heading }) => heading.split(" ")[0]));
  const begin = drawn.filter(({ text }) => first.has(text));
  const others = drawn.filter(({ text }) => !first.has(text));
  const times = Math.max(1, Math.round(others.length / Math.max(1, begin.length)));
  return [...others, ...Array.from({ length: times }, () => begin).flat()];
}
