/**
 * Training: what made the shipped small model, from data on the fly to a checkpoint that
 * transformers loads.
 *
 * Plain differentiable operations of the portable kernels under the model code of `lib/model`, with
 * gradients written out where that saves time and memory.
 * @module
 */
export { Aligner, type AlignReport, type LabelledImages } from "./align.ts";
export { type AttentionStatistics, type LocalWindow, TrainingAttention } from "./attention.ts";
export { assembleLlava, llavaChatTemplate } from "./assemble_llava.ts";
export { type AskedQuestion, assembleBatch, type TrainingContext } from "./batches.ts";
export { loadCheckpoint, type Progress, saveCheckpoint } from "./checkpoints.ts";
export { type CurriculumState, imageGrids, type Stage } from "./curriculum.ts";
export { answerContext, type AnswerOptions, type AskableContext } from "./evaluate.ts";
export { exportModel } from "./export.ts";
export type { AuxiliaryWeights, Batch } from "./forward.ts";
export {
  type AlignmentReport,
  type LabelledPages,
  VisionTowerAligner,
  type WordTable,
} from "./vision_tower_aligner.ts";
export {
  loadVisionTower,
  readVisionTowerSettings,
  saveVisionTower,
  type VisionTowerSettings,
} from "./vision_tower_files.ts";
export {
  visionTowerConfig,
  VisionTowerParameters,
  visionTowerPixels,
} from "./vision_tower_model.ts";
export { labelledPages, randomPages } from "./vision_tower_pages.ts";
export { silencingHooks, sparseTreatment } from "./head_treatment.ts";
export { type BlockLayout, type ImageLayout, sequenceLayout, type TokenGrid } from "./layout.ts";
export { crossEntropy } from "./loss.ts";
export {
  type Gradients,
  Optimiser,
  type OptimiserOptions,
  orthogonalise,
  type Parameter,
} from "./optimiser.ts";
export { miniConfig, miniSizes, ModelParameters } from "./parameters.ts";
export { attentionRegulariser, type RegulariserWeights } from "./attention_regulariser.ts";
export { type QuickResult, quickRun } from "./quick_run.ts";
export { shippedConfig } from "./recipe.ts";
export {
  alignPhase,
  concentratePhase,
  imagesPhase,
  pretrainPhase,
  sparsePhase,
} from "./run_phases.ts";
export {
  freshVisionTower,
  pageWordTokens,
  trainVisionTower,
  type VisionTowerRun,
  type WordSource,
  wordTable,
} from "./run_vision_tower.ts";
export { rateAt, type Schedule } from "./schedule.ts";
export { encodeText, tokenIds } from "./token_format.ts";
export { type LogLine, type RunPlan, type RunState, train } from "./train.ts";
export { type HeadTreatment, type StepReport, Trainer } from "./trainer.ts";
export { trainingKernels } from "./training_kernels.ts";
