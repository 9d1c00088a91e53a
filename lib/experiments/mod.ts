/**
 * Experiments: what the notebooks and the command line run on a whole data set, and their records.
 *
 * @module
 */
export {
  attentionFrom,
  attentionPanels,
  AttentionView,
  headPanels,
  type ImageView,
  type PanelOptions,
  type TokenGridValues,
} from "./attention_view.ts";
export {
  type AblatedHeads,
  ablateHeads,
  type AblateHeadsOptions,
  type AblationSample,
  type LazyAblationSample,
  readAblatedHeads,
  type ScoredHeads,
} from "./ablate_heads.ts";
export * from "./ablation_plan.ts";
export * from "./ablation_results.ts";
export { ablationSamples, type PreparedAblationSample } from "./ablation_samples.ts";
export type { AnswerQuality } from "./answer_quality.ts";
export * from "./answers.ts";
export {
  type AttentionFlow,
  type AttentionFlowResult,
  attentionFlows,
  type AttentionFlowsOptions,
  defaultFlows,
  readAttentionFlows,
} from "./attention_flows.ts";
export {
  attributeHeads,
  type AttributeHeadsOptions,
  attributionMetrics,
  readAttributedEdges,
  readAttributedHeads,
} from "./attribute_heads.ts";
export type {
  AttributedEdge,
  AttributedHead,
  AttributedHeads,
  AttributedLoss,
  EdgeInput,
} from "./attribution_results.ts";
export * from "./attribution_samples.ts";
export * from "./compare_variants.ts";
export {
  type Experiment,
  type ExperimentConfig,
  type RecordParts,
  runExperiment,
  type RunNotes,
  type Settled,
} from "./experiment.ts";
export type { Progress, ReuseOptions, RunContext, SamplesContext } from "./run_context.ts";
export { type LazySample, type OpenUnit, sampleUnits, type Unit } from "./lazy_sample.ts";
export { concentrationLine } from "./moved_maps.ts";
export { PromptStore, type StoredPrompt } from "./prompt_store.ts";
export {
  findHeads,
  type FindHeadsOptions,
  type LazyHeadSample,
  type Samples,
} from "./find_heads.ts";
export { type FoundHeads, readFoundHeads } from "./found_heads.ts";
export {
  hybridQuality,
  type HybridQualityOptions,
  type HybridQualityRow,
  type HybridSetting,
  readHybridQuality,
} from "./hybrid_quality.ts";
export { type ImportSettings, recordHeadList } from "./imported_heads.ts";
export type { EvidenceConcentration } from "./moved_maps.ts";
export type { Json } from "./journal.ts";
export { prefillSpeed, type PrefillSpeedOptions, type PrefillSpeedRow } from "./prefill_speed.ts";
export { type Manifest, readManifest } from "./record.ts";
export * from "./scores_record.ts";
export * from "./patched_heads.ts";
export { type ExperimentFacts, experiments } from "./registry.ts";
export * from "./retrieval_sets.ts";
export {
  readRetrievedPlaces,
  type RetrievalResult,
  retrievePlaces,
  type RetrievePlacesOptions,
  retrieverNames,
} from "./retrieve_places.ts";
export * from "./samples.ts";
export type { OriginOptions, ScoreOrigin } from "./score_origin.ts";
export { type Identity } from "./identity.ts";
export {
  readSteeredHeads,
  steerConditions,
  steerHeads,
  type SteerHeadsOptions,
} from "./steer_heads.ts";
export { type SteerResult, strongestRow } from "./steer_results.ts";
export * from "./steer_answers.ts";
export * from "./steer_samples.ts";
export * from "./tables.ts";
