/**
 * Questions about owners as plain text to be gone on with: sentences, then "The owner of the map is".
 * No chat template stands between the question and the answer, so the question's last token is the one
 * that predicts the name.
 *
 * With several owners the answer cannot be right by copying the only name. The null query is the same
 * sentence about a thing that nobody owns, foils are the sentences on the other owners.
 *
 * @module
 */
import { InputError } from "../../lib/common/errors.ts";
import type { PretrainedModel } from "../../lib/families/pretrained.ts";
import { tokensOf, type TokenSpan } from "../../lib/inputs/token_spans.ts";
import type { HeadSample } from "../../lib/heads/scored_sample.ts";
import type { AblationSample } from "../../lib/experiments/ablate_heads.ts";
import type { LazyHeadSample } from "../../lib/experiments/find_heads.ts";
import type { LazySample } from "../../lib/experiments/lazy_sample.ts";
import { lazily } from "../../lib/experiments/samples.ts";
import type { Sample } from "../../lib/data/sample.ts";
import { begunText } from "./begun_text.ts";

/** A prompt that ends where the name must follow, for scores and for ablation alike. */
export type OwnerCompletion = HeadSample & Omit<AblationSample, "judge" | "scores"> & {
  /** Tokens of each foil. */
  readonly foilTokens: readonly (readonly number[])[];
};

/** "Who is the owner of the map?" as the beginning of its answer; other questions as they are. */
export function asStatement(question: string): string {
  const asked = /^Who is (the owner of the .+)\?$/.exec(question);
  return asked ? `T${asked[1].slice(1)} is` : question;
}

/** First and last character (exclusive) of pieces of the context, as indices of its string. */
function charactersOf(context: string, pieces: Sample["evidence"]): [number, number][] {
  const characters = [...context];
  return pieces.flatMap((piece) => {
    if (!("text" in piece) || !piece.text) return [];
    const [start, end] = piece.text;
    const before = characters.slice(0, start).join("").length;
    return [[before, before + characters.slice(start, end).join("").length] as [number, number]];
  });
}

/**
 * A text needle as such a prompt ({@link begunText}).
 *
 * @throws {InputError} for a model whose texts begin with no known token, and a sample without text
 *
 * @example
 * ```ts
 * import { ownerCompletion } from "./owner_completion.ts";
 * import { textNeedle } from "../pages/text_needles.ts";
 * import { fromPretrained } from "../../lib/families/pretrained.ts";
 * import { assertMatch } from "@std/assert";
 * using model = await fromPretrained("tests/golden/gguf/tiny-qwen2.gguf");
 * const sample = textNeedle(1, { needles: 4, sentences: 2, split: "test" });
 * const { inputs } = ownerCompletion(model, sample);
 * assertMatch(model.processor.tokenizer.decode(inputs.inputIds), /\nThe owner of the \w+ is$/);
 * ```
 */
export function ownerCompletion(
  { processor: { tokenizer } }: PretrainedModel,
  sample: Sample,
): OwnerCompletion {
  const { id, domain, context, question, answer } = sample;
  if (context === undefined || typeof answer === "string") {
    throw new InputError(`Cannot complete sample "${id}": wanted a text needle`);
  }
  const { inputs, tokens, begun: [[start, end]] } = begunText(
    tokenizer,
    context,
    asStatement(question),
  );
  const other = (asked?: string) => {
    if (asked === undefined) return undefined;
    const { inputs: { inputIds }, begun: [[from, to]] } = begunText(
      tokenizer,
      context,
      asStatement(asked),
    );
    if (from === start) return inputIds.slice(from, to);
    throw new InputError(`Cannot ask "${asked}" after sample "${id}": it shares no context`);
  };
  const tokensOfPieces = (pieces: Sample["evidence"]): TokenSpan[] =>
    charactersOf(context, pieces).flatMap(([from, to]) => tokens(from, to));
  return {
    id,
    domain,
    inputs,
    spans: {
      system: [[0, 1]],
      visual: [],
      evidence: tokensOfPieces(sample.evidence),
      question: [[start, end]],
      answer: [],
    },
    nullQuery: other(sample.null),
    unrelatedQuestion: other(sample.unrelated),
    foilSpans: (sample.foils ?? []).flatMap(tokensOfPieces),
    foilTokens: (sample.foils ?? []).map((foil) => tokensOf(tokensOfPieces(foil))),
    answerIds: tokenizer.encode(` ${answer[0]}`, { addSpecialTokens: false }),
  };
}

/** Text needles as such prompts, for `findHeads` and `ablateHeads`, made when their turn comes. */
export function ownerCompletions(
  model: PretrainedModel,
  samples: readonly Sample[],
): (LazySample<OwnerCompletion> & Pick<LazyHeadSample, "offers">)[] {
  const load = (sample: Sample) => Promise.resolve(ownerCompletion(model, sample));
  return lazily(samples, (sample) => load(sample as Sample), "completed").map((lazy, i) => ({
    ...lazy,
    offers: [
      "nullQuery" as const,
      "unrelatedQuestion" as const,
      ...samples[i].foils?.length ? ["foils" as const] : [],
    ],
  }));
}
