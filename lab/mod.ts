/**
 * The laboratory: how we convinced ourselves. Generators of samples with known evidence, page images
 * of words, a model whose heads are known by construction, and studies of our own models. The library
 * (`lib/`) imports nothing from here, and the package does not carry it.
 *
 * @module
 */
export { domainsFor } from "./synthetic/domains_for.ts";
export type { Board, Slot, Theme } from "./synthetic/board.ts";
export { type ContextOptions, generateContext, type TaskContext } from "./synthetic/context.ts";
export { type Domain, domainNames, domainOf, domains } from "./synthetic/domains.ts";
export {
  type DomainName,
  maxDifficulty,
  type TaskOptions,
  type TaskPlan,
  type TaskVariety,
} from "./synthetic/options.ts";
export { type PageNeedle, pageNeedle, type PageNeedleOptions } from "./pages/page_needles.ts";
export type { ContextQuestion } from "./synthetic/questions.ts";
export type { Split } from "./synthetic/split.ts";
export { type FontName, fontNames } from "./pages/stroke_font.ts";
export { drawPage, type PageCell, type PageVariety } from "./pages/word_page.ts";
export { textNeedle, type TextNeedleOptions, textNeedles } from "./pages/text_needles.ts";
export * as vocabulary from "./synthetic/vocabulary.ts";
export * from "./synthetic/made_samples.ts";
export { type BitsLevel, readBits, type RightAnswers } from "./studies/bits_record.ts";
export { bitsBars, bitsCurves, bitsTable } from "./studies/bits_figures.ts";
export {
  type ComparedModel,
  excessTable,
  headsOfLayers,
  layerKindsTable,
  lossBars,
  movementTable,
  readComparedModels,
} from "./studies/compared_models.ts";
export {
  layerLosses,
  windowHybrid,
  windowLosses,
  windowMovement,
} from "./studies/window_figures.ts";
export {
  type StoredBits,
  storedBits,
  type StoredPart,
  storedParts,
} from "./studies/stored_bits.ts";
export {
  type Completion,
  completionSample,
  needleCompletion,
  needleSamples,
} from "./studies/completion_sample.ts";
export {
  type HeadKindRow,
  headKinds,
  type HeadKindsConfig,
  type HeadKindsResult,
  kindsOfScores,
  type KindsSample,
  readHeadKinds,
} from "./studies/head_kinds.ts";
export {
  againstNull,
  calibratedMap,
  kindCounts,
  kindLabel,
  kindsProfile,
  ownerAnswerRows,
} from "./studies/kind_figures.ts";
export {
  type CircuitRecord,
  circuitSamples,
  type CircuitSamplesOptions,
  type DrawnCircuitSample,
  lossShares,
  readCircuit,
} from "./studies/circuit_samples.ts";
export {
  type OwnerAnswerResult,
  ownerAnswers,
  type OwnerAnswersConfig,
  type OwnerForm,
  type OwnerKind,
  readOwnerAnswers,
} from "./studies/owner_answers.ts";
export {
  type OwnerCompletion,
  ownerCompletion,
  ownerCompletions,
} from "./studies/owner_completion.ts";
export {
  type OwnerStudy,
  pageOwners,
  textOwners,
  windowDomains,
  windowOwners,
} from "./studies/owner_samples.ts";
export {
  type LazyPageNeedle,
  pageReading,
  type PageReadingConfig,
  type PageReadingResult,
  readPageReading,
  textTwin,
} from "./studies/page_reading.ts";
export {
  type ByView,
  type PhotographReadingResult,
  photographRows,
  type PhotographView,
  photographViews,
  readPhotographReading,
  type ShareWithInterval,
} from "./studies/photograph_reading.ts";
export { type ReadableWords, readableWords } from "./studies/read_cells.ts";
export {
  readWordReading,
  wordReading,
  type WordReadingConfig,
  type WordReadingResult,
} from "./studies/word_reading.ts";
export {
  type PlantedModel,
  plantedModel,
  type PlantedOptions,
  type PlantedRole,
} from "./planted/planted.ts";
export {
  type PlantedSample,
  plantedSample,
  type PlantedSampleOptions,
} from "./planted/planted_world.ts";
