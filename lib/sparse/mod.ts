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
  type Run,
  sees,
} from "./patterns/pattern.ts";
export { chosenPattern, parsePattern, type PatternChoice, patternText } from "./patterns/choice.ts";
export { patternKinds, patterns } from "./patterns/registry.ts";
export { hybridPlan, layerParts, neededByHeads, type PlanPart, type SparsePlan } from "./plan.ts";
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
  type PolicyInput,
  type PolicyName,
  policyNames,
  policyTitles,
} from "./policies.ts";
export { planFrom, type PlanFromOptions } from "./plan_from.ts";
