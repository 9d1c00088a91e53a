/**
 * Which characters of a text each token holds.
 *
 * The tokenizer library gives no offsets, so they are found from the tokens themselves: token strings
 * become bytes (byte-level alphabet, or `<0x..>` pieces), bytes become characters, and these are laid
 * beside the text, which differs from them by normalisation only.
 *
 * @module
 */

/** How token strings stand for text. */
export interface TokenSpelling {
  /** Whether each character stands for one byte (GPT-2's byte-level alphabet). */
  readonly byteLevel: boolean;
  /** Whether a token string is an added token, which is matched as it is. */
  isAdded(token: string): boolean;
}

/** Byte of each character of GPT-2's byte-level alphabet. */
const byteOfCharacter: ReadonlyMap<string, number> = (() => {
  const map = new Map<string, number>();
  let next = 256;
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
    map.set(String.fromCharCode(printable ? byte : next++), byte);
  }
  return map;
})();

const encoder = new TextEncoder();

/** Bytes of one token, "▁" counting as a space. */
function tokenBytes(token: string, byteLevel: boolean): readonly number[] | Uint8Array {
  if (byteLevel) return Array.from(token, (character) => byteOfCharacter.get(character) ?? 63);
  const single = /^<0x([0-9A-Fa-f]{2})>$/.exec(token);
  return single ? [parseInt(single[1], 16)] : encoder.encode(token.replaceAll("\u2581", " "));
}

/** Bytes of a code point in UTF-8. */
function utf8Length(code: number): number {
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

/** A character of the tokens' text and the tokens that hold parts of it. */
interface SpelledCharacter {
  readonly text: string;
  readonly first: number;
  readonly last: number;
}

/** Characters spelled by tokens `from` to `to` (exclusive). */
function spell(
  tokens: readonly string[],
  from: number,
  to: number,
  byteLevel: boolean,
): SpelledCharacter[] {
  const bytes: number[] = [], owners: number[] = [];
  for (let token = from; token < to; token++) {
    for (const byte of tokenBytes(tokens[token], byteLevel)) {
      bytes.push(byte);
      owners.push(token);
    }
  }
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes));
  const characters: SpelledCharacter[] = [];
  let at = 0;
  for (const character of text) {
    const length = utf8Length(character.codePointAt(0)!);
    characters.push({ text: character, first: owners[at], last: owners[at + length - 1] });
    at += length;
  }
  return at === bytes.length ? characters : []; // not UTF-8: no characters to lay beside the text
}

/** A base character with its combining marks, or Hangul letters: what NFC may join. */
const clusters = /[\u1100-\u11ff]+\p{M}*|[\uac00-\ud7a3][\u11a8-\u11ff]+|\P{M}\p{M}*|\p{M}+/uy;

/** Forms in which a normalizer may have left a piece of text, as it is first. */
function forms(text: string, byteLevel: boolean): string[] {
  const spaced = byteLevel ? text : text.replaceAll("\u2581", " ");
  return [spaced, spaced.normalize("NFC"), spaced.normalize("NFKC"), spaced.toLowerCase()];
}

/**
 * Lays one stretch of text, without added tokens, beside the characters that its tokens spell.
 *
 * @param start where the stretch begins
 * @param cover told which token holds which characters
 * @returns whether everything found its place
 */
function alignSection(
  text: string,
  start: number,
  characters: readonly SpelledCharacter[],
  byteLevel: boolean,
  cover: (token: number, from: number, to: number) => void,
): boolean {
  let at = 0;
  // A space that the tokenizer puts in front of the text belongs to no character.
  if (characters[0]?.text === " ") {
    const rest = characters.slice(1).map((c) => c.text).join("");
    if (forms(text, byteLevel).includes(rest)) at = 1;
  }
  const matches = (form: readonly string[]) =>
    form.every((character, i) => characters[at + i]?.text === character);
  const advance = (count: number, from: number, to: number) => {
    for (const end = at + count; at < end; at++) {
      const { first, last } = characters[at];
      for (let token = first; token <= last; token++) cover(token, from, to);
    }
  };
  for (let i = 0; i < text.length;) {
    const plain = text.charCodeAt(i) < 0x80 && !(text.charCodeAt(i + 1) >= 0x300);
    if (plain && characters[at]?.text === text[i]) {
      advance(1, start + i, start + ++i);
      continue;
    }
    clusters.lastIndex = i;
    const cluster = clusters.exec(text)![0], from = start + i;
    i += cluster.length;
    const [raw, ...joined] = forms(cluster, byteLevel).map((form) => Array.from(form));
    if (matches(raw)) { // character by character
      let own = from;
      for (const character of raw) advance(1, own, own += character.length);
      continue;
    }
    const form = joined.find(matches);
    if (form) advance(form.length, from, start + i);
    else if (!/^\s/.test(cluster)) return false; // white space may be stripped beside added tokens
  }
  return at === characters.length;
}

/**
 * First and last character (exclusive) of every token, `[T, 2]`, as string indices into `text`.
 *
 * A token that holds only some bytes of a character counts as holding it whole; so does one that
 * holds a part of what normalisation joined. Where tokens cannot be laid beside the text (unknown
 * characters), each token of that stretch between added tokens gets the whole stretch. Tokens
 * without characters get an empty range.
 *
 * @param text what was encoded
 * @param tokens token strings in order, without those that the tokenizer adds around the text
 *
 * @example
 * ```ts
 * import { tokenOffsets } from "./token_offsets.ts";
 * import { assertEquals } from "@std/assert";
 * const spelling = { byteLevel: true, isAdded: (token: string) => token === "<end>" };
 * const offsets = tokenOffsets("na\u00efve<end>", ["na", "\u00c3", "\u00afve", "<end>"], spelling);
 * assertEquals([...offsets], [0, 2, 2, 3, 2, 5, 5, 10]); // the two bytes of "ï" lie in two tokens
 * ```
 */
export function tokenOffsets(
  text: string,
  tokens: readonly string[],
  spelling: TokenSpelling,
): Int32Array {
  const offsets = new Int32Array(2 * tokens.length).fill(-1);
  const cover = (token: number, from: number, to: number) => {
    const start = offsets[2 * token];
    offsets[2 * token] = start < 0 ? from : Math.min(start, from);
    offsets[2 * token + 1] = Math.max(offsets[2 * token + 1], to);
  };
  let cursor = 0, sectionStart = 0;
  for (let token = 0; token <= tokens.length; token++) {
    const content = tokens[token];
    const end = token === tokens.length
      ? text.length
      : spelling.isAdded(content)
      ? text.indexOf(content, cursor)
      : -1;
    if (end < 0) continue;
    if (sectionStart < token) {
      const section = text.slice(cursor, end);
      const characters = spell(tokens, sectionStart, token, spelling.byteLevel);
      if (!alignSection(section, cursor, characters, spelling.byteLevel, cover)) {
        for (let i = sectionStart; i < token; i++) cover(i, cursor, end);
      }
    }
    if (token < tokens.length) cover(token, end, end + content.length);
    cursor = end + (content?.length ?? 0);
    sectionStart = token + 1;
  }
  for (let token = 0; token < tokens.length; token++) {
    if (offsets[2 * token] >= 0) continue;
    offsets[2 * token] = offsets[2 * token + 1] = token > 0 ? offsets[2 * token - 1] : 0;
  }
  return offsets;
}
