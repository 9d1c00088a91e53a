/**
 * Names of the options of generating and asking, for callers without types.
 *
 * @module
 */
import type { PrepareOptions } from "../inputs/processor.ts";
import type { DecodingRules } from "../model/decoding_rules.ts";
import type { GenerateOptions } from "../model/generate.ts";
import type { AskOptions } from "./pretrained.ts";

const rules: Readonly<Record<keyof DecodingRules, true>> = {
  repetitionPenalty: true,
  noRepeatNgramSize: true,
  badWordsIds: true,
  minNewTokens: true,
  suppressTokens: true,
  beginSuppressTokens: true,
  temperature: true,
  topK: true,
  topP: true,
  minP: true,
  typicalP: true,
  epsilonCutoff: true,
  etaCutoff: true,
};

const prepareNames: Readonly<Record<keyof PrepareOptions, true>> = {
  mediaDir: true,
  mediaRoot: true,
  maxPixels: true,
  fetchMedia: true,
  ffmpegDir: true,
  fps: true,
  templateArguments: true,
  question: true,
  evidence: true,
};

/** Options of `generate`. */
export const generateNames: Readonly<Record<keyof GenerateOptions, true>> = {
  ...rules,
  hooks: true,
  attention: true,
  maxNewTokens: true,
  generationConfig: true,
  seed: true,
  stopTokenIds: true,
  embedded: true,
  keepLogits: true,
  signal: true,
};

/** Options of `ask`. */
export const askNames: Readonly<Record<keyof AskOptions, true>> = {
  ...generateNames,
  ...prepareNames,
  onText: true,
};
