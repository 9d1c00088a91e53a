/**
 * Names of the options of experiments, for callers without types. Where they are used the compiler
 * checks that none is missing.
 *
 * @module
 */

const contextNames = {
  folder: true,
  fresh: true,
  signal: true,
  onProgress: true,
  onNotice: true,
  skipBad: true,
  onLeftOut: true,
  leftOut: true,
} as const;

/** Options of experiments on heads that scores chose. */
const scoredNames = {
  ...contextNames,
  reuseBytes: true,
  model: true,
  allowOtherScores: true,
} as const;

/** Options of `findHeads`. */
export const findHeadsNames = {
  ...contextNames,
  reuseBytes: true,
  rules: true,
  model: true,
  data: true,
  fraction: true,
  draws: true,
  seed: true,
  rivals: true,
} as const;

/** Options of `ablateHeads`. */
export const ablateHeadsNames = {
  ...scoredNames,
  conditions: true,
  fractions: true,
  draws: true,
  thinning: true,
  sets: true,
  seed: true,
  scope: true,
  intervention: true,
  maxNewTokens: true,
  batchRows: true,
  data: true,
  bootstrapDraws: true,
} as const;

/** Options of `steerHeads`. */
export const steerHeadsNames = {
  ...scoredNames,
  biases: true,
  fraction: true,
  conditions: true,
  draws: true,
  during: true,
  maxNewTokens: true,
  batchRows: true,
  seed: true,
  data: true,
  bootstrapDraws: true,
} as const;

/** Options of `attributeHeads`. */
export const attributeHeadsNames = {
  ...contextNames,
  reuseBytes: true,
  change: true,
  metric: true,
  scope: true,
  steps: true,
  gradDrop: true,
  inputs: true,
  edges: true,
  fraction: true,
  draws: true,
  seed: true,
  data: true,
  model: true,
} as const;

/** Options of `attentionFlows`. */
export const attentionFlowsNames = {
  ...contextNames,
  reuseBytes: true,
  flows: true,
  window: true,
  stride: true,
  maxNewTokens: true,
  seed: true,
  bootstrapDraws: true,
  data: true,
  model: true,
} as const;

/** Options of `retrievePlaces`. */
export const retrievePlacesNames = {
  ...scoredNames,
  fraction: true,
  draws: true,
  seed: true,
  data: true,
} as const;

/** Options of `prefillSpeed`. */
export const prefillSpeedNames = {
  ...scoredNames,
  scores: true,
  origin: true,
  policies: true,
  fractions: true,
  draws: true,
  templatesFrom: true,
  pattern: true,
  sink: true,
  window: true,
  rounds: true,
  maxNewTokens: true,
  seed: true,
  data: true,
} as const;

/** Options of `hybridQuality`. */
export const hybridQualityNames = {
  ...scoredNames,
  scores: true,
  origin: true,
  settings: true,
  templates: true,
  timed: true,
  seed: true,
  data: true,
} as const;

/** Options of `compareVariants`. */
export const compareVariantsNames = {
  draws: true,
  seed: true,
  strata: true,
  clusters: true,
  level: true,
  method: true,
  scope: true,
  batchRows: true,
  maxNewTokens: true,
  onProgress: true,
} as const;

/** Options of `patchedHeads`. */
export const patchedHeadsNames = { corrupt: true, leastLoss: true, onProgress: true } as const;
