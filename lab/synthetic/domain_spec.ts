/**
 * What makes one synthetic domain differ from the next: its sections, its look, its questions.
 *
 * @module
 */
import type { Random } from "../../lib/stats/random.ts";
import type { Theme } from "./board.ts";
import type { FactSections } from "./facts.ts";
import type { DomainName, TaskVariety } from "./options.ts";
import type { Section } from "./vocabulary.ts";

/** Ways to ask; `{k}` stands for the key. */
export interface QuestionTemplates {
  /** A question word and the key. */
  readonly short: string;
  /** Sentences of the same meaning; the first is the usual one. */
  readonly sentences: readonly [string, ...string[]];
  /** Between the two words of a two-word key. */
  readonly between: string;
}

/** One domain as data; every domain is asked and drawn by the same code. */
export interface DomainSpec {
  /** Its name in data sets. */
  readonly name: DomainName;
  /** One sentence for a person: what is shown and asked. */
  readonly description: string;
  /** Whether its images are images in order or frames of one video. */
  readonly media: "images" | "video";
  /** Look of the background. */
  readonly theme: Theme;
  /** Sections of keys and answers under a variety. */
  sections(variety: TaskVariety): FactSections;
  /** Questions under a variety. */
  templates(variety: TaskVariety): QuestionTemplates;
  /** Sections of words that may stand about as clutter, never that of the keys. */
  readonly clutter: readonly Section[];
}

/**
 * A key in words, as questions name it.
 *
 * @param templates the domain's ways to ask
 * @param key the key in words, two of them for a two-word key
 * @param variety how to ask
 */
export function keyPhrase(
  { between }: QuestionTemplates,
  key: readonly string[],
  { questionStyle }: TaskVariety,
): string {
  return key.join(questionStyle === "key" || questionStyle === "short" ? " " : between);
}

/**
 * The wording of a question, with `{k}` for the key.
 *
 * @param templates the domain's ways to ask
 * @param variety how to ask
 * @param random chooses among several sentences
 */
export function wordingFor(
  { sentences, short }: QuestionTemplates,
  { questionStyle }: TaskVariety,
  random: Random,
): string {
  if (questionStyle === "key") return "{k}";
  if (questionStyle === "short") return short;
  return sentences[questionStyle === "sentence" ? 0 : random.integer(sentences.length)];
}
