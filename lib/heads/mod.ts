/**
 * Scores of attention heads: RAM and its rivals, with their uncertainty, and selection of heads and
 * of controls.
 *
 * @module
 */
export {
  type AttentionProfile,
  attentionProfile,
  type ProfileExtra,
  type ProfileOptions,
} from "./attention_profile.ts";
export * from "./controls.ts";
export { type DetectedHeads, detectHeads, type DetectOptions } from "./detect.ts";
export {
  allHeads,
  checkHeads,
  compareHeads,
  gridOf,
  headAt,
  type HeadGrid,
  type HeadId,
  headIndex,
  headName,
  parseHead,
  parseHeads,
} from "../common/head_id.ts";
export * from "./head_scores.ts";
export * from "./head_sets.ts";
export { headScoresFromArrow, headScoresToArrow } from "./head_scores_file.ts";
export { checkRanking, readRanking } from "./ranking_file.ts";
export * from "./moved_evidence.ts";
export * from "./paired_agreement.ts";
export * from "./rank_places.ts";
export * from "./rival_scores.ts";
export * from "./score_agreement.ts";
export { massOn } from "./attention_mass.ts";
export { retrievalAttentionMass } from "./retrieval_attention_mass.ts";
export { type HeadSample, type SampleTokens, sampleTokens } from "./scored_sample.ts";
export {
  furtherRules,
  type HeadView,
  ruleNamed,
  type RuleNeed,
  rulesFor,
  type ScoringRule,
  scoringRule,
  scoringRules,
} from "./scoring_rules.ts";
export { type ScoreOptions, scoreSample, scoresOfProfile } from "./score_sample.ts";
export { bottomHeads, type HowMany, otherHeads, type SelectOptions, topHeads } from "./select.ts";
export { spatialEntropy } from "./spatial_entropy.ts";
export * from "./stability.ts";
export { streamedProfiles } from "./streamed_profiles.ts";
export type {
  HeadIntervals,
  HeadList,
  HeadListFormat,
  ListSettings,
  ListSizes,
  ListTexts,
} from "./formats/format.ts";
export { headListFormats, readHeadList, writeHeadList } from "./formats/registry.ts";
export { valueNorms } from "./value_norms.ts";
export type { OtherQuestion } from "./profile_gathering.ts";
