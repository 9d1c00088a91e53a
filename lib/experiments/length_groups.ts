/**
 * Samples of a data set by the length of their prompts.
 *
 * @module
 */
import type { PretrainedModel } from "../families/pretrained.ts";
import type { PreparedPrompt } from "../inputs/processor.ts";
import { type RunContext, unlessUnusable } from "./run_context.ts";
import { type AnySample, samplePrompt } from "./samples.ts";

/** Samples of about one length: within a factor of two. */
export interface LengthGroup {
  readonly samples: readonly AnySample[];
  /** The prompt of median length. */
  readonly prompt: PreparedPrompt;
  /** Tokens of the shortest and the longest one. */
  readonly lengths: readonly [least: number, most: number];
}

/** Samples by length, the shortest first. */
export async function lengthGroups(
  pretrained: PretrainedModel,
  samples: readonly AnySample[],
  context: RunContext,
): Promise<LengthGroup[]> {
  const groups = new Map<number, { sample: AnySample; prompt: PreparedPrompt }[]>();
  for (const sample of samples) {
    const prompt = await unlessUnusable(context, () => samplePrompt(pretrained, sample));
    if (prompt === undefined) continue;
    const key = Math.round(Math.log2(prompt.inputIds.length));
    groups.set(key, [...(groups.get(key) ?? []), { sample, prompt }]);
  }
  return [...groups].sort(([a], [b]) => a - b).map(([, members]) => {
    const sorted = [...members].sort((a, b) => a.prompt.inputIds.length - b.prompt.inputIds.length);
    return {
      samples: members.map(({ sample }) => sample),
      prompt: sorted[Math.floor((sorted.length - 1) / 2)].prompt,
      lengths: [sorted[0].prompt.inputIds.length, sorted.at(-1)!.prompt.inputIds.length],
    };
  });
}
