/**
 * Steps before and after a tokenizer's model, where the library differs from Hugging Face's tokenizers:
 * `Split` by any behaviour, what counts as a word or as white space, and a byte order mark in bytes.
 *
 * Source: tokenizers 0.23 `pre_tokenizers/split.rs`, `pre_tokenizers/whitespace.rs`,
 * `normalizers/strip.rs`, `tokenizer/normalizer.rs` (`SplitDelimiterBehavior`).
 * @module
 */
import { isRecord } from "../common/values.ts";

/** A step of the library, a function with properties. */
interface Step {
  readonly pattern?: RegExp | null;
  readonly tokenizers?: readonly Step[];
  readonly normalizers?: readonly Step[];
  readonly decoders?: readonly Step[];
  text_decoder?: TextDecoder;
  pre_tokenize_text?: (text: string) => string[];
  normalize?: (text: string) => string;
}

/** A stretch of a text, and whether the expression matched it. */
interface Stretch {
  readonly text: string;
  readonly match: boolean;
}

/** A text as stretches that an expression matches and those between. */
function stretches(text: string, pattern: RegExp): Stretch[] {
  const found: Stretch[] = [];
  let end = 0;
  const add = (start: number, stop: number, match: boolean) => {
    if (start < stop) found.push({ text: text.slice(start, stop), match });
  };
  for (const match of text.matchAll(pattern)) {
    add(end, match.index, false);
    add(match.index, match.index + match[0].length, true);
    end = match.index + match[0].length;
  }
  add(end, text.length, false);
  return found;
}

/** What becomes of the stretches that match, by the name of the behaviour. */
const behaviours: Readonly<Record<string, (found: readonly Stretch[]) => string[]>> = {
  removed: (found) => found.filter(({ match }) => !match).map(({ text }) => text),
  isolated: (found) => found.map(({ text }) => text),
  contiguous: (found) => joined(found, (before, after) => before.match === after.match),
  mergedwithprevious: (found) => joined(found, (before, after) => !before.match && after.match),
  mergedwithnext: (found) => joined(found, (before, after) => before.match && !after.match),
};

/** Stretches as texts, neighbours joined where `join` says so of the two. */
function joined(
  found: readonly Stretch[],
  join: (before: Stretch, after: Stretch) => boolean,
): string[] {
  const texts: string[] = [];
  found.forEach((stretch, i) => {
    if (i > 0 && join(found[i - 1], stretch)) texts[texts.length - 1] += stretch.text;
    else texts.push(stretch.text);
  });
  return texts;
}

/** The expression of a `Split`: that of the library, or a plain text looked for as it is. */
function patternOf({ pattern }: Record<string, unknown>, step: Step): RegExp | null {
  if (isRecord(pattern) && typeof pattern.String === "string") {
    return pattern.String === "" ? null : new RegExp(RegExp.escape(pattern.String), "gu");
  }
  return step.pattern ?? null;
}

/** Cuts a text as a `Split` says; null where it says nothing that is known. */
function splitting(json: Record<string, unknown>, step: Step): Step["pre_tokenize_text"] | null {
  const name = String(json.behavior).replaceAll("_", "").toLowerCase();
  const pattern = patternOf(json, step);
  if (pattern === null || !Object.hasOwn(behaviours, name)) return null;
  return (text) => {
    const found = stretches(text, pattern);
    return behaviours[name](
      json.invert === true ? found.map((one) => ({ ...one, match: !one.match })) : found,
    );
  };
}

const word = String.raw`[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]`;
const words = new RegExp(`${word}+|(?:(?!${word})\\P{White_Space})+`, "gu");
const unspaced = /\P{White_Space}+/gu;

/**
 * Corrects the steps that the library takes otherwise.
 *
 * @param json `pre_tokenizer`, `normalizer` or `decoder` of `tokenizer.json`
 * @param step what the library made of it
 */
export function correctSteps(json: unknown, step: unknown): void {
  if (!isRecord(json) || typeof step !== "function") return;
  const own = step as unknown as Step;
  const inner = json.pretokenizers ?? json.normalizers ?? json.decoders;
  const parts = own.tokenizers ?? own.normalizers ?? own.decoders ?? [];
  if (Array.isArray(inner)) inner.forEach((part, i) => correctSteps(part, parts[i]));
  if (json.type === "Split") {
    const split = splitting(json, own);
    if (split) own.pre_tokenize_text = split;
  } else if (json.type === "Whitespace") {
    own.pre_tokenize_text = (text) => text.match(words) ?? [];
  } else if (json.type === "WhitespaceSplit") {
    own.pre_tokenize_text = (text) => text.match(unspaced) ?? [];
  } else if (json.type === "ByteFallback") {
    own.text_decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  } else if (json.type === "Strip" && "strip_left" in json) { // no decoder of that name
    own.normalize = (text) => {
      const left = json.strip_left === true ? text.replace(/^\p{White_Space}+/u, "") : text;
      return json.strip_right === true ? left.replace(/\p{White_Space}+$/u, "") : left;
    };
  }
}
