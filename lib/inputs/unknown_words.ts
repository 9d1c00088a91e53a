/**
 * Words that a tokenizer with a closed vocabulary does not know.
 *
 * @module
 */
import type { PreparedPrompt } from "./processor.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** A word, or a sign by itself. */
const wordPattern = /[\p{L}\p{N}\p{M}]+|[^\s\p{L}\p{N}\p{M}]/gu;

/**
 * Words of a prompt's question in whose place the model sees the token for unknown text, each once.
 *
 * @example
 * ```ts
 * import { unknownWordsOf } from "./unknown_words.ts";
 * import { fromPretrained } from "../families/pretrained.ts";
 * import { assertEquals } from "@std/assert";
 * using model = await fromPretrained("mini");
 * const prompt = await model.prepare([{ role: "user", content: "where is the grand total?" }]);
 * assertEquals(unknownWordsOf(prompt, model.processor.tokenizer), ["grand", "total"]);
 * ```
 */
export function unknownWordsOf(
  { inputIds, text, question }: Pick<PreparedPrompt, "inputIds" | "text" | "question">,
  tokenizer: Tokenizer,
): string[] {
  const unknown = tokenizer.unknownId;
  if (unknown === null || !inputIds.includes(unknown)) return [];
  const words = question.flatMap(([start, end]) => text.slice(start, end).match(wordPattern) ?? []);
  return [...new Set(words)].filter((word) => tokenizer.encode(word).includes(unknown));
}

/** What to tell of unknown words, in one line; null where there are none. */
export function unknownWordsLine(words: readonly string[]): string | null {
  if (words.length === 0) return null;
  const shown = words.slice(0, 8).map((word) => JSON.stringify(word)).join(", ");
  const more = words.length > 8 ? ` and ${words.length - 8} more` : "";
  return `the model does not know ${shown}${more}: its vocabulary is closed, and it answers as if ` +
    "another word stood there";
}
