/**
 * What a model answers as heads are steered: one prompt, several places, several biases.
 *
 * @module
 */
import { decodeVariants } from "../causal/decode_variants.ts";
import type { Variant } from "../causal/head_mask.ts";
import type { Phase } from "../causal/interventions/intervention.ts";
import { interventions } from "../causal/interventions/registry.ts";
import type { HeadId } from "../common/head_id.ts";
import { InputError } from "../common/errors.ts";
import type { PretrainedModel } from "../families/pretrained.ts";
import { type Evidence, evidenceTokens, UnseenEvidenceError } from "../inputs/evidence.ts";
import type { Box } from "../inputs/image.ts";
import type { PreparedPrompt } from "../inputs/processor.ts";
import type { TokenSpan, TokenSpans } from "../inputs/token_spans.ts";
import type { ModelInputs } from "../model/model_inputs.ts";
import { answersOf, type SampleText } from "../data/sample.ts";

/** A place of a sample that answers a question. */
export interface AnswerPlace {
  /** Its tokens. */
  readonly tokens: readonly number[];
  /** Its answer, the first of several. */
  readonly says: string;
  /** Where it lies on its image, in pixels; null for what is no box. */
  readonly box: Box | null;
}

/**
 * The places of a sample that answer a question: first the evidence's, then those of its foils that the
 * model sees and whose answer is known.
 *
 * @param prompt the sample's prompt
 * @throws {UnseenEvidenceError} where the model does not see the evidence
 *
 * @example
 * ```ts
 * import { answerPlaces } from "./steer_answers.ts";
 * import { samplePrompt } from "./samples.ts";
 * import { fromPretrained } from "../families/pretrained.ts";
 * import { shippedSample } from "../data/shipped_samples.ts";
 * import { assertEquals } from "@std/assert";
 * using model = await fromPretrained("mini");
 * const sample = await shippedSample("scene");
 * const places = answerPlaces(sample, await samplePrompt(model, sample));
 * assertEquals(places.slice(0, 3).map(({ says }) => says), ["a2", "f3", "a6"]);
 * ```
 */
export function answerPlaces(
  sample: Pick<SampleText, "answer" | "evidence" | "foils" | "foilAnswers">,
  prompt: PreparedPrompt,
): AnswerPlace[] {
  const place = (evidence: readonly Evidence[], says: string): AnswerPlace => {
    const [first] = evidence;
    const box = first !== undefined && "box" in first ? first.box ?? null : null;
    return { tokens: evidenceTokens(prompt, evidence), says, box };
  };
  const { foils = [], foilAnswers = [] } = sample;
  const others = foils.flatMap((foil, i): AnswerPlace[] => {
    const [says] = answersOf({ answer: foilAnswers[i] ?? [] });
    if (says === undefined) return [];
    try {
      return [place(foil, says)];
    } catch (error) {
      if (error instanceof UnseenEvidenceError) return [];
      throw error;
    }
  });
  return [place(sample.evidence, answersOf(sample)[0] ?? ""), ...others];
}

/** One answer. */
export interface SteeredAnswer {
  /** Number of the place among those given. */
  readonly place: number;
  /** What was added to the heads' scores at its tokens. */
  readonly bias: number;
  /** What the model said. */
  readonly answer: string;
}

/** Settings of {@link steerAnswers}. */
export interface SteerAnswersOptions {
  /** The biases, each once; 0 leaves the model as it is. */
  readonly biases: readonly number[];
  /** While the question is read, while the answer is decoded, or both (by default). */
  readonly during?: Phase;
  /** Only at queries of these tokens, those of generated ones included; at all by default. */
  readonly at?: readonly TokenSpan[];
  /** Tokens of an answer at most; 8 by default. */
  readonly maxNewTokens?: number;
}

/**
 * Steers heads of a model to each of several places by each bias, from the question on, and gives the
 * greedy answers. All variants share the prompt's prefix and run in batches.
 *
 * For a look at one sample; `steerHeads` counts over a data set, with controls.
 *
 * @param prompt what `prepare`, `samplePrompt` or `ask` gives, with its question marked
 * @param places the places; {@link answerPlaces} gives those of a sample
 * @returns one answer for each place and bias, place by place
 * @throws {InputError} without places or biases, and for heads or tokens that do not exist
 *
 * @example
 * ```ts
 * import { answerPlaces, steerAnswers } from "./steer_answers.ts";
 * import { samplePrompt } from "./samples.ts";
 * import { fromPretrained } from "../families/pretrained.ts";
 * import { shippedSample } from "../data/shipped_samples.ts";
 * import { assertEquals } from "@std/assert";
 * using model = await fromPretrained("mini");
 * const sample = await shippedSample("scene"), prompt = await samplePrompt(model, sample);
 * const [, place] = answerPlaces(sample, prompt);
 * const answers = await steerAnswers(model, prompt, [{ layer: 3, head: 0 }], [place], {
 *   biases: [0, 8],
 * });
 * assertEquals(answers.map(({ bias }) => bias), [0, 8]);
 * ```
 */
export async function steerAnswers(
  model: PretrainedModel,
  prompt: ModelInputs & { readonly spans: TokenSpans },
  heads: readonly HeadId[],
  places: readonly Pick<AnswerPlace, "tokens">[],
  { biases, during = "both", at, maxNewTokens = 8 }: SteerAnswersOptions,
): Promise<SteeredAnswer[]> {
  if (places.length === 0 || biases.length === 0) {
    throw new InputError(
      `Cannot steer heads to ${places.length} places by ${biases.length} biases: one of each needed`,
    );
  }
  const settings = places.flatMap((_, place) => biases.map((bias) => ({ place, bias })));
  const variants = settings.map(({ place, bias }): Variant =>
    bias === 0
      ? []
      : [{ heads, intervention: interventions.steer(places[place].tokens, bias), during, at }]
  );
  const sample = { id: "prompt", inputs: prompt, spans: prompt.spans };
  const said = await decodeVariants(model, sample, variants, { maxNewTokens });
  const { tokenizer } = model.processor;
  return settings.map((setting, i) => ({
    ...setting,
    answer: tokenizer.decode(said[i], { skipSpecialTokens: true }).trim(),
  }));
}
