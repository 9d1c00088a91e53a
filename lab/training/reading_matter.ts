/**
 * What the vision tower for photographs and manuals is trained on and judged by: photographs, sections, and the words
 * that it is to read.
 *
 * @module
 */
import { type HeadedSection, headedSections, headingPieces } from "../pages/headed_sections.ts";
import { loadManual, type ManualKind, manualKinds } from "../pages/manuals.ts";
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
}

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
  const loaded = await Promise.all(
    manualKinds.map(async (kind) => [kind, await loadManual(kind, folders.manuals)] as const),
  );
  const [[, train]] = loaded;
  const words = photographWords(encode, trained, headingPieces(tokens, train));
  const read = new Set(words);
  const sections = Object.fromEntries(
    loaded.map(([kind, own]) => [kind, headedSections(tokens, own, read)]),
  ) as Record<ManualKind, HeadedSection[]>;
  return { encode, photographs, sections, words };
}
