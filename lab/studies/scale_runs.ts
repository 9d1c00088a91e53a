/**
 * Small models of several sizes and seeds, trained from nothing on one circuit, without a regulariser:
 * does retrieval concentrate in fewer heads as models grow, and what else makes it do so? Words stand
 * in place of pixels, as in text-only pretraining.
 *
 * @module
 */
import { exportModel } from "../training/export.ts";
import { imageGrids, type Stage } from "../training/curriculum.ts";
import { miniConfig, type MiniSizes, ModelParameters } from "../training/parameters.ts";
import { optimiserOptions } from "../training/recipe.ts";
import { wordSource } from "../training/sources.ts";
import { tokenIds, vocabSize } from "../training/token_format.ts";
import { type LogLine, train } from "../training/train.ts";
import { Trainer } from "../training/trainer.ts";
import type { ModelConfig } from "../../lib/model/config.ts";

/** A size by its name. */
export const scaleSizes: Readonly<Record<string, MiniSizes>> = {
  small: { layers: 4, heads: 5, keyValueHeads: 5, width: 64 },
  middle: { layers: 6, heads: 10, keyValueHeads: 5, width: 96 },
  large: { layers: 8, heads: 15, keyValueHeads: 5, width: 128 },
};

/** One model to train. */
export interface ScaleRun {
  /** Its name in the record, e.g. `middle 2`. */
  readonly name: string;
  /** What the run is one of: a size, or a size with one thing changed. */
  readonly setting: string;
  readonly sizes: MiniSizes;
  /** Of weights and data. */
  readonly seed: number;
  /** Steps on the last stage; {@link lastStageSteps} by default. */
  readonly lastSteps?: number;
  /** Words of each section; fewer words, fewer distinct pairs. 64 by default. */
  readonly words?: number;
  /** Muon's weight decay; 0.1 by default. */
  readonly decay?: number;
  /** First gain of query and key norms; 1.5 by default. */
  readonly queryKeyGain?: number;
}

/** Decoder layers below the readout of "name your left neighbour": the same for all sizes. */
const afterLayers = 2;

/** Steps on the last stage, with which a run ends, and steps after which it ends in any case. */
export const lastStageSteps = 80, mostSteps = 1000;

/** Three sizes with three seeds each. */
export const sizeRuns: readonly ScaleRun[] = [1, 2, 3].flatMap((seed) =>
  Object.entries(scaleSizes).map(([name, sizes]) => ({
    ...{ name: `${name} ${seed}`, setting: name, sizes, seed },
  }))
);

/** The small size, which takes a minute or two, with one thing changed. */
export const trialRuns: readonly ScaleRun[] = [1, 2, 3].flatMap((seed) => {
  const { small } = scaleSizes;
  const changed = (setting: string, change: Partial<ScaleRun>): ScaleRun => ({
    ...{ name: `${setting} ${seed}`, setting, sizes: small, seed },
    ...change,
  });
  return [
    changed("trained on", { lastSteps: 5 * lastStageSteps }),
    changed("16 words", { words: 16 }),
    changed("weight decay 1", { decay: 1 }),
    changed("gain 3", { queryKeyGain: 3 }),
    changed("8 layers of 5", { sizes: { ...small, layers: 8 } }),
    changed("4 layers of 10", { sizes: { ...small, heads: 10 } }),
    changed("gain 1", { queryKeyGain: 1 }),
    changed("weight decay 0", { decay: 0 }),
  ];
});

/**
 * From 4 pairs of 8 words on 16 visual tokens to up to 12 pairs of all words on 64; the left neighbours
 * are named less and less.
 */
export function scaleStages(words: number): readonly Stage[] {
  const common = { difficulties: [0], threshold: 0.85, minSteps: 0 };
  return [
    {
      ...{ ...common, name: "4 pairs of 8 words", grids: [imageGrids(1, 4)], pairs: [4, 4] },
      ...{ words: 8, contexts: 16, questions: 4, left: 1 },
    },
    {
      ...{ ...common, name: "8 pairs of 16 words", grids: [imageGrids(1, 6)], pairs: [4, 8] },
      ...{ words: Math.min(16, words), contexts: 10, questions: 6, left: 0.5 },
    },
    {
      ...{ ...common, name: "8 pairs of all words", grids: [imageGrids(1, 6)], pairs: [4, 8] },
      ...{ words, contexts: 10, questions: 6, left: 0.2 },
    },
    {
      ...{ ...common, name: "12 pairs of all words", pairs: [6, 12] },
      grids: [imageGrids(1, 8), imageGrids(4, 4), imageGrids(1, 6)],
      ...{ words, contexts: 8, questions: 8, left: 0 },
    },
  ];
}

/** Config of a run's model. */
export function scaleConfig({ sizes }: Pick<ScaleRun, "sizes">): ModelConfig {
  const { image, video, end } = tokenIds;
  return miniConfig(sizes, { vocabSize, image, video, end });
}

/**
 * Trains a run to its end, from its checkpoint if there is one, and exports the model.
 *
 * @param checkpoint file of its state
 * @param folder where to export to
 * @returns the steps that it took and the decoder's number of parameters
 */
export async function trainScaleRun(
  run: ScaleRun,
  checkpoint: string,
  folder: string,
  onLine?: (line: LogLine) => void,
): Promise<{ readonly steps: number; readonly parameters: number }> {
  const config = scaleConfig(run), { seed, queryKeyGain, lastSteps = lastStageSteps } = run;
  const parameters = new ModelParameters(config, seed, queryKeyGain ? { queryKeyGain } : {});
  const faster = 128 / config.text.hiddenSize; // narrower models bear higher rates
  const trainer = new Trainer(config, parameters, {
    ...optimiserOptions,
    muonRate: faster * optimiserOptions.muonRate,
    adamRate: faster * optimiserOptions.adamRate,
    muonDecay: run.decay ?? 0.1,
  });
  const stages = scaleStages(run.words ?? 64);
  try {
    const { step } = await train(trainer, {
      ...{ seed, steps: mostSteps, checkpoint, afterLayers, source: wordSource, saveEvery: 25 },
      stages,
      schedule: { warmUp: 20, holdUntil: mostSteps, end: mostSteps, floor: 1 },
      until: ({ curriculum: { stage, stepsInStage } }) =>
        stage === stages.length - 1 && stepsInStage >= lastSteps,
      onLine,
    });
    await exportModel(folder, config, parameters);
    const own = [...parameters.variables].filter(([name]) => name.startsWith("text."));
    return { steps: step, parameters: own.reduce((sum, [, { size }]) => sum + size, 0) };
  } finally {
    trainer.dispose();
    parameters.dispose();
  }
}
