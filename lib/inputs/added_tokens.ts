/**
 * Added tokens: texts that are cut out before the tokenizer's model sees the rest, each with its flags.
 *
 * The library cuts at every occurrence. Here a token that is a word by itself (`single_word`) is left
 * alone within words, white space that a token takes along (`lstrip`, `rstrip`) belongs to it, and tokens
 * that are looked for in normalised text (`normalized`) come second. Source: the Rust library tokenizers
 * 0.23, `tokenizer/added_vocabulary.rs`.
 * @module
 */
import type { Tokenizer as LibraryTokenizer } from "@huggingface/tokenizers";

/** An added token, as `tokenizer.json` has it. */
export interface AddedToken {
  /** Its text. */
  readonly content: string;
  /** Whether it counts only where no word goes on at its sides. */
  readonly single_word: boolean;
  /** Whether it takes the white space before it along. */
  readonly lstrip: boolean;
  /** The same after it. */
  readonly rstrip: boolean;
  /** Whether it is looked for after normalisation. */
  readonly normalized: boolean;
}

/** A stretch of a text: an added token, or what lies between. */
export interface AddedPiece {
  /** First character. */
  readonly start: number;
  /** End (exclusive). */
  readonly end: number;
  readonly token: AddedToken | null;
}

const wordBefore = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;
const wordAfter = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;
/** Whether a character is white space; all of these are single code units. */
const isSpace = (text: string, index: number) => /\p{White_Space}/u.test(text.charAt(index));

/**
 * Cuts a text at added tokens.
 *
 * @param text any text
 * @param tokens tokens by the text that is looked for
 * @param split cuts a text at every occurrence of these, the longest first, and keeps all pieces
 * @returns all stretches in order, without empty ones
 *
 * @example
 * ```ts
 * import { cutAtTokens } from "./added_tokens.ts";
 * import { assertEquals } from "@std/assert";
 * const flags = { single_word: true, lstrip: false, rstrip: false, normalized: false };
 * const tokens = new Map([["cat", { content: "cat", ...flags }]]);
 * const cut = cutAtTokens("cats, cat", tokens, (text) => text.split(/(cat)/));
 * assertEquals(cut.map(({ start, end, token }) => [start, end, token !== null]), [
 *   [0, 6, false],
 *   [6, 9, true],
 * ]);
 * ```
 */
export function cutAtTokens(
  text: string,
  tokens: ReadonlyMap<string, AddedToken>,
  split: (text: string) => readonly string[],
): AddedPiece[] {
  const pieces: AddedPiece[] = [];
  let at = 0, done = 0;
  const add = (start: number, end: number, token: AddedToken | null) => {
    if (start < end) pieces.push({ start, end, token });
  };
  for (const piece of split(text)) {
    let start = at, end = at + piece.length;
    at = end;
    const token = tokens.get(piece);
    if (!token) continue;
    const words = wordBefore.test(text.slice(Math.max(0, start - 2), start)) ||
      wordAfter.test(text.slice(end, end + 2));
    if (token.single_word && words) continue;
    if (token.lstrip) { while (start > done && isSpace(text, start - 1)) start--; }
    if (token.rstrip) { while (end < text.length && isSpace(text, end)) end++; }
    add(done, start, null);
    add(start, end, token);
    done = end;
  }
  add(done, text.length, null);
  return pieces;
}

/** A stretch of a text with its tokens. */
export interface TokenisedPiece extends AddedPiece {
  readonly tokens: readonly string[];
}

/** The parts of the library that are not in its types. */
interface LibraryParts {
  readonly splitter_unnormalized: object;
  readonly remove_space?: boolean;
  readonly do_lowercase_and_remove_accent?: boolean;
  encode_text(text: string | null): string[] | null;
}

/** A text in pieces: added tokens, and what the model makes of the rest. */
export class AddedTokenPipeline {
  readonly #library: LibraryTokenizer;
  readonly #raw: (text: string) => AddedPiece[];
  readonly #normalised: (text: string) => AddedPiece[];
  #last: { readonly text: string; readonly pieces: readonly TokenisedPiece[] } | null = null;

  /**
   * Takes over how a tokenizer of the library cuts texts, unless the file asks for steps that the library
   * does by itself (`remove_space` and the like).
   */
  constructor(library: LibraryTokenizer) {
    this.#library = library;
    const parts = library as unknown as LibraryParts;
    const Splitter = parts.splitter_unnormalized.constructor as new (
      texts: readonly string[],
    ) => { split(text: string): string[] };
    const cutter = (tokens: ReadonlyMap<string, AddedToken>) => {
      const splitter = new Splitter([...tokens.keys()]);
      return (text: string) => cutAtTokens(text, tokens, (own) => splitter.split(own));
    };
    const added = [...library.get_added_tokens_decoder().values()].filter(({ content }) => content);
    const { normalizer } = library;
    this.#raw = cutter(
      new Map(added.filter((token) => !token.normalized).map((token) => [token.content, token])),
    );
    this.#normalised = cutter(
      new Map(
        added.filter((token) => token.normalized)
          .map((token) => [normalizer ? normalizer(token.content) : token.content, token]),
      ),
    );
    if (parts.remove_space || parts.do_lowercase_and_remove_accent) return;
    parts.encode_text = (text) =>
      text === null ? null : this.#cut(text).flatMap(({ tokens }) => tokens);
  }

  /** The pieces of a text; those of the last one are kept. */
  pieces(text: string): readonly TokenisedPiece[] {
    return this.#last?.text === text ? this.#last.pieces : this.#cut(text);
  }

  #cut(text: string): readonly TokenisedPiece[] {
    const pieces = this.#raw(text).map((piece, index) => ({
      ...piece,
      tokens: piece.token
        ? [piece.token.content]
        : this.#tokens(text.slice(piece.start, piece.end), index),
    }));
    this.#last = { text, pieces };
    return pieces;
  }

  /** Tokens of a stretch without tokens that are looked for as they are. */
  #tokens(text: string, index: number): string[] {
    const { normalizer, pre_tokenizer, model } = this.#library;
    const normalised = normalizer ? normalizer(text) : text;
    return this.#normalised(normalised).flatMap(({ start, end, token }) => {
      if (token) return [token.content];
      const rest = normalised.slice(start, end);
      const words = pre_tokenizer ? pre_tokenizer(rest, { section_index: index }) : [rest];
      return model!(words);
    });
  }
}
