import type { Tokens } from "../../lab/pages/headed_sections.ts";

/** A tokenizer of a few tokens: the longest that a text begins with, or one character. */
export function fewTokens(vocabulary: readonly string[]): Tokens {
  const encode = (text: string): number[] => {
    if (text === "") return [];
    const at = vocabulary.findIndex((token) => text.startsWith(token));
    const length = at < 0 ? 1 : vocabulary[at].length;
    return [at < 0 ? 1000 + text.charCodeAt(0) : at, ...encode(text.slice(length))];
  };
  return {
    encode,
    decode: (ids) =>
      ids.map((id) => id < 1000 ? vocabulary[id] ?? "" : String.fromCharCode(id - 1000)).join(""),
  };
}
