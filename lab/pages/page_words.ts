/**
 * The words that the vision tower of SmolLM2 can read: each is one token of its tokenizer (with
 * the space before it), so that one cell of a page is one visual token.
 *
 * Not many more fit: embeddings of other words are nearly independent directions, and the vision tower must
 * make all of them from features of 256 numbers.
 *
 * @module
 */
import { drawnObjects } from "./drawn_objects.ts";

const list = (text: string): readonly string[] => Object.freeze(text.split(/\s+/));

/** Things that are owned, written. */
export const pageThings: readonly string[] = list(
  `lantern violin bicycle kettle compass telescope blanket mirror basket camera guitar bucket candle
  carpet cradle drum feather globe jar kite map necklace oven painting quilt radio saddle trumpet vase
  wagon whistle piano wallet ticket brush cabinet coat crystal desk diary doll engine helmet jacket
  laptop letter mask medal microscope needle notebook pillow pipe printer robot rope ruler stamp statue`,
);

/** Their owners. */
export const pageNames: readonly string[] = list(
  `Tom Anna Peter Maria David Sarah James Emma Robert Alice Henry Laura Frank Julia Simon Clara George
  Helen Martin Susan Paul Rachel Oliver Grace Victor Lucy Daniel Ruth Edward Mark Walter Kate Philip
  Diana Oscar Martha Samuel Vera Arthur Judith Adam Brian Carl Claire Eric Gary Harry Jack Jane Jason
  Joan Joseph Karen Kevin Linda Lisa Louis Luke Michael Nancy Nick Patrick Richard Roger Scott Stephen
  Tim William Donald Elizabeth Margaret Barbara Charlotte Dorothy Norman Russell Vincent Theodore`,
);

/** What fills the pages; nobody owns anything here. A space between all tokens. */
export const pageFillers: readonly string[] = Object.freeze([
  "The weather was mild and the streets were quiet .",
  "A bus stopped at the corner and nobody got off .",
  "The baker opened the shop early that morning .",
  "Children played in the park until the evening .",
  "The river was calm and the boats lay still .",
  "The bell in the tower rang at half past nine .",
  "A small dog slept in front of the door .",
  "The market sold apples , bread and cheese .",
  "Rain was expected for the following day .",
  "The library closed at six on weekends .",
  "Two cyclists rode slowly up the hill .",
  "The train to the coast was late again .",
  "A painter stood on the bridge and looked at the water .",
  "The school had bought new desks in the spring .",
  "Snow still covered the roofs of the old houses .",
  "The cook tasted the soup and added some salt .",
  "A long line waited outside the post office .",
  "The garden behind the church was full of roses .",
  "The ferry crossed the lake four times a day .",
  "An old song was playing in the café .",
  "The farmers talked about the harvest .",
  "The museum showed coins from three centuries .",
  "Wind moved the leaves of the tall trees .",
  "A grey cat watched the birds from the wall .",
  "The concert began a few minutes after eight .",
  "Workers repaired the road near the station .",
  "The doctor lived above the pharmacy .",
  "Most of the windows were dark by midnight .",
  "A young teacher walked home through the forest .",
  "The mountain path was steep and covered with stones .",
  "Several students read quietly in the hall .",
  "The kitchen was full of fresh coffee and warm milk .",
  "Her brother painted the fence last summer .",
  "The captain looked at the clouds in the west .",
]);

/** Sentences about a pictured thing, which stands for `*`; nobody owns it here either. */
export const objectFillers: readonly string[] = Object.freeze([
  "The * is very old .",
  "Someone drew a * on the wall .",
  "There was a * in the garden .",
  "A small * stood near the door .",
  "Nobody looked at the * that day .",
  "The children found a * in the park .",
]);

/** Who owns a thing: `*` and `@` stand for the thing and the name. */
export const ownerSentence = "The owner of the * is @ .";

/** Further words: colours and numbers. */
const further = list(
  `red orange yellow green blue purple black white one two three four five six seven eight nine ten`,
);

const wordsOf = (sentences: readonly string[]) =>
  sentences.flatMap((sentence) => sentence.split(" ")).filter((word) =>
    word !== "*" && word !== "@"
  );

/** The word of an empty cell. */
export const blank = "\n";

/** Every word once; its index is the class that the vision tower is trained to tell. */
export const pageWords: readonly string[] = Object.freeze([
  ...new Set([
    blank,
    ...drawnObjects,
    ...pageThings,
    ...pageNames,
    ...wordsOf(pageFillers),
    ...wordsOf(objectFillers),
    ...wordsOf([ownerSentence]),
    ...further,
    ...list(". , : ? 0 1 2 3 4 5 6 7 8 9"),
  ]),
]);

const classes = new Map(pageWords.map((word, index) => [word, index]));

/**
 * The class of a word, or -1 where the vision tower cannot read it.
 *
 * @example
 * ```ts
 * import { pageWordClass, pageWords } from "./page_words.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(pageWords[pageWordClass("lantern")], "lantern");
 * assertEquals(pageWordClass("quark"), -1);
 * ```
 */
export function pageWordClass(word: string): number {
  return classes.get(word) ?? -1;
}

/**
 * The text of a word as it enters the tokenizer: with a space before it, except for punctuation, digits
 * and the empty cell, which are tokens of their own.
 */
export function tokenText(word: string): string {
  return /^[\p{L}]/u.test(word) ? ` ${word}` : word;
}
