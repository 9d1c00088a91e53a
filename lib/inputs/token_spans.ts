/**
 * Which tokens of a prompt are what: the system's text, visual tokens, evidence, the question, the
 * answer.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import type { PlacedText } from "./prompt.ts";
import { gridLength, type PlacedGrid } from "./visual_grid.ts";

/** What a span of tokens is. */
export type SpanName = "system" | "visual" | "evidence" | "question" | "answer";

/** A half-open range of token indices. */
export type TokenSpan = readonly [start: number, end: number];

/** The spans of a prompt by name: ascending, without overlap or gaps of length 0. */
export type TokenSpans = Readonly<Record<SpanName, readonly TokenSpan[]>>;

/**
 * Token indices as spans.
 *
 * @param tokens indices in any order, possibly repeated
 *
 * @example
 * ```ts
 * import { spansOf, tokensOf } from "./token_spans.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(spansOf([7, 3, 2, 4]), [[2, 5], [7, 8]]);
 * assertEquals(tokensOf([[2, 5], [7, 8]]), [2, 3, 4, 7]);
 * ```
 */
export function spansOf(tokens: Iterable<number>): TokenSpan[] {
  const spans: [number, number][] = [];
  for (const token of [...tokens].sort((a, b) => a - b)) {
    const last = spans.at(-1);
    if (last && token <= last[1]) last[1] = Math.max(last[1], token + 1);
    else spans.push([token, token + 1]);
  }
  return spans;
}

/** The token indices of spans, ascending. */
export function tokensOf(spans: readonly TokenSpan[]): number[] {
  return spans.flatMap(([start, end]) => Array.from({ length: end - start }, (_, i) => start + i));
}

/**
 * Tokens whose characters overlap a stretch of text.
 *
 * @param offsets first and last character (exclusive) of each token, `[T, 2]`
 */
export function tokensInText(offsets: Int32Array, start: number, end: number): number[] {
  const found: number[] = [];
  for (let token = 0; 2 * token < offsets.length; token++) {
    const low = Math.max(start, offsets[2 * token]);
    if (low < Math.min(end, offsets[2 * token + 1])) found.push(token);
  }
  return found;
}

/** A stretch of text: string indices, half-open. */
export type TextRange = readonly [start: number, end: number];

/**
 * Where the question stands: the texts of the last user message, or one stretch of them.
 *
 * @param text the whole prompt
 * @param texts the messages' texts in it
 * @param question the question, where the message holds other text too (its last occurrence counts);
 *   an empty one stands nowhere
 * @throws {InputError} if `question` is not in the last user message
 */
export function questionRanges(
  text: string,
  texts: readonly PlacedText[],
  question?: string,
): TextRange[] {
  const message = Math.max(-1, ...texts.map((part) => part.role === "user" ? part.message : -1));
  const parts = texts.filter((part) => part.message === message);
  if (question === undefined) return parts.map(({ start, end }) => [start, end]);
  if (question === "") return [];
  for (const { start, end } of parts.toReversed()) {
    const at = text.slice(start, end).lastIndexOf(question);
    if (at >= 0) return [[start + at, start + at + question.length]];
  }
  throw new InputError(
    `Cannot find the question ${quoted(question)}: it is not a text of the last user message`,
  );
}

/** What spans are made of. */
export interface SpanSources {
  /** The messages' texts in the prompt. */
  readonly texts: readonly PlacedText[];
  /** Where the question stands. */
  readonly question: readonly TextRange[];
  /** Characters of each token, `[T, 2]`. */
  readonly offsets: Int32Array;
  /** Grids of visual tokens. */
  readonly grids: readonly PlacedGrid[];
}

/**
 * The spans of a prompt. `system` holds the texts of system messages, `visual` every visual token
 * (also those that only end lines), `answer` the texts of a last message by the assistant;
 * `evidence` stays empty (see `evidenceTokens`).
 */
export function findSpans({ texts, question, offsets, grids }: SpanSources): TokenSpans {
  const inRanges = (ranges: readonly TextRange[]) =>
    spansOf(new Set(ranges.flatMap(([start, end]) => tokensInText(offsets, start, end))));
  const last = Math.max(-1, ...texts.map(({ message }) => message));
  const role = (wanted: (text: PlacedText) => boolean) =>
    inRanges(texts.filter(wanted).map(({ start, end }) => [start, end]));
  return {
    system: role((text) => text.role === "system"),
    visual: spansOf(
      grids.flatMap((grid) => tokensOf([[grid.start, grid.start + gridLength(grid)]])),
    ),
    evidence: [],
    question: inRanges(question),
    answer: role((text) => text.role === "assistant" && text.message === last),
  };
}
