/**
 * Causal tests of heads: change what they put out, and measure what the model loses.
 *
 * @module
 */
export { type AttributionOptions, type LogitAttribution, logitAttribution } from "./attribution.ts";
export {
  attributionPatching,
  type AttributionPatchingOptions,
  type HeadAttribution,
  type HeadAttributionOptions,
} from "./attribution_patching.ts";
export {
  headInputAttribution,
  type InputAttribution,
  type InputAttributionOptions,
} from "./input_attribution.ts";
export type { CorruptedPrompt, HeadChange, PatchingOptions } from "./head_changes.ts";
export { valueNorms } from "../heads/value_norms.ts";
export { decodeVariants, type DecodeVariantsOptions } from "./decode_variants.ts";
export {
  type AblationEffect,
  ablationEffect,
  compareWithControls,
  type ControlComparison,
  correctedPValues,
  type EffectCorrelation,
  effectCorrelation,
  type MetricBySample,
} from "./effect.ts";
export { type EdgeAttribution, edgeAttribution } from "./edge_attribution.ts";
export { firstLayer, type HeadMask, type Variant, zeroHeads } from "./head_mask.ts";
export { type HeadMeans, type HeadOutputs, headOutputs, meanHeadOutputs } from "./head_outputs.ts";
export {
  intervene,
  type InterveneOptions,
  type InterventionPrompt,
  promptContext,
} from "./intervene.ts";
export {
  type Intervention,
  type InterventionCall,
  type InterventionKind,
  interventionKind,
  type InterventionPlace,
  type Phase,
  type PromptContext,
  type PromptForm,
  type Replacement,
} from "./interventions/intervention.ts";
export { interventionKinds, interventions, promptForms } from "./interventions/registry.ts";
export {
  corruptMedia,
  type LensRow,
  logitLens,
  type LogitLensOptions,
  patchHeads,
  type PatchResult,
} from "./path.ts";
export {
  type AnswerSample,
  type Scope,
  sweep,
  type SweepOptions,
  type VariantOutcome,
} from "./sweep.ts";
export {
  type Circuit,
  type CircuitEdge,
  type CircuitSample,
  type CircuitSender,
  findCircuit,
  type FindCircuitOptions,
  type PathRow,
} from "./paths/circuit.ts";
export {
  type CircuitJudgement,
  judgeCircuit,
  type JudgeCircuitOptions,
} from "./paths/judge_circuit.ts";
export {
  type CircuitCompleteness,
  circuitCompleteness,
  type CircuitCompletenessOptions,
  type CompletenessSubset,
} from "./paths/circuit_completeness.ts";
export {
  answerLogit,
  answerLogProb,
  type AnswerMetric,
  type DifferentiableMetric,
  logitDifference,
} from "./paths/metric.ts";
export {
  type HeadInput,
  type HeadInputName,
  headInputNames,
  type PathReceivers,
  type PathSenders,
} from "./paths/nodes.ts";
export { type PathRequest } from "./paths/path_runs.ts";
export {
  type PathEffect,
  type PathEffects,
  pathPatch,
  type PathPatchRequest,
  pathSweep,
  type PathSweepRequest,
  singleSenders,
} from "./paths/path_patch.ts";
