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
 * The question for a key.
 *
 * @param templates the domain's ways to ask
 * @param key the key in words, two of them for a two-word key
 * @param variety how to ask
 * @param random chooses among several sentences
 */
export function askFor(
  templates: QuestionTemplates,
  key: readonly string[],
  variety: TaskVariety,
  random: Random,
): string {
  const { sentences, short, between } = templates;
  const style = variety.questionStyle;
  const phrase = style === "key" || style === "short" ? key.join(" ") : key.join(between);
  if (style === "key") return phrase;
  const pattern = style === "short"
    ? short
    : sentences[style === "sentence" ? 0 : random.integer(sentences.length)];
  return pattern.replace("{k}", phrase);
}
