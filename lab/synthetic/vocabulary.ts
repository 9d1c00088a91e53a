/**
 * The closed list of words that the synthetic pictures and their questions are made of.
 *
 * Every word is meant to be one token of the shipped small model's tokenizer, in whatever place of
 * a sentence it stands: `[\p{L}\p{N}]+` and each punctuation mark are words, white space is not.
 * The drawable words come first, so that a cell's label is also a class index.
 *
 * @module
 */
import { InputError, nearestNames } from "../../lib/common/errors.ts";

/** Sections of words that can be drawn in one cell of a picture. */
export type Section = "objects" | "keys" | "values" | "marks" | "stamps" | "pages" | "fillers";

/** Categories of words: the drawable sections, and the words of questions and answers alone. */
export type Category =
  | Section
  | "colours"
  | "shapes"
  | "columns"
  | "rows"
  | "letters"
  | "digits"
  | "language"
  | "template"
  | "punctuation";

const list = (text: string): readonly string[] => Object.freeze(text.split(" "));
const count = (n: number, name: (i: number) => string): readonly string[] =>
  Object.freeze(Array.from({ length: n }, (_, i) => name(i)));

/** The eight colours, by name. */
export const colours: readonly string[] = list("red orange yellow green cyan blue purple black");

/** The eight shapes, by name. */
export const shapes: readonly string[] = list(
  "circle square triangle star cross ring diamond heart",
);

/**
 * Colour and shape of an object of the section `objects`, as indices into {@link colours} and
 * {@link shapes}.
 *
 * Along a diagonal, so that the first 8 n objects have each colour and each shape n times.
 *
 * @param index 0 to 63
 */
export function objectParts(index: number): { readonly colour: number; readonly shape: number } {
  return { colour: index % 8, shape: (index + (index >> 3)) % 8 };
}

/**
 * All words by category. Key words are things, value words are names of people, marks are places
 * on signs, stamps are seconds, pages are page numbers, fillers are textures, and an object's word
 * is its colour and shape written together.
 */
export const categories: Readonly<Record<Category, readonly string[]>> = Object.freeze({
  objects: count(64, (i) => colours[objectParts(i).colour] + shapes[objectParts(i).shape]),
  keys: list(
    "map sun fox egg jar tea pie hut oak ink bed cup key ash zip ivy " +
      "ant arm axe bag bus cat dam dog dye elf fan fig fly fur gas gem " +
      "gum hay ice jet jug kit lab lid mud net oil owl pan pea pen pot " +
      "rod saw ski sky tax tin toy tub van web zoo cab hen log nut rug",
  ),
  values: list(
    "tom eva leo mia ben ivo zoe rex pam ada jim kay sue gus lyn abe " +
      "ali ari ann bea bob cal dan deb dot eli eve fay flo gil guy huw " +
      "ian ida jan jay jed jon ken kim lea liv lou mae art meg ned nia " +
      "nik ora pat ray rob ron roy sal sam sid sol ted una val vic wes",
  ),
  marks: count(64, (i) => "abcdefgh"[i % 8] + (1 + (i + (i >> 3)) % 8)),
  stamps: count(64, (i) => `${i + 1}s`),
  pages: count(64, (i) => `p${i + 1}`),
  fillers: list(
    "blank lines rule dots hatch grid bars zigzag grass waves bricks leaves stones rain checks sand",
  ),
  colours,
  shapes,
  columns: count(8, (i) => `x${i + 1}`),
  rows: count(8, (i) => `y${i + 1}`),
  letters: list("a b c d"),
  digits: count(10, (i) => `${i}`),
  language: list(
    "where when which who what whose is are was does do has have owns the an of on in at by to " +
      "beside with near next and or not value answer question find name object thing place time " +
      "page image picture frame video document seconds appear appears seen show shows say says " +
      "tell me first last choose yes no left right above below there owner we see",
  ),
  template: list("system user assistant You helpful"),
  punctuation: list("? . , : ; ! ( ) < > - / ' \""),
});

/** Order of the sections in {@link words}; each section's words are contiguous. */
const ORDER = Object.keys(categories) as readonly Category[];

/** Every word once; a word's index is its id. The first {@link drawableCount} can be drawn. */
export const words: readonly string[] = Object.freeze(ORDER.flatMap((name) => categories[name]));

/** Id of the first word of each category. */
export const categoryStart: Readonly<Record<Category, number>> = Object.freeze(
  Object.fromEntries(
    ORDER.map((name, i) => [
      name,
      ORDER.slice(0, i).reduce((sum, before) => sum + categories[before].length, 0),
    ]),
  ) as Record<Category, number>,
);

/** Number of words that can be drawn in a cell; their ids are 0 to `drawableCount - 1`. */
export const drawableCount: number = categoryStart.fillers + categories.fillers.length;

const ids = new Map(words.map((word, id) => [word, id]));

/**
 * The id of a word.
 *
 * @param word a word of {@link words}
 * @returns its index there
 * @throws {InputError} when the word is not in the list
 *
 * @example
 * ```ts
 * import { wordId, words } from "./vocabulary.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(words[wordId("redcircle")], "redcircle");
 * ```
 */
export function wordId(word: string): number {
  const id = ids.get(word);
  if (id !== undefined) return id;
  throw new InputError(
    `Cannot find the word "${word}" in the small model's vocabulary of ${words.length} words; ` +
      `nearest: ${nearestNames(word, words).join(", ")}`,
  );
}

/**
 * The category of a word.
 *
 * @param id 0 to `words.length - 1`
 * @throws {InputError} when there is no such word
 */
export function categoryOf(id: number): Category {
  if (!(Number.isInteger(id) && id >= 0 && id < words.length)) {
    throw new InputError(`Cannot name word ${id}: id must be 0 to ${words.length - 1}`);
  }
  let found = ORDER[0];
  for (const name of ORDER) if (categoryStart[name] <= id) found = name;
  return found;
}

/**
 * A text cut into words: runs of letters and digits, and single punctuation marks.
 *
 * @example
 * ```ts
 * import { splitWords } from "./vocabulary.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(splitWords("where is the red star?"), ["where", "is", "the", "red", "star", "?"]);
 * ```
 */
export function splitWords(text: string): string[] {
  return text.match(/[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu) ?? [];
}

/**
 * The word ids of a text, in order.
 *
 * @throws {InputError} when a word is not in the list
 *
 * @example
 * ```ts
 * import { wordIds, words } from "./vocabulary.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(wordIds("who has the map?").map((id) => words[id]).join(" "), "who has the map ?");
 * ```
 */
export function wordIds(text: string): number[] {
  return splitWords(text).map(wordId);
}
