/**
 * CoReLens finds, tests and uses the few attention heads with which a multimodal language model
 * retrieves what it is asked about from images, video and documents.
 *
 * This is the front door: what a first project needs. The rest has entries of its own: `corelens/model`,
 * `corelens/inputs`, `corelens/heads`, `corelens/causal`, `corelens/sparse`, `corelens/stats`,
 * `corelens/data`, `corelens/experiments`, `corelens/figures` and `corelens/explorer`.
 *
 * @example Ask a question about an image
 * ```ts
 * import { fromPretrained } from "corelens";
 *
 * using model = await fromPretrained("tests/golden/qwen3_vl"); // or "Qwen/Qwen3-VL-4B-Instruct"
 * const { answer } = await model.ask(
 *   { images: ["tests/golden/qwen3_vl/expected/image_image0.png"], question: "What is this?" },
 *   { maxNewTokens: 4 },
 * );
 * console.log(answer);
 * ```
 * @module
 */

// a model, and what it is asked
export { InputError } from "./common/errors.ts";
export { type Answer, fromPretrained, type PretrainedModel } from "./families/pretrained.ts";
export { dataFolder } from "./families/shipped.ts";
export type { PreparedPrompt } from "./inputs/processor.ts";
export { likeliest, probabilities } from "./model/likeliest.ts";
export { tokensOf } from "./inputs/token_spans.ts";

// samples with questions, answers and evidence
export { readFolderDataSet, writeFolderDataSet } from "./data/folder_data_set.ts";
export { imagesOf, type Sample } from "./data/sample.ts";
export { shippedSample } from "./data/shipped_samples.ts";
export { ablationSamples } from "./experiments/ablation_samples.ts";
export { headSamples, samplePrompt } from "./experiments/samples.ts";

// heads: names, scores, selection
export { allHeads, headAt, type HeadGrid, type HeadId, headName } from "./common/head_id.ts";
export { detectHeads } from "./heads/detect.ts";
export { headConcentration, type HeadScores, meanScores, sampleMap } from "./heads/head_scores.ts";
export {
  type HeadView,
  ruleNamed,
  rulesFor,
  type ScoringRule,
  scoringRule,
  scoringRules,
} from "./heads/scoring_rules.ts";
export { otherHeads, topHeads } from "./heads/select.ts";

// identify: which heads attend to the evidence?
export { attentionFrom, attentionPanels, headPanels } from "./experiments/attention_view.ts";
export { findHeads } from "./experiments/find_heads.ts";
export { readFoundHeads } from "./experiments/found_heads.ts";
export { readManifest } from "./experiments/record.ts";
export { scoresRecord } from "./experiments/scores_record.ts";
export { concentrationLine } from "./experiments/moved_maps.ts";
export { concentrationRows, retrievalRows, topHeadRows } from "./experiments/tables.ts";
export { domainAgreement, halfAgreement, ruleAgreement } from "./heads/stability.ts";
export type { Interval } from "./stats/interval.ts";
export { kendallTau, spearman } from "./stats/rank.ts";

// ablate: does the answer need them?
export { effectCorrelation } from "./causal/effect.ts";
export { type Variant, zeroHeads } from "./causal/head_mask.ts";
export { intervene } from "./causal/intervene.ts";
export type { Intervention } from "./causal/interventions/intervention.ts";
export { interventions } from "./causal/interventions/registry.ts";
export { logitLens } from "./causal/path.ts";
export { ablateHeads, readAblatedHeads } from "./experiments/ablate_heads.ts";
export { headEffects } from "./experiments/ablation_results.ts";
export { compareVariants } from "./experiments/compare_variants.ts";
export { patchedHeads } from "./experiments/patched_heads.ts";
export { effectPoints } from "./experiments/tables.ts";

// accelerate: what if only they see everything?
export { hybridQuality, readHybridQuality } from "./experiments/hybrid_quality.ts";
export { prefillSpeed } from "./experiments/prefill_speed.ts";
export { hybridAttention } from "./sparse/attention.ts";
export { cacheCost } from "./sparse/cost.ts";
export type { Pattern } from "./sparse/patterns/pattern.ts";
export { patterns } from "./sparse/patterns/registry.ts";
export { hybridPlan } from "./sparse/plan.ts";
export { planFrom } from "./sparse/plan_from.ts";
export { otherPolicyTitles } from "./sparse/policy_plan.ts";
export { fullHeads, policyTitles } from "./sparse/policies.ts";
