/**
 * The pass that scores heads, on a model larger than memory: all samples go through a layer before
 * the next layer's weights are read.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { StreamedModel, StreamProgress } from "../families/stream.ts";
import type { ProfileOptions } from "./attention_profile.ts";
import { type AttentionProfile, otherQuestions, ProfileGathering } from "./profile_gathering.ts";
import type { HeadSample } from "./scored_sample.ts";

/**
 * Attention profiles of several samples from one pass over the weights; `scoresOfProfile` makes
 * scores of them. The same numbers as `attentionProfile` on a model in memory.
 *
 * @param samples as many as fit into memory with their residual streams: tokens times width floats
 *   each
 * @throws {InputError} naming the sample, as `attentionProfile`; if the contrast with another
 *   question or value norms are asked for, which take two passes
 */
export async function streamedProfiles(
  model: StreamedModel,
  samples: readonly HeadSample[],
  options: ProfileOptions = {},
  onProgress?: StreamProgress,
): Promise<AttentionProfile[]> {
  const { extras = [], hooks, attention } = options;
  const other = otherQuestions.find((question) => extras.includes(question));
  if (other !== undefined) {
    throw new InputError(
      `Cannot contrast with another question (${other}) while streaming: wanted argMax, ` +
        "contextArgMax or no extras",
    );
  }
  if (extras.includes("valueNorms")) {
    throw new InputError(
      "Cannot compute value norms while streaming: wanted argMax, contextArgMax or no extras",
    );
  }
  const gatherings: ProfileGathering[] = [];
  try {
    for (const sample of samples) {
      gatherings.push(new ProfileGathering(model.kernels, sample, extras));
    }
    const prompts = gatherings.map((gathering) => ({
      inputs: gathering.sample.inputs,
      options: { logits: "none" as const, hooks, attention, patternRows: gathering.request() },
    }));
    await model.forward(prompts, onProgress);
    const profiles: AttentionProfile[] = [];
    for (const gathering of gatherings) {
      profiles.push(await gathering.finish(model.checkpoint.config));
    }
    return profiles;
  } finally {
    for (const gathering of gatherings) gathering.free();
  }
}
