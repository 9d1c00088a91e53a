/**
 * Names of the options of experiments, for callers without types.
 *
 * @module
 */
import type { AblateHeadsOptions } from "./ablate_heads.ts";
import type { FindHeadsOptions } from "./find_heads.ts";
import type { PrefillSpeedOptions } from "./prefill_speed.ts";
import type { SamplesContext } from "./run_context.ts";

const contextNames: Readonly<Record<keyof SamplesContext, true>> = {
  folder: true,
  fresh: true,
  signal: true,
  onProgress: true,
  onNotice: true,
  skipBad: true,
  onLeftOut: true,
  leftOut: true,
};

/** Options of `findHeads`. */
export const findHeadsNames: Readonly<Record<keyof FindHeadsOptions, true>> = {
  ...contextNames,
  rules: true,
  model: true,
  data: true,
  fraction: true,
  draws: true,
  seed: true,
};

/** Options of `ablateHeads`. */
export const ablateHeadsNames: Readonly<Record<keyof AblateHeadsOptions, true>> = {
  ...contextNames,
  model: true,
  allowOtherScores: true,
  conditions: true,
  fractions: true,
  draws: true,
  seed: true,
  scope: true,
  intervention: true,
  maxNewTokens: true,
  batchRows: true,
  data: true,
  bootstrapDraws: true,
};

/** Options of `prefillSpeed`. */
export const prefillSpeedNames: Readonly<Record<keyof PrefillSpeedOptions, true>> = {
  ...contextNames,
  model: true,
  allowOtherScores: true,
  scores: true,
  origin: true,
  policies: true,
  fractions: true,
  sink: true,
  window: true,
  rounds: true,
  maxNewTokens: true,
  seed: true,
  data: true,
};
