/**
 * Retrieval attention mass (RAM): how much of the attention that leaves the question lands on the
 * evidence.
 *
 * @module
 */
import type { VisionLanguageModel } from "../model/vision_language_model.ts";
import { attentionProfile, type ProfileOptions } from "./attention_profile.ts";
import type { HeadSample } from "./scored_sample.ts";

/**
 * Attention on some tokens together.
 *
 * @param attention on each token of the prompt
 * @param tokens indices
 *
 * @example
 * ```ts
 * import { massOn } from "./retrieval_attention_mass.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(massOn([0.5, 0.25, 0.25], [0, 2]), 0.75);
 * ```
 */
export function massOn(attention: ArrayLike<number>, tokens: readonly number[]): number {
  let sum = 0;
  for (const token of tokens) sum += attention[token];
  return sum;
}

/**
 * RAM of every head on one sample:
 *
 *     RAM(l, n) = 1/|Q| * sum over question tokens i of sum over evidence tokens j of pattern[l,n,i,j]
 *
 * This is our definition, close to equation 1 of MMRetHead (arXiv 2605.27243); see
 * `docs/paper_map.md`.
 *
 * @returns `[L, N]` row by row, each in [0, 1]
 * @throws {InputError} naming the sample, as {@link attentionProfile}
 */
export async function retrievalAttentionMass(
  model: VisionLanguageModel,
  sample: HeadSample,
  options: Pick<ProfileOptions, "hooks" | "attention"> = {},
): Promise<Float32Array> {
  const { shape: [layers, heads, keys], question, tokens } = await attentionProfile(
    model,
    sample,
    options,
  );
  return Float32Array.from(
    { length: layers * heads },
    (_, i) => massOn(question.subarray(i * keys, (i + 1) * keys), tokens.evidence),
  );
}
