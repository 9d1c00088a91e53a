/**
 * Regular expressions of a stranger's `tokenizer.json`, run in bounded time.
 *
 * An expression such as `(\w+\s?)+!` takes time that doubles with each letter, and nothing can end a
 * match that has begun. So a text is first tried in growing pieces, and refused as soon as the time
 * grows out of proportion. Expressions that published tokenizers use are known to be harmless on
 * texts of ordinary length and run at once.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";

/** Expressions of published tokenizers: Qwen, GPT-2, LLaMA 3, GPT-4o, DeepSeek, digits, spaces. */
const known = new Set([
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "[\\p{L}\\p{N}]+|[^\\s\\p{L}\\p{N}]",
  "\\p{N}{1,3}",
  "\\p{N}",
  "\\d",
  "[0-9]",
  " ",
  " {2,}",
]);

/** Longest text that known expressions get at once, in characters. */
const knownLength = 1 << 14;
/** Longest text for expressions that may take exponential time. */
const nestedLength = 1 << 13;
/** A run is refused when the next one might take longer than this, in milliseconds. */
const longest = 3000;
/** How many times longer the next piece may take than the one before. */
const growth = 16;

/** All regular expressions in a part of `tokenizer.json`. */
export function expressionsIn(part: unknown): string[] {
  if (typeof part !== "object" || part === null) return [];
  return Object.entries(part).flatMap(([key, value]) =>
    key === "Regex" && typeof value === "string" ? [value] : expressionsIn(value)
  );
}

/**
 * Whether an expression repeats a group of varying content, or refers back to one: only then can
 * its time grow exponentially.
 *
 * @example
 * ```ts
 * import { isNested } from "./expression_guard.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(isNested("(\\w+\\s?)+!"), true);
 * assertEquals(isNested("\\p{L}+|(?=(?:\\d{3})*$)"), false);
 * ```
 */
export function isNested(expression: string): boolean {
  // classes and escapes become one letter; then only groups, bars and quantifiers are left
  const plain = expression
    .replace(/\\[pP]\{[^}]*\}|\\[xu](?:\{[^}]*\}|[0-9A-Fa-f]{2,4})/g, "a")
    .replace(/\\[1-9]|\\k/g, "\u0000")
    .replace(/\\[^]/g, "a")
    .replace(/\[(?:[^[\]]|\[[^\]]*\])*\]/g, "a");
  if (plain.includes("\u0000")) return true;
  const varies: boolean[] = [false];
  for (let i = 0; i < plain.length; i++) {
    const letter = plain[i];
    if (letter === "(") {
      varies.push(false);
      const opening = /^\(\?(?:[imsx-]*:|<?[=!]|>|<\w+>|P<\w+>)/.exec(plain.slice(i, i + 64));
      if (opening) i += opening[0].length - 1;
    } else if (letter === ")") {
      const inner = varies.pop()!;
      if (varies.length === 0) return true; // brackets that do not fit: not understood
      const repeated = /^(?:[*+]|\{\d*,\d*\}|\{(?:[2-9]|\d\d+)\})/.test(plain.slice(i + 1, i + 16));
      if (inner && repeated) return true;
      varies[varies.length - 1] ||= inner;
    } else if (/[*+?|]/.test(letter) || letter === "{" && /^\{\d*,/.test(plain.slice(i, i + 8))) {
      varies[varies.length - 1] = true;
    }
  }
  return varies.length !== 1;
}

/**
 * The beginnings of a text, each a quarter longer than the one before: a chain of repetitions, whose
 * time grows with a high power of the length, shows while it is still short.
 */
function* growingPieces(text: string): Generator<string> {
  for (let length = 8; length < text.length; length += Math.max(1, length >> 2)) {
    yield text.slice(0, length);
  }
}

/** Pieces as they are, and with a letter behind them at which a match of all of it fails. */
function* failingToo(pieces: Iterable<string>): Generator<string> {
  for (const piece of pieces) {
    yield piece;
    yield `${piece}\u0001`;
  }
}

/** The beginnings of a text, each twice as long as the one before. */
function* doubledPieces(text: string): Generator<string> {
  for (let length = 64; length < text.length; length *= 2) yield text.slice(0, length);
}

/**
 * Pieces that grow so slowly that time which doubles with each letter, or with each few, shows in
 * one piece before it is lost in the next: of each stretch of 64 letters every beginning, then the
 * beginnings of the text.
 */
function* smallPieces(text: string): Generator<string> {
  const stretch = 64;
  for (let first = 0; first < text.length; first += stretch / 2) {
    const part = text.slice(first, first + stretch);
    for (let length = 1; length <= part.length; length++) yield part.slice(0, length);
  }
  for (let length = stretch; length < text.length; length += Math.max(16, length >> 6)) {
    yield text.slice(0, length);
  }
}

/** How a tokenizer's expressions are run. */
export class ExpressionGuard {
  readonly #known: boolean;
  readonly #nested: string | undefined;

  /**
   * Looks at the expressions of a `tokenizer.json`.
   *
   * @param expressions see {@link expressionsIn}
   */
  constructor(expressions: readonly string[]) {
    this.#known = expressions.every((expression) => known.has(expression));
    this.#nested = expressions.find((expression) => !known.has(expression) && isNested(expression));
  }

  /**
   * Tries `run` on growing pieces of a text, unless it is known to be fast.
   *
   * @param run what will be done with the whole text
   * @throws {InputError} if its time grows out of proportion
   */
  check(text: string, run: (piece: string) => unknown): void {
    if (this.#known && text.length <= knownLength) return;
    const nested = this.#nested;
    if (nested !== undefined && text.length > nestedLength) {
      throw new InputError(
        `Cannot encode a text of ${text.length} characters: the expression ${quoted(nested)} of ` +
          `tokenizer.json may take for ever; at most ${nestedLength} characters are tried with it`,
      );
    }
    let best = Infinity, total = 0;
    const timed = (piece: string) => {
      const start = performance.now();
      run(piece);
      const time = performance.now() - start;
      total += time;
      return time;
    };
    const pieces = this.#known
      ? doubledPieces(text)
      : failingToo(nested === undefined ? growingPieces(text) : smallPieces(text));
    for (const piece of pieces) {
      const { length } = piece;
      const steep = (time: number) => growth * time > longest && time / length > 8 * best;
      let time = timed(piece);
      // a pause of the machine is no growth: it does not come twice
      if (steep(time)) time = Math.min(time, timed(piece));
      if (steep(time) || nested !== undefined && total > longest && time / length > 3 * best) {
        throw new InputError(
          `Cannot encode ${quoted(text, 60)}: the expressions of tokenizer.json take ` +
            `${(total / 1000).toFixed(1)} s for ${length} of its characters, and ever longer`,
        );
      }
      best = Math.min(best, time / length);
    }
  }
}
