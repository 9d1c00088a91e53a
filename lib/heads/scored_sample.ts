/**
 * A sample as the head scores see it: model inputs, and which tokens are question, evidence and
 * context.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import { spansOf, tokensOf, type TokenSpan, type TokenSpans } from "../inputs/token_spans.ts";
import type { PlacedGrid } from "../inputs/visual_grid.ts";
import type { ModelInputs } from "../model/model_inputs.ts";

/** One sample, ready for a model. */
export interface HeadSample {
  /** Unique in its data set. */
  readonly id: string;
  /** Name of the domain, e.g. `scene`. */
  readonly domain: string;
  /** The prompt. */
  readonly inputs: ModelInputs;
  /** Its parts. */
  readonly spans: TokenSpans;
  /** Grids of its visual tokens; rules on the layout of the attention need them. */
  readonly grids?: readonly PlacedGrid[];
  /**
   * Tokens of the null query, which takes the question's place after the same context: it asks for what
   * is not there, or for nothing. Calibrated scores need them.
   */
  readonly nullQuery?: Int32Array;
  /** Tokens of a question that has nothing to do with the evidence, in the same place. */
  readonly unrelatedQuestion?: Int32Array;
  /** Foils: tokens of the evidence's kind that answer other questions. */
  readonly foilSpans?: readonly TokenSpan[];
}

/** The tokens of a sample by role: ascending indices into the prompt. */
export interface SampleTokens {
  /** Question tokens. */
  readonly question: readonly number[];
  /** Tokens that hold what the answer needs. */
  readonly evidence: readonly number[];
  /** Tokens of foils, without those of the evidence; none where the sample has no foils. */
  readonly foils: readonly number[];
  /** Visual tokens. */
  readonly visual: readonly number[];
  /**
   * Tokens among which the evidence is sought: all visual tokens and the evidence; where nothing is
   * visual, all tokens before the question that are not of the system message.
   */
  readonly context: readonly number[];
  /** The last token of the prompt, from which the answer's first token is predicted. */
  readonly promptEnd: number;
}

/** Indices of spans that may overlap, ascending, each once. */
function indicesOf(spans: readonly TokenSpan[]): number[] {
  return tokensOf(spansOf(tokensOf(spans)));
}

/**
 * Finds the tokens of a sample by role and checks that it can be scored.
 *
 * @throws {InputError} naming the sample, if it has no question tokens or no evidence tokens, if a
 * span leaves the prompt, if evidence or a foil lies outside of the image and of the question's context, or
 * behind the question, where no question token can see it
 *
 * @example
 * ```ts
 * import { sampleTokens } from "./scored_sample.ts";
 * import { assertEquals } from "@std/assert";
 * const tokens = sampleTokens({
 *   id: "s1",
 *   domain: "scene",
 *   inputs: {
 *     inputIds: new Int32Array(9),
 *     positionIds: new Int32Array(9),
 *     nextPosition: 9,
 *     media: {},
 *   },
 *   spans: { system: [], visual: [[1, 5]], evidence: [[2, 4]], question: [[6, 8]], answer: [] },
 * });
 * assertEquals(tokens.context, [1, 2, 3, 4]);
 * ```
 */
export function sampleTokens(sample: HeadSample): SampleTokens {
  const tokens = sample.inputs.inputIds.length;
  const name = `sample ${quoted(sample.id)}`;
  for (const [part, runs] of Object.entries({ ...sample.spans, foil: sample.foilSpans ?? [] })) {
    for (const [start, end] of runs) {
      if (Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start <= end) {
        if (end <= tokens) continue;
      }
      throw new InputError(
        `Cannot score ${name}: its ${part} tokens ${start} to ${end} leave the prompt, which has ` +
          `tokens 0 to ${tokens - 1}`,
      );
    }
  }
  const { spans } = sample;
  const question = indicesOf(spans.question);
  const evidence = indicesOf(spans.evidence);
  const visual = indicesOf(spans.visual);
  if (question.length === 0) {
    throw new InputError(`Cannot score ${name}: its question has no tokens`);
  }
  if (evidence.length === 0) {
    throw new InputError(`Cannot score ${name}: its evidence has no tokens, wanted at least 1`);
  }
  const other = new Set(indicesOf([...spans.system, ...spans.question, ...spans.answer]));
  const visualSet = new Set(visual);
  const stray = evidence.find((token) => other.has(token) && !visualSet.has(token));
  if (stray !== undefined) {
    throw new InputError(
      `Cannot score ${name}: its evidence token ${stray} lies outside of the image and of the ` +
        "question's context",
    );
  }
  const last = question[question.length - 1];
  const behind = evidence.find((token) => token >= last);
  if (behind !== undefined) {
    throw new InputError(
      `Cannot score ${name}: its evidence token ${behind} does not stand before the question's ` +
        `last token ${last}, so the question cannot see it`,
    );
  }
  const own = new Set(evidence);
  const foils = indicesOf(sample.foilSpans ?? []).filter((token) => !own.has(token));
  const unseen = foils.find((token) =>
    token >= last || (other.has(token) && !visualSet.has(token))
  );
  if (unseen !== undefined) {
    throw new InputError(
      `Cannot score ${name}: its foil token ${unseen} is not of the image or of the question's ` +
        "context, before the question's last token",
    );
  }
  const context = visual.length > 0
    ? indicesOf([...spans.visual, ...spans.evidence])
    : Array.from({ length: question[0] }, (_, i) => i).filter((i) => !other.has(i));
  return { question, evidence, foils, visual, context, promptEnd: tokens - 1 };
}
