/**
 * A small circuit in minutes: a test of the trainer from end to end.
 *
 * @module
 */
import { Random } from "../../lib/stats/random.ts";
import { assembleBatch } from "./batches.ts";
import { imageGrids, type Stage } from "./curriculum.ts";
import { miniConfig, ModelParameters } from "./parameters.ts";
import { plainContext } from "./plain_contexts.ts";
import type { OptimiserOptions } from "./optimiser.ts";
import { optimiserOptions } from "./recipe.ts";
import { wordSource } from "./sources.ts";
import { tokenIds, vocabSize } from "./token_format.ts";
import { train } from "./train.ts";
import { rightAnswers, Trainer } from "./trainer.ts";

/** So small a model bears twice the rates of the shipped one. */
const optimiser: OptimiserOptions = {
  ...optimiserOptions,
  muonRate: 2 * optimiserOptions.muonRate,
  adamRate: 2 * optimiserOptions.adamRate,
};

const stage: Stage = {
  name: "16 tokens, 8 words",
  grids: [imageGrids(1, 4)],
  pairs: [4, 4],
  words: 8,
  contexts: 12,
  questions: 4,
  threshold: 0.9,
  minSteps: 0,
  left: 1,
  difficulties: [0],
};

/** What a quick run found. */
export interface QuickResult {
  /** Share of right answers on contexts with pairs that training never showed. */
  readonly accuracy: number;
  /** A guess among the answers in sight. */
  readonly chance: number;
  /** How long it took. */
  readonly seconds: number;
}

/**
 * Trains two layers on one small stage and asks them about held-out contexts.
 *
 * @param onStep told each step's share of right answers
 * @param steps at most
 */
export async function quickRun(
  onStep?: (step: number, accuracy: number) => void,
  steps = 400,
): Promise<QuickResult> {
  const started = performance.now();
  const sizes = { layers: 2, heads: 4, keyValueHeads: 2 };
  const config = miniConfig(sizes, {
    vocabSize,
    image: tokenIds.image,
    video: tokenIds.video,
    end: tokenIds.end,
  });
  const parameters = new ModelParameters(config, 1);
  const trainer = new Trainer(config, parameters, optimiser);
  const done = new AbortController();
  let recent = 0;
  await train(trainer, {
    seed: 1,
    stages: [stage],
    source: wordSource,
    schedule: { warmUp: 10, holdUntil: steps, end: steps, floor: 1 },
    afterLayers: 1,
    steps,
    signal: done.signal,
    onLine: ({ step, accuracy }) => {
      onStep?.(step, accuracy);
      recent = 0.8 * recent + 0.2 * accuracy;
      if (recent > stage.threshold) done.abort();
    },
  });
  const random = new Random("held out");
  const batch = assembleBatch(
    { grids: stage.grids[0], format: "images" },
    Array.from({ length: 32 }, () =>
      plainContext(random, {
        grids: stage.grids[0],
        pairs: 4,
        questions: 4,
        words: stage.words,
        split: "test",
      })),
  );
  const { data, shape } = trainer.scores(batch, random);
  const right = rightAnswers(batch, bestOfRows(data, shape[0], shape[1]));
  trainer.dispose();
  parameters.dispose();
  return {
    accuracy: right.filter(Boolean).length / right.length,
    chance: 1 / stage.pairs[0],
    seconds: (performance.now() - started) / 1000,
  };
}

/** Index of the largest value of each row. */
function bestOfRows(data: Float32Array, rows: number, width: number): Int32Array {
  return Int32Array.from({ length: rows }, (_, row) => {
    let best = 0;
    for (let i = 1; i < width; i++) if (data[row * width + i] > data[row * width + best]) best = i;
    return best;
  });
}
