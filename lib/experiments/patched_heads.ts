/**
 * Activation patching over a data set: how much of a lost answer each head alone brings back.
 *
 * @module
 */
import { corruptMedia, patchHeads } from "../causal/path.ts";
import { sweep } from "../causal/sweep.ts";
import { InputError } from "../common/errors.ts";
import { checkOptions } from "../common/values.ts";
import { type HeadScores, headScores, type SampleScores } from "../heads/head_scores.ts";
import type { ModelInputs } from "../model/model_inputs.ts";
import { type AnyModel, networkOf } from "../model/network_of.ts";
import type { AblationSample, LazyAblationSample } from "./ablate_heads.ts";
import { patchedHeadsNames } from "./known_options.ts";
import { checkSamples } from "./lazy_sample.ts";
import type { Progress } from "./run_context.ts";

/** What each head alone brings back, by sample. */
export interface PatchedHeads extends HeadScores {
  /** Samples that the corruption cost nothing, so that nothing can be brought back. */
  readonly leftOut: readonly string[];
}

/** Settings of {@link patchedHeads}. */
export interface PatchedHeadsOptions {
  /** Makes the corrupted prompt, of the same length; images of noise (seed 0) by default. */
  readonly corrupt?: (inputs: ModelInputs) => ModelInputs;
  /**
   * Loss of the answer's log-probability, in nats, below which a sample is left out; 0.1 by default:
   * shares of next to nothing are noise.
   */
  readonly leastLoss?: number;
  /** Told how many samples are done. */
  readonly onProgress?: Progress;
}

/**
 * Corrupts every sample and gives one head at a time the output that it has on the clean prompt.
 *
 * @returns shares of the lost log-probability, by sample and head: 1 brings all back, 0 nothing
 * @throws {InputError} if the corruption costs no sample anything
 *
 * @example
 * ```ts
 * import { patchedHeads } from "./patched_heads.ts";
 * import { ablationSamples } from "./ablation_samples.ts";
 * import { fromPretrained } from "../families/pretrained.ts";
 * import { meanScores } from "../heads/head_scores.ts";
 * import { madeSamples } from "../../lab/synthetic/made_samples.ts";
 * import { assertEquals } from "@std/assert";
 * using model = await fromPretrained("mini");
 * const samples = ablationSamples(model, madeSamples(1, { domains: ["scene"] }));
 * const restored = await patchedHeads(model, samples);
 * assertEquals(meanScores(restored).length, 8 * 12);
 * ```
 */
export async function patchedHeads(
  model: AnyModel,
  samples: readonly (AblationSample | LazyAblationSample)[],
  options: PatchedHeadsOptions = {},
): Promise<PatchedHeads> {
  const names = patchedHeadsNames satisfies Record<keyof PatchedHeadsOptions, true>;
  checkOptions("patch heads", options, names);
  const { corrupt = (inputs: ModelInputs) => corruptMedia(inputs, 0), leastLoss = 0.1 } = options;
  checkSamples(samples, "ablationSamples");
  const rows: SampleScores[] = [], leftOut: string[] = [];
  for (const [i, given] of samples.entries()) {
    options.onProgress?.(i, samples.length);
    const sample = "load" in given ? await given.load() : given;
    const corrupted = corrupt(sample.inputs);
    const [clean] = await sweep(model, sample, [[]], { scope: "all" });
    const [lost] = await sweep(model, { ...sample, inputs: corrupted }, [[]], { scope: "all" });
    if (clean.logProb - lost.logProb < leastLoss) {
      leftOut.push(sample.id);
      continue;
    }
    const { restored } = await patchHeads(model, sample, corrupted);
    rows.push({ id: sample.id, domain: given.domain, map: Float32Array.from(restored) });
  }
  options.onProgress?.(samples.length, samples.length);
  if (rows.length === 0) {
    throw new InputError(
      `Cannot patch ${samples.length} samples: the corruption costs none of them ${leastLoss} nats ` +
        "of the answer's log-probability, so there is nothing to bring back",
    );
  }
  return { ...headScores("restored", networkOf(model).grid, rows), leftOut };
}
