/**
 * Retrieval attention mass (RAM): how much of the attention that leaves the question lands on the
 * evidence.
 *
 * @module
 */
import type { AnyModel } from "../model/network_of.ts";
import type { ProfileOptions } from "./attention_profile.ts";
import type { HeadSample } from "./scored_sample.ts";
import { ruleNamed } from "./scoring_rules.ts";
import { scoreSample } from "./score_sample.ts";

/**
 * RAM of every head on one sample:
 *
 *     RAM(l, n) = 1/|Q| * sum over question tokens i of sum over evidence tokens j of pattern[l,n,i,j]
 *
 * The rule `ram` defines it: our definition, close to equation 1 of MMRetHead (arXiv 2605.27243); see
 * `docs/paper_map.md`.
 *
 * @returns `[L, N]` row by row, each in [0, 1]
 * @throws {InputError} naming the sample, as {@link scoreSample}
 */
export async function retrievalAttentionMass(
  model: AnyModel,
  sample: HeadSample,
  options: Pick<ProfileOptions, "hooks" | "attention"> = {},
): Promise<Float32Array> {
  const [map] = await scoreSample(model, sample, [ruleNamed("ram")], options);
  return map;
}
