/**
 * Rows of identification: what one sample says of every head, and what all of them come to.
 *
 * @module
 */
import type { AttentionProfile } from "../heads/attention_profile.ts";
import type { HeadScores } from "../heads/head_scores.ts";
import { scoreSample } from "../heads/score_sample.ts";
import type { HeadSample } from "../heads/scored_sample.ts";
import { lackOf, type ScoringRule } from "../heads/scoring_rules.ts";
import type { AnyModel } from "../model/network_of.ts";
import type { ReuseCache } from "../model/reuse_cache.ts";
import { type EvidenceConcentration, movedMaps, type MovedRow } from "./moved_maps.ts";

/** Scores of one sample: one map per rule, `[L, N]` row by row. */
export interface SampleRow {
  /** The sample. */
  readonly id: string;
  /** Its domain. */
  readonly domain: string;
  /** By rule, in the order of the rules; NaN throughout where the sample lacks what a rule needs. */
  readonly maps: readonly Float32Array[];
  /** Attention on the evidence and on other places; null where the evidence cannot be moved. */
  readonly moved?: readonly Float32Array[] | null;
}

/** What a run finds. */
export interface HeadFindings {
  /** Scores by every rule, in the order of the rules. */
  readonly rules: readonly HeadScores[];
  /** Samples with the attention on their evidence and on other places. */
  readonly moved: readonly MovedRow[];
  /** Whether it is the evidence that draws the top heads; null where it cannot be moved. */
  readonly concentration: EvidenceConcentration | null;
}

/**
 * Maps of one sample by every rule. The first rule must be one that the sample can be scored by; the
 * others may need what only some samples have, and give NaN where this one has it not.
 */
export async function partialMaps(
  network: AnyModel,
  sample: HeadSample,
  rules: readonly ScoringRule[],
  { reuse, seed }: { readonly reuse?: ReuseCache; readonly seed: number },
): Promise<Pick<SampleRow, "maps" | "moved">> {
  const lacks = (rule: ScoringRule) => rule.needs.some((need) => lackOf(sample, need) !== null);
  const own = rules.filter((rule, i) => i === 0 || !lacks(rule));
  let moved: Float32Array[] | null = null;
  const onProfile = (profile: AttentionProfile) => void (moved = movedMaps(profile, sample, seed));
  const maps = await scoreSample(network, sample, own, { reuse, onProfile });
  return {
    maps: rules.map((rule) => {
      const at = own.indexOf(rule);
      return at >= 0 ? maps[at] : new Float32Array(maps[0].length).fill(NaN);
    }),
    moved,
  };
}
