/**
 * From samples of a data set to samples that heads are steered on: the places that answer other
 * questions, as tokens, each with its answer.
 *
 * @module
 */
import { digestOf } from "../common/digest.ts";
import type { PretrainedModel } from "../families/pretrained.ts";
import { evidenceTokens, UnseenEvidenceError } from "../inputs/evidence.ts";
import { isCorrect } from "../data/metrics.ts";
import { answersOf } from "../data/sample.ts";
import { UnusableSampleError } from "../data/unusable.ts";
import { opensThoughts } from "./answer_length.ts";
import type { AblationSample } from "./ablation_sample.ts";
import { ablationSamples, type PreparedAblationSample } from "./ablation_samples.ts";
import type { LazySample } from "./lazy_sample.ts";
import type { AnySample } from "./samples.ts";

/** A place that answers another question. */
export interface SteerTarget {
  /** Its tokens. */
  readonly tokens: readonly number[];
  /** Whether generated tokens are its answer. */
  readonly judge: (tokenIds: readonly number[]) => boolean;
}

/** A sample with places that heads can be steered to. */
export interface SteerSample extends AblationSample {
  /** Whether generated tokens are the right answer. */
  readonly judge: (tokenIds: readonly number[]) => boolean;
  /** The places; at least one. */
  readonly targets: readonly SteerTarget[];
}

/** A sample that is loaded when its turn comes. */
export interface LazySteerSample extends LazySample<SteerSample> {
  /** Digest of its places, which its own digest leaves out. */
  readonly targetsDigest: string;
}

/**
 * Samples for `steerHeads`, each prepared when its turn comes. Targets are the foils whose answer is
 * known and is not the right one too.
 *
 * @throws {UnusableSampleError} while loading, for a sample without such foils, or as `ablationSamples`
 *
 * @example
 * ```ts
 * import { steerSamples } from "./steer_samples.ts";
 * import { fromPretrained } from "../families/pretrained.ts";
 * import { listSamples } from "../data/shipped_samples.ts";
 * import { assertEquals } from "@std/assert";
 * using model = await fromPretrained("mini");
 * const [lazy] = steerSamples(model, await listSamples("shipped:scene"));
 * assertEquals((await lazy.load()).targets.length, 9);
 * ```
 */
export function steerSamples(
  model: PretrainedModel,
  samples: readonly AnySample[],
): LazySteerSample[] {
  return ablationSamples(model, samples).map((lazy, i): LazySteerSample => {
    const sample = samples[i], { foils = [], foilAnswers } = sample;
    return {
      ...lazy,
      targetsDigest: digestOf([foils, foilAnswers ?? null]),
      load: async (reuse) => {
        const loaded = await lazy.load(reuse);
        const targets = targetsOf(model, sample, loaded);
        if (targets.length > 0) return { ...loaded, targets };
        const found = foilAnswers === undefined
          ? `${foils.length} foils, and no foilAnswers that say what they answer`
          : "no foil that is seen and has another answer";
        throw new UnusableSampleError(sample.id, `it has ${found}: there is nowhere to steer to`);
      },
    };
  });
}

/** The foils that the model sees and whose answer differs from the sample's own. */
function targetsOf(
  model: PretrainedModel,
  sample: AnySample,
  { inputs }: PreparedAblationSample,
): SteerTarget[] {
  const { foils = [], foilAnswers = [] } = sample;
  const thinks = opensThoughts(inputs.text) ? "<think>" : "";
  return foils.flatMap((foil, i): SteerTarget[] => {
    const own = { ...sample, answer: foilAnswers[i] ?? [] };
    const alike = answersOf(own).some((answer) => isCorrect(answer, sample));
    if (answersOf(own).length === 0 || alike) return [];
    try {
      const tokens = evidenceTokens(inputs, foil);
      const judge = (tokenIds: readonly number[]) => {
        const said = model.processor.tokenizer.decode(tokenIds, { skipSpecialTokens: true });
        return isCorrect(`${thinks}${said.trim()}`, own);
      };
      return [{ tokens, judge }];
    } catch (error) {
      if (error instanceof UnseenEvidenceError) return [];
      throw error;
    }
  });
}
