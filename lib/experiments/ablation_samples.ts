/**
 * From samples of a data set to samples that heads are ablated on: prompt, right answer, judge.
 *
 * @module
 */
import { quoted } from "../common/text.ts";
import type { PretrainedModel } from "../families/pretrained.ts";
import type { PreparedPrompt } from "../inputs/processor.ts";
import { isCorrect } from "../data/metrics.ts";
import { answersOf } from "../data/sample.ts";
import { UnusableSampleError } from "../data/unusable.ts";
import { publishedScores } from "../data/published_scores.ts";
import { answerTokens, opensThoughts, thinkingTokens } from "./answer_length.ts";
import type { AblationSample } from "./ablation_sample.ts";
import type { LazySample } from "./lazy_sample.ts";
import { type AnySample, lazily, promptedSample, promptSettings } from "./samples.ts";

/** A sample with its answer whose prompt is a prepared one. */
export interface PreparedAblationSample extends AblationSample {
  /** The prompt, with its text and where its media stand. */
  readonly inputs: PreparedPrompt;
  /** Whether generated tokens are a right answer. */
  readonly judge: (tokenIds: readonly number[]) => boolean;
}

/**
 * Samples for `ablateHeads`, each prepared when its turn comes. The right answer's tokens are those
 * of the first answer and the token that ends a turn; what else is right, the data set's own rule
 * says (exact match apart from case, or the choice).
 *
 * @throws {UnusableSampleError} while loading, naming a sample without an answer or that cannot be used
 *
 * @example
 * ```ts
 * import { ablationSamples } from "./ablation_samples.ts";
 * import { fromPretrained } from "../families/pretrained.ts";
 * import { domainOf } from "../../lab/synthetic/domains.ts";
 * import { assert } from "@std/assert";
 * using model = await fromPretrained("tests/golden/qwen3_vl");
 * const sample = domainOf("scene").generate(1, {
 *   cellsPerSide: 4,
 *   images: 1,
 *   difficulty: 1,
 *   split: "test",
 * });
 * const [lazy] = ablationSamples(model, [sample]);
 * const { answerIds, judge } = await lazy.load();
 * assert(judge!([...answerIds.slice(0, -1)]));
 * ```
 */
export function ablationSamples(
  model: PretrainedModel,
  samples: readonly AnySample[],
): LazySample<PreparedAblationSample>[] {
  const { tokenizer } = model.processor;
  const end = model.config.eosTokenIds.slice(0, 1);
  return lazily(samples, async (sample, reuse): Promise<PreparedAblationSample> => {
    const [answer] = answersOf(sample);
    const ids = answer === undefined ? [] : tokenizer.encode(answer, { addSpecialTokens: false });
    if (ids.length === 0) {
      const reason = `Cannot ablate on sample ${quoted(sample.id)}: it has no answer`;
      throw new UnusableSampleError(sample.id, reason);
    }
    const prompted = await promptedSample(model, sample, { reuse });
    const thinks = opensThoughts(prompted.inputs.text);
    const said = (tokenIds: readonly number[]) =>
      `${thinks ? "<think>" : ""}${tokenizer.decode(tokenIds, { skipSpecialTokens: true }).trim()}`;
    return {
      ...prompted,
      answerIds: Int32Array.from([...ids, ...end]),
      maxNewTokens: answerTokens(tokenizer, sample) + (thinks ? thinkingTokens : 0),
      judge: (tokenIds) => isCorrect(said(tokenIds), sample),
      scores: (tokenIds) => publishedScores(said(tokenIds), sample),
    };
  }, promptSettings(model));
}
