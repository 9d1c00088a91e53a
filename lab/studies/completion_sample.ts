/**
 * Samples whose answer has begun: the model goes on after the first words of a reply, so that only
 * what it looks up counts, not how it phrases it.
 *
 * @module
 */
import { withAnswer } from "../../lib/causal/sweep.ts";
import type { PretrainedModel } from "../../lib/families/pretrained.ts";
import type { AblationSample, LazyAblationSample } from "../../lib/experiments/ablate_heads.ts";
import { type AnySample, lazily, promptedSample } from "../../lib/experiments/samples.ts";

/** How a reply begins, and how it must go on. */
export interface Completion {
  /** The first words of the reply. */
  readonly begun: string;
  /** What must follow, with the space before it. */
  readonly rest: string;
}

/**
 * The completion of a text needle's answer: that the text says so, the sentence without the name, then
 * the name.
 *
 * @example
 * ```ts
 * import { needleCompletion } from "./completion_sample.ts";
 * import { assertEquals } from "@std/assert";
 * const answer = ["Tom", "The owner of the map is Tom."];
 * assertEquals(needleCompletion({ answer }), {
 *   begun: "According to the text, the owner of the map is",
 *   rest: " Tom",
 * });
 * ```
 */
export function needleCompletion({ answer }: Pick<AnySample, "answer">): Completion {
  const [name, sentence] = answer as readonly string[];
  const rest = ` ${name}`;
  const said = sentence.slice(0, sentence.lastIndexOf(rest));
  return { begun: `According to the text, ${said[0].toLowerCase()}${said.slice(1)}`, rest };
}

/** A sample's prompt, and the same with the first words of a reply as `begunInputs`. */
export async function begunSample(model: PretrainedModel, sample: AnySample, begun: string) {
  const prompted = await promptedSample(model, sample);
  const { id, inputs, spans } = prompted, { tokenizer } = model.processor;
  const words = tokenizer.encode(begun, { addSpecialTokens: false });
  const answerIds = Int32Array.of(...words, 0); // withAnswer leaves out the last one
  return { ...prompted, begunInputs: withAnswer({ id, inputs, spans, answerIds }) };
}

/**
 * A sample for ablation and hybrid attention, whose prompt holds the first words of the reply.
 *
 * @throws {InputError} naming the sample, if it cannot be used
 */
export async function completionSample(
  model: PretrainedModel,
  sample: AnySample,
  { begun, rest }: Completion,
): Promise<AblationSample> {
  const { begunInputs, ...prompted } = await begunSample(model, sample, begun);
  const answerIds = model.processor.tokenizer.encode(rest, { addSpecialTokens: false });
  return { ...prompted, inputs: begunInputs, answerIds };
}

/** Text needles as samples for ablation, each prepared when its turn comes. */
export function needleSamples(
  model: PretrainedModel,
  samples: readonly AnySample[],
): LazyAblationSample[] {
  return lazily(samples, (sample) => completionSample(model, sample, needleCompletion(sample)));
}
