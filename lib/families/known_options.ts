/**
 * Names of the options of generating and asking, for callers without types. Where they are used the
 * compiler checks that none is missing.
 *
 * @module
 */

const rules = {
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
} as const;

const prepareNames = {
  mediaDir: true,
  mediaRoot: true,
  maxPixels: true,
  fetchMedia: true,
  ffmpegDir: true,
  memory: true,
  fps: true,
  templateArguments: true,
  question: true,
  evidence: true,
} as const;

const generateNames = {
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
} as const;

/** Options of `fromPretrained`. */
export const loadNames = {
  backend: true,
  dtype: true,
  unpack: true,
  processor: true,
  beforeWeights: true,
  onProgress: true,
  onWarning: true,
  onNotice: true,
  strict: true,
  followLinks: true,
  revision: true,
  cacheDir: true,
  endpoint: true,
  token: true,
  localFilesOnly: true,
  retries: true,
  backoffMs: true,
  timeoutMs: true,
  slowest: true,
  speedWindowMs: true,
  verify: true,
  signal: true,
} as const;

/** Options of `ask`. */
export const askNames = {
  ...generateNames,
  ...prepareNames,
  onText: true,
} as const;
