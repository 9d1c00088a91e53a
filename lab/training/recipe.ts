/**
 * The recipe of the shipped model: text-only pretraining, alignment of the vision encoder, all domains
 * from images, fine-tuning with the attention regulariser, and for a copy sparsity-aware fine-tuning.
 *
 * @module
 */
import { miniConfig, miniSizes } from "./parameters.ts";
import type { OptimiserOptions } from "./optimiser.ts";
import type { ModelConfig } from "../../lib/model/config.ts";
import { tokenIds, vocabSize } from "./token_format.ts";

/** Config of the shipped model. */
export const shippedConfig: ModelConfig = miniConfig(miniSizes, {
  vocabSize,
  image: tokenIds.image,
  video: tokenIds.video,
  end: tokenIds.end,
});

/** Seed of the first weights. */
export const weightSeed = 1;

/** Decoder layers below the readout of the auxiliary losses: retrieval grows right above. */
export const afterLayers = 3;

/** Settings of the optimiser while the circuit forms. */
export const optimiserOptions: OptimiserOptions = {
  muonRate: 0.01,
  adamRate: 2e-3,
  adamDecay: 0,
  betas: [0.9, 0.99],
  clipNorm: 1,
};

/** Settings of the optimiser once it exists: images and the sparse finish. */
export const laterOptions: OptimiserOptions = {
  ...optimiserOptions,
  muonRate: 0.007,
  adamRate: 1e-3,
};

/** Settings of the optimiser for all varieties at all lengths, in batches twice as large. */
export const lengthOptions: OptimiserOptions = {
  ...optimiserOptions,
  muonRate: 0.005,
  adamRate: 7e-4,
};

/** Settings of the optimiser where that goes on from annealed weights. */
export const longOptions: OptimiserOptions = {
  ...optimiserOptions,
  muonRate: 0.0035,
  adamRate: 5e-4,
};

/** Settings of the optimiser for readouts alone, which begin anew where weights come from an exported model. */
export const readoutOptions: OptimiserOptions = {
  ...optimiserOptions,
  muonRate: 0.02,
  adamRate: 2e-3,
};

/** Settings of the optimiser where what is known already is not to be lost. */
export const gentleOptions: OptimiserOptions = {
  ...optimiserOptions,
  muonRate: 0.0014,
  adamRate: 2e-4,
};

/** Decoder layers below the readout of what questions know on the way to the answer. */
export const hintLayers = 6;

/** Seeds and lengths of the phases, in steps. */
export const phases = {
  /** Text-only pretraining, in which the retrieval circuit forms: stages of `plainStages`. */
  pretrain: { seed: 1, steps: 350 },
  /** The vision encoder alone. */
  align: { seed: 5, steps: 900 },
  /** All domains as images: stages of `imageStages`. */
  images: { seed: 2, steps: 480 },
  /** All varieties without a regulariser: stages of `variedStages`. */
  varied: { seed: 12, steps: 1800, cellWeight: 0.2, averageDecay: 0.995 },
  /** All varieties at all lengths: stages of `lengthStages`. */
  lengths: { seed: 13, steps: 920, cellWeight: 0.1, averageDecay: 0.99, hintWeight: 0.3 },
  /** More of long contexts: stages of `longStages`. */
  long: { seed: 14, steps: 400, cellWeight: 0.1, averageDecay: 0.99, hintWeight: 1 },
  /** What is still known badly, by itself: stages of `finishStages`. */
  finish: { seed: 15, steps: 3500, cellWeight: 0.1, averageDecay: 0.99, hintWeight: 1 },
  /** The readouts of the auxiliary losses for an exported model, which has none: the model stays as it is. */
  readouts: { seed: 16, steps: 150, cellWeight: 0.1, averageDecay: 0.99, hintWeight: 1 },
  /** What of `finish` is still known badly, at low rates: stages of `scenesStages`. */
  scenes: { seed: 17, steps: 2000, cellWeight: 0.1, averageDecay: 0.99, hintWeight: 1 },
  /** The same with the attention regulariser on sharpness: stages of `concentrationStages`. */
  concentrate: { seed: 7, steps: 500, regulariser: { sharpness: 0.04, mass: 0 }, ramp: 20 },
  /** Fine-tuning with the regulariser on attention mass, too: stages of `finetuningStages`. */
  finetune: { seed: 8, steps: 200, regulariser: { sharpness: 0.04, mass: 0.01 }, ramp: 20 },
  /** The sparsity-aware finish of the copy. */
  sparse: { seed: 4, steps: 400 },
} as const;
