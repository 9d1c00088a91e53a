/**
 * Needles in a haystack of text: who owns what, said once among sentences about other things. For
 * text-only language models, and for the text side of those with a vision tower.
 *
 * @module
 */
import { InputError } from "../../lib/common/errors.ts";
import type { Random } from "../../lib/stats/random.ts";
import type { Sample } from "../../lib/data/sample.ts";
import { sampleRandom, type Split } from "../synthetic/split.ts";

const list = (text: string): readonly string[] => Object.freeze(text.split(" "));

/** Things that are owned. */
const things = list(
  "lantern violin bicycle kettle compass ladder umbrella telescope blanket hammer suitcase mirror " +
    "basket camera guitar teapot anchor bucket candle carpet cradle drum feather globe hammock jar " +
    "kite locket map necklace oven painting quilt radio saddle trumpet vase wagon whistle clock",
);

/** Their owners. */
const names = list(
  "Tom Anna Peter Maria David Sarah James Emma Robert Alice Henry Laura Frank Julia Simon Clara " +
    "George Helen Martin Susan Paul Rachel Oliver Grace Victor Lucy Daniel Ruth Edward Mark Walter " +
    "Kate Philip Diana Oscar Martha Samuel Vera Arthur Judith",
);

/** What the haystack is made of; nobody owns anything here. */
export const fillerSentences: readonly string[] = Object.freeze([
  "The weather was mild and the streets were quiet.",
  "A bus stopped at the corner and nobody got off.",
  "The baker opened the shop early that morning.",
  "Children played in the park until the evening.",
  "The river was calm and the boats lay still.",
  "Somebody had left a newspaper on the bench.",
  "The bell in the tower rang at half past nine.",
  "A small dog slept in front of the door.",
  "The market sold apples, bread and cheese.",
  "Rain was expected for the following day.",
  "The library closed at six on Fridays.",
  "Two cyclists rode slowly up the hill.",
  "The train to the coast was late again.",
  "A painter stood on the bridge and looked at the water.",
  "The school had bought new desks in the spring.",
  "Snow still covered the roofs of the old houses.",
  "The cook tasted the soup and added some salt.",
  "A long queue waited outside the post office.",
  "The garden behind the church was full of roses.",
  "Nobody remembered when the fountain had last run dry.",
  "The ferry crossed the lake four times a day.",
  "An old song was playing in the café.",
  "The farmers talked about the harvest.",
  "A letter lay unopened on the kitchen table.",
  "The museum showed coins from three centuries.",
  "Wind moved the leaves of the tall trees.",
  "The shopkeeper counted the money twice.",
  "A grey cat watched the birds from the wall.",
  "The concert began a few minutes after eight.",
  "Workers repaired the road near the station.",
  "The doctor lived above the pharmacy.",
  "Most of the windows were dark by midnight.",
]);

/** What a sample is to be like. */
export interface TextNeedleOptions {
  /** Sentences that say who owns something, each about another thing and person; 1 to 12. */
  readonly needles: number;
  /** Sentences about other things. About ten tokens each. */
  readonly sentences: number;
  /** Which random stream: samples of one split never meet those of the other. */
  readonly split: Split;
}

function checkOptions({ needles, sentences }: TextNeedleOptions): void {
  const whole = (value: number, least: number, most: number) =>
    Number.isInteger(value) && value >= least && value <= most;
  if (!whole(needles, 1, 12)) {
    throw new InputError(`Cannot hide ${needles} needles: wanted 1 to 12`);
  }
  if (!whole(sentences, 0, 100_000)) {
    throw new InputError(`Cannot hide needles in ${sentences} sentences: wanted 0 to 100000`);
  }
}

/** Sentences of the haystack: no sentence again before all have been used. */
function haystack(random: Random, count: number): string[] {
  const sentences: string[] = [];
  while (sentences.length < count) {
    sentences.push(
      ...[...random.permutation(fillerSentences.length)].map((i) => fillerSentences[i]),
    );
  }
  return sentences.slice(0, count);
}

/**
 * One sample: sentences, and the question who the owner of one thing is. Its evidence are the
 * characters of the sentence that says so. A name alone and the whole sentence are right answers. The
 * null query asks for the owner of a thing that has none; foils are the sentences on other owners.
 *
 * @param seed any integer
 * @throws {InputError} for impossible numbers of needles or sentences
 *
 * @example
 * ```ts
 * import { textNeedle } from "./text_needles.ts";
 * import { assert } from "@std/assert";
 * const sample = textNeedle(7, { needles: 4, sentences: 8, split: "test" });
 * const [piece] = sample.evidence;
 * if (!("text" in piece)) throw new Error("no text");
 * const sentence = [...sample.context!].slice(...piece.text).join("");
 * assert(/^The owner of the \w+ is \w+\.$/.test(sentence));
 * ```
 */
export function textNeedle(seed: number, options: TextNeedleOptions): Sample {
  checkOptions(options);
  const { needles, sentences, split } = options;
  const domain = needles === 1 ? "text-needle" : `text-needles-${needles}`;
  const random = sampleRandom(split, `${domain}/${sentences}`, seed);
  const owned = [...random.choice(things.length, needles)].map((i) => things[i]);
  const owners = [...random.choice(names.length, needles)].map((i) => names[i]);
  const said = owned.map((thing, i) => `The owner of the ${thing} is ${owners[i]}.`);
  const text = haystack(random, sentences);
  for (const needle of said) text.splice(random.integer(text.length + 1), 0, needle);
  const asked = random.integer(needles);
  /** The characters of a sentence in the context. */
  const standsAt = (sentence: string): [number, number] => {
    const before = text.slice(0, text.indexOf(sentence)).map((other) => `${other} `).join("");
    const start = [...before].length;
    return [start, start + [...sentence].length];
  };
  const absent = things.filter((thing) => !owned.includes(thing));
  const missed = absent[random.fork("null query").integer(absent.length)];
  const foils = said.filter((_, i) => i !== asked)
    .map((sentence) => [{ text: standsAt(sentence) }]);
  const foilAnswers = owners.map((owner, i) => [owner, said[i]]).filter((_, i) => i !== asked);
  return {
    id: `${domain}-${sentences}-${split}-${seed}`,
    domain,
    context: text.join(" "),
    question: `Who is the owner of the ${owned[asked]}?`,
    answer: [owners[asked], said[asked]],
    evidence: [{ text: standsAt(said[asked]) }],
    null: `Who is the owner of the ${missed}?`,
    unrelated: "What does the text say about the weather?",
    ...(foils.length > 0 ? { foils, foilAnswers } : {}),
    ...(needles > 1 ? { chance: 1 / needles } : {}),
    images: [],
  };
}

/**
 * Several samples, with the seeds `first`, `first + 1`, …
 *
 * @param count how many
 * @throws {InputError} as {@link textNeedle}
 */
export function textNeedles(count: number, options: TextNeedleOptions, first = 0): Sample[] {
  return Array.from({ length: count }, (_, i) => textNeedle(first + i, options));
}
