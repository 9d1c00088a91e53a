/**
 * Synthetic visual retrieval tasks in the shape of the paper's benchmarks, folder data sets, and
 * metrics of answers.
 *
 * @module
 */
export type { Board, Slot, Theme } from "./board.ts";
export { contactSheet, type ContactSheetOptions } from "./contact_sheet.ts";
export { type ContextOptions, generateContext, type TaskContext } from "./context.ts";
export { chanceLevel, type Domain, domainNames, domainOf, domains } from "./domains.ts";
export {
  type FolderSample,
  loadSample,
  readFolderDataSet,
  writeFolderDataSet,
} from "./folder_data_set.ts";
export {
  type Accuracy,
  accuracyByDomain,
  chosenIndex,
  isCorrect,
  isExactMatch,
  isNearPlace,
  isRightChoice,
  normaliseAnswer,
  type Scored,
} from "./metrics.ts";
export {
  type DomainName,
  maxDifficulty,
  type TaskOptions,
  type TaskPlan,
  type TaskVariety,
} from "./options.ts";
export { type PageNeedle, pageNeedle, type PageNeedleOptions, pageText } from "./page_needles.ts";
export { encodePng } from "./png.ts";
export { publishedNames, readPublished } from "./published/mod.ts";
export type { ContextQuestion } from "./questions.ts";
export {
  answersOf,
  type Box,
  type Evidence,
  type MetricName,
  metricNames,
  picturesOf,
  type RgbImage,
  type Sample,
  type SampleMedia,
  type SampleText,
} from "./sample.ts";
export type { SampleEntry } from "./sample_json.ts";
export type { Split } from "./split.ts";
export { type FontName, fontNames } from "./stroke_font.ts";
export { drawPage, type PageCell, type PageVariety } from "./word_page.ts";
export { textNeedle, type TextNeedleOptions, textNeedles } from "./text_needles.ts";
export * as vocabulary from "./vocabulary.ts";
export * from "./shipped_samples.ts";
export * from "./made_samples.ts";
