/**
 * Samples that heads are attributed on, with a corrupted prompt where that is what heads change to.
 *
 * @module
 */
import type { PretrainedModel } from "../families/pretrained.ts";
import { corruptMedia } from "../causal/path.ts";
import { digestOf } from "../common/digest.ts";
import { UnusableSampleError } from "../data/unusable.ts";
import type { ModelInputs } from "../model/model_inputs.ts";
import type { AblationSample } from "./ablation_sample.ts";
import { ablationSamples, type PreparedAblationSample } from "./ablation_samples.ts";
import type { LazySample } from "./lazy_sample.ts";
import { sampleDigest } from "./sample_digest.ts";
import type { AnySample } from "./samples.ts";

/** Kinds of corrupted prompts: noise in the place of its images, or another sample's prompt. */
export const corruptions = ["noise", "other"] as const;

/** One of them. */
export type Corruption = typeof corruptions[number];

/** A sample with its answer, and what its heads change to. */
export interface AttributionSample extends AblationSample {
  /** A prompt of as many tokens at the same positions; none where an intervention changes heads. */
  readonly corrupted?: ModelInputs;
  /** First token of the answer to that prompt, where it is another sample's. */
  readonly otherAnswer?: number;
}

/** A sample that is loaded when its turn comes. */
export type LazyAttributionSample = LazySample<AttributionSample>;

/** How many samples are tried as a sample's other one. */
const mostTried = 8;

/**
 * Samples for `attributeHeads`, each prepared when its turn comes. With `noise` all values of its images
 * and videos change places at random. With `other` the corrupted prompt is that of one of the next eight
 * samples of its domain, the first whose tokens stand at the same positions and whose answer begins
 * otherwise.
 *
 * @param corrupted kind of the corrupted prompt; none by default
 * @throws {UnusableSampleError} while loading: as `ablationSamples`, for `noise` without images, and for
 * `other` where no other sample fits
 *
 * @example
 * ```ts
 * import { attributionSamples } from "./attribution_samples.ts";
 * import { fromPretrained } from "../families/pretrained.ts";
 * import { listSamples } from "../data/shipped_samples.ts";
 * import { assert, assertEquals } from "@std/assert";
 * using model = await fromPretrained("mini");
 * const [lazy] = attributionSamples(model, await listSamples("shipped:scene"), "noise");
 * const { inputs, corrupted } = await lazy.load();
 * assertEquals(corrupted!.inputIds, inputs.inputIds);
 * assert(corrupted!.media["pixel_values"].data[0] !== inputs.media["pixel_values"].data[0]);
 * ```
 */
export function attributionSamples(
  model: PretrainedModel,
  samples: readonly AnySample[],
  corrupted?: Corruption,
): LazyAttributionSample[] {
  const own = ablationSamples(model, samples);
  if (corrupted === undefined) return own;
  if (corrupted === "noise") {
    return own.map(({ load, ...lazy }) => ({
      ...lazy,
      settings: { prompts: lazy.settings ?? null, corrupted },
      load: async (reuse) => {
        const loaded = await load(reuse);
        try {
          return { ...loaded, corrupted: corruptMedia(loaded.inputs, loaded.id) };
        } catch (error) {
          throw UnusableSampleError.of(loaded.id, error);
        }
      },
    }));
  }
  // a result depends on other samples too, so they are part of what holds for the whole run
  const all = digestOf(samples.map(sampleDigest));
  return own.map(({ load, ...lazy }, i) => ({
    ...lazy,
    settings: { prompts: lazy.settings ?? null, corrupted, samples: all },
    load: async (reuse) => {
      const loaded = await load(reuse);
      const tried = [...own.slice(i + 1), ...own.slice(0, i)]
        .filter(({ domain }) => domain === lazy.domain).slice(0, mostTried);
      for (const other of tried) {
        const { inputs, answerIds } = await other.load(reuse);
        if (!fits(loaded, { inputs, answerIds })) continue;
        return { ...loaded, corrupted: inputs, otherAnswer: answerIds[0] };
      }
      throw new UnusableSampleError(
        lazy.id,
        `none of ${tried.length} other samples of its domain has another answer and its tokens at ` +
          "the same positions",
      );
    },
  }));
}

/** Whether a prompt can be another's corrupted one. */
function fits(
  sample: PreparedAblationSample,
  { inputs, answerIds }: Pick<PreparedAblationSample, "inputs" | "answerIds">,
): boolean {
  return answerIds[0] !== sample.answerIds[0] &&
    String(inputs.positionIds) === String(sample.inputs.positionIds);
}
