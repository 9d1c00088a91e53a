/**
 * Texts that contradict what a language model knows: "The capital of France is Oslo." Asked to go on,
 * it can follow the text or its weights.
 *
 * @module
 */
import { InputError } from "../../lib/common/errors.ts";
import { sampleRandom, type Split } from "../synthetic/split.ts";
import { fillerSentences } from "./text_needles.ts";

/** A fact that weights may hold. */
export interface Fact {
  /** What it is about. */
  readonly country: string;
  /** Its capital. */
  readonly capital: string;
}

/** Countries and their capitals, named by a single word each and known by no other name. */
export const capitals: readonly Fact[] = Object.freeze(
  ("France Paris Germany Berlin Italy Rome Spain Madrid Portugal Lisbon Russia Moscow Japan Tokyo " +
    "China Beijing Egypt Cairo Greece Athens Poland Warsaw Austria Vienna Hungary Budapest " +
    "Norway Oslo Sweden Stockholm Finland Helsinki Denmark Copenhagen Ireland Dublin England London " +
    "Belgium Brussels Turkey Ankara Iran Tehran Iraq Baghdad Cuba Havana Peru Lima Chile Santiago " +
    "Kenya Nairobi Canada Ottawa Australia Canberra Thailand Bangkok Vietnam Hanoi Romania Bucharest " +
    "Bulgaria Sofia Serbia Belgrade Scotland Edinburgh Lebanon Beirut Syria Damascus Colombia Bogota " +
    "Nepal Kathmandu Afghanistan Kabul Indonesia Jakarta Pakistan Islamabad Nigeria Abuja Ghana Accra " +
    "Morocco Rabat Algeria Algiers Libya Tripoli Sudan Khartoum Uganda Kampala Zimbabwe Harare " +
    "Senegal Dakar Jamaica Kingston Ecuador Quito Uruguay Montevideo Venezuela Caracas " +
    "Croatia Zagreb Latvia Riga Lithuania Vilnius Estonia Tallinn Iceland Reykjavik Jordan Amman")
    .split(" ").reduce<Fact[]>((facts, word, i, words) => {
      if (i % 2 === 0) facts.push({ country: word, capital: words[i + 1] });
      return facts;
    }, []),
);

/** A fact, and a text that says otherwise. */
export interface ContradictedFact extends Fact {
  /** Unique among the facts of a split. */
  readonly id: string;
  /** The capital of another country, which the text gives it. */
  readonly said: string;
  /** The text. */
  readonly context: string;
  /** The sentence of the text that says so. */
  readonly sentence: string;
  /** The sentence that is begun. */
  readonly begun: string;
}

/** How a fact is asked for, without a text. */
export function begunFact({ country }: Pick<Fact, "country">): string {
  return `The capital of ${country} is`;
}

/**
 * Every fact with a text that gives its country the capital of another one, drawn among the facts.
 *
 * @param facts at least two
 * @param options how many sentences about other things stand before and behind the statement, together,
 * and which random stream
 * @throws {InputError} for fewer than two facts, or an impossible number of sentences
 *
 * @example
 * ```ts
 * import { capitals, contradictedFacts } from "./contradicted_facts.ts";
 * import { assert } from "@std/assert";
 * const [france] = contradictedFacts(capitals.slice(0, 4), { sentences: 2, split: "test" });
 * assert(france.context.includes(`The capital of France is ${france.said}.`));
 * assert(france.capital === "Paris" && france.said !== "Paris");
 * ```
 */
export function contradictedFacts(
  facts: readonly Fact[],
  { sentences, split }: { readonly sentences: number; readonly split: Split },
): ContradictedFact[] {
  if (facts.length < 2) {
    throw new InputError(`Cannot contradict ${facts.length} facts: 2 needed`);
  }
  if (!Number.isInteger(sentences) || sentences < 0 || sentences > fillerSentences.length) {
    throw new InputError(
      `Cannot hide a fact in ${sentences} sentences: wanted 0 to ${fillerSentences.length}`,
    );
  }
  return facts.map(({ country, capital }) => {
    const id = `capital-${sentences}-${split}-${country}`;
    const random = sampleRandom(split, id, 0);
    const others = facts.filter((other) => other.country !== country);
    const said = others[random.integer(others.length)].capital;
    const text = [...random.choice(fillerSentences.length, sentences)].map((i) =>
      fillerSentences[i]
    );
    const sentence = `${begunFact({ country })} ${said}.`;
    text.splice(Math.ceil(sentences / 2), 0, sentence);
    const context = text.join(" ");
    return { id, country, capital, said, sentence, context, begun: begunFact({ country }) };
  });
}
