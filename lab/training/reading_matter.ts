/**
 * What the vision tower for photographs and manuals is trained on and judged by: photographs, sections, and the words
 * that it is to read.
 *
 * @module
 */
import {
  type DrawnWord,
  drawnWords,
  favouringBeginnings,
  oneTokenWords,
} from "../pages/drawn_words.ts";
import { type HeadedSection, headedSections, headingPieces } from "../pages/headed_sections.ts";
import { loadManuals, type ManualKind, manualKinds } from "../pages/manuals.ts";
import { loadPhotographs, type Photograph } from "../pages/photographs.ts";
import { isOneToken, photographWords } from "./photograph_batches.ts";

/** Part of a tokenizer. */
interface Tokenizer {
  encode(text: string, options: { readonly addSpecialTokens: false }): ArrayLike<number>;
  decode(ids: readonly number[]): string;
}

/** All that is there, of every kind; see the kinds for what may be trained on. */
export interface ReadingMatter {
  /** Token ids of a text, without special tokens. */
  readonly encode: (text: string) => number[];
  /** Those whose names are one token. */
  readonly photographs: readonly Photograph[];
  readonly sections: Readonly<Record<ManualKind, readonly HeadedSection[]>>;
  /** What the tower is to read, of what may be trained on. */
  readonly words: readonly string[];
  /** Words of the manuals to learn from, each of which stands for one of those; half of them begin headings. */
  readonly drawn: readonly DrawnWord[];
}

/** How many words are read beside those of headings: frequent words of texts, and the language model's own. */
const more = { frequent: 400, oneToken: 600 };

/** In how many headings a token has to occur to be read. */
const leastHeadings = 2;

/**
 * Loads photographs and manuals for a tokenizer.
 *
 * @param folders where they are, if not in the default places
 * @throws {InputError} if they are not there, saying how to get them
 */
export async function loadReadingMatter(
  tokenizer: Tokenizer,
  folders: { readonly photographs?: string; readonly manuals?: string } = {},
): Promise<ReadingMatter> {
  const encode = (text: string) => Array.from(tokenizer.encode(text, { addSpecialTokens: false }));
  const decode = (ids: readonly number[]) => tokenizer.decode(ids);
  const tokens = { encode, decode };
  const photographs = await loadPhotographs(
    folders.photographs,
    (name) => isOneToken(encode, name),
  );
  const trained = photographs.filter(({ kind }) => kind === "train");
  const manuals = await loadManuals(folders.manuals);
  const words = photographWords(encode, trained, [
    ...headingPieces(tokens, manuals.train, more.frequent, leastHeadings),
    ...oneTokenWords(tokens, more.oneToken),
  ]);
  const read = new Set(words);
  const sections = Object.fromEntries(
    manualKinds.map((kind) => [kind, headedSections(tokens, manuals[kind], read)]),
  ) as Record<ManualKind, HeadedSection[]>;
  const drawn = favouringBeginnings(drawnWords(tokens, manuals.train, read), manuals.train);
  return { encode, photographs, sections, words, drawn };
}
