/**
 * Data sets: samples with questions, answers and evidence, readers of folders and of published data
 * sets, and metrics of answers.
 *
 * @module
 */
export {
  type FolderSample,
  loadSample,
  readFolderDataSet,
  writeFolderDataSet,
} from "./folder_data_set.ts";
export {
  chosenIndex,
  isRightByLmmsEval,
  isRightByMlvu,
  isRightChoice,
  lmmsEvalLetter,
  withoutThoughts,
} from "./choice.ts";
export { isCorrect, isExactMatch, type Scored } from "./metrics.ts";
export { normaliseAnswer } from "./normalise.ts";
export type { ListOptions } from "./listing.ts";
export { encodePng } from "./png.ts";
export * from "./published_scores.ts";
export { publishedNames, readPublished } from "./published/mod.ts";
export {
  answersOf,
  type Box,
  type Evidence,
  imagesOf,
  type MetricName,
  metricNames,
  type RgbImage,
  type Sample,
  type SampleMedia,
  type SampleText,
} from "./sample.ts";
export type { SampleEntry } from "./sample_json.ts";
export * from "./shipped_samples.ts";
export * from "./unusable.ts";
