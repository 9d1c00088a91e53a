/**
 * Hybrid sparse attention: chosen heads see everything, the others a sink and a window.
 *
 * @module
 */
export { hybridAttention, maskedAttention } from "./attention.ts";
export {
  type Pattern,
  patternId,
  type PatternKind,
  patternKind,
  type PatternParameter,
  type PromptLayout,
  type Run,
  sees,
} from "./patterns/pattern.ts";
export { chosenPattern, parsePattern, type PatternChoice, patternText } from "./patterns/choice.ts";
export { patternKinds, patterns } from "./patterns/registry.ts";
export {
  hybridPlan,
  layerParts,
  neededByHeads,
  placedPlan,
  type PlanPart,
  type SparsePlan,
} from "./plan.ts";
export {
  amdahlBound,
  type CacheCost,
  cacheCost,
  pairsSeen,
  type PrefillCost,
  prefillCost,
  speedupBound,
} from "./cost.ts";
export {
  fullHeads,
  isRandom,
  type PolicyInput,
  type PolicyName,
  policyNames,
  policyTitles,
} from "./policies.ts";
export {
  type AnyPolicy,
  anyPolicyNames,
  ignoresBudget,
  type OtherPolicyName,
  otherPolicyNames,
  otherPolicyTitles,
  type PlanInput,
  type PolicyPlan,
  policyPlan,
} from "./policy_plan.ts";
export { meanKeysSeen, nthLargest, oracleAttention } from "./oracle.ts";
export {
  templateMasks,
  type TemplateMasses,
  templateMasses,
  type TemplatePlan,
  templatePlan,
  type TemplatePrompt,
} from "./templates.ts";
export { planFrom, type PlanFromOptions } from "./plan_from.ts";
