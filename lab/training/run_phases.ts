/**
 * The phases of the recipe as functions: each starts from the file that the one before left.
 *
 * @module
 */
import { breather } from "../../lib/common/notebook.ts";
import { Random } from "../../lib/stats/random.ts";
import { Aligner, type AlignReport } from "./align.ts";
import { hintNames } from "./answer_hints.ts";
import { cellReadouts } from "./cell_facts.ts";
import { loadCheckpoint, saveCheckpoint } from "./checkpoints.ts";
import { loadExported } from "./imported.ts";
import type { Stage } from "./curriculum.ts";
import {
  concentrationStages,
  finetuningStages,
  finishStages,
  imageStages,
  lengthStages,
  longStages,
  plainStages,
  scenesStages,
  variedStages,
} from "./stages.ts";
import { Optimiser, type OptimiserOptions } from "./optimiser.ts";
import { ModelParameters } from "./parameters.ts";
import { imageWords } from "./image_words.ts";
import {
  afterLayers,
  gentleOptions,
  hintLayers,
  laterOptions,
  lengthOptions,
  longOptions,
  optimiserOptions,
  phases,
  readoutOptions,
  shippedConfig,
  weightSeed,
} from "./recipe.ts";
import { rateAt, type Schedule, scheduleOver } from "./schedule.ts";
import { imageSource, varietySource, wordSource } from "./sources.ts";
import { type BatchSource, type LogLine, train } from "./train.ts";
import { type HeadTreatment, Trainer } from "./trainer.ts";

/** What phases have in common. */
export interface PhaseOptions {
  /**
   * Checkpoint, or folder of an exported model, to start from; the first weights without one. Not read
   * where the phase has begun.
   */
  readonly from?: string;
  /** File for the state: an interrupted phase goes on from it. */
  readonly to: string;
  /** Steps of the phase; the recipe's by default. */
  readonly steps?: number;
  /** Told every step. */
  readonly onLine?: (line: LogLine) => void;
  /** Stops after the current step. */
  readonly signal?: AbortSignal;
}

interface TrainedPhase extends PhaseOptions {
  readonly seed: number;
  readonly stages: readonly Stage[];
  readonly source: BatchSource;
  readonly schedule: Schedule;
  readonly steps: number;
  readonly trained: (name: string) => boolean;
  readonly optimiser: OptimiserOptions;
  readonly heads?: (random: Random, step: number) => HeadTreatment;
  readonly cellWeight?: number;
  readonly hintWeight?: number;
  readonly averageDecay?: number;
  /** Whether to start from the average of the weights in `from`. */
  readonly fromAverage?: boolean;
}

async function run(phase: TrainedPhase): Promise<void> {
  const readouts = [
    "own",
    ...phase.cellWeight ? cellReadouts : [],
    ...phase.hintWeight ? hintNames.map((name) => `hint_${name}`) : [],
  ];
  const parameters = new ModelParameters(shippedConfig, weightSeed, { readouts });
  const optional = (name: string) => name.startsWith("readout.") && name !== "readout.own";
  const begun = await Deno.stat(phase.to).then(() => true, () => false);
  if (!begun && phase.from?.endsWith(".safetensors")) {
    await loadCheckpoint(phase.from, parameters, null, {
      optional,
      averaged: phase.fromAverage ?? false,
    });
  } else if (!begun && phase.from) await loadExported(phase.from, parameters);
  const trainer = new Trainer(shippedConfig, parameters, phase.optimiser, phase.trained);
  try {
    const hints = phase.hintWeight
      ? { weight: phase.hintWeight, afterLayers: hintLayers }
      : undefined;
    await train(trainer, { ...phase, hints, afterLayers, checkpoint: phase.to, saveEvery: 25 });
  } finally {
    trainer.dispose();
    parameters.dispose();
  }
}

/** Phase 1: text-only pretraining, with words in place of visual tokens. */
export function pretrainPhase(options: PhaseOptions): Promise<void> {
  const steps = options.steps ?? phases.pretrain.steps;
  return run({
    ...options,
    steps,
    seed: phases.pretrain.seed,
    stages: plainStages,
    source: wordSource,
    schedule: scheduleOver(steps, { warmUp: 20, held: 1, floor: 1 }),
    trained: (name) => !name.startsWith("vision."),
    optimiser: optimiserOptions,
  });
}

/**
 * Phase 2: the vision encoder alone.
 *
 * @returns mean accuracy on twenty fresh draws
 */
export async function alignPhase(
  options: Omit<PhaseOptions, "onLine"> & {
    readonly from: string;
    readonly onStep?: (step: number, report: AlignReport) => void;
  },
): Promise<number> {
  const steps = options.steps ?? phases.align.steps;
  const parameters = new ModelParameters(shippedConfig, weightSeed);
  await loadCheckpoint(options.from, parameters, null, {
    wanted: (name) => !name.startsWith("vision."),
  });
  const aligner = new Aligner(shippedConfig, parameters);
  const none = new Optimiser([], optimiserOptions);
  const random = new Random(phases.align.seed);
  const schedule = scheduleOver(steps, { warmUp: 20, held: 0.4, floor: 0.05 });
  const breathe = breather();
  for (let step = 0; step < steps && !options.signal?.aborted; step++) {
    const report = aligner.step(imageWords(random.fork(step)), rateAt(schedule, step));
    options.onStep?.(step, report);
    await breathe();
  }
  await saveCheckpoint(options.to, parameters, none, { phase: "align" });
  let sum = 0;
  const draws = 20;
  for (let i = 0; i < draws; i++) {
    sum += aligner.evaluate(imageWords(new Random(`alignment ${i}`))).accuracy;
  }
  aligner.dispose();
  parameters.dispose();
  return sum / draws;
}

/** All domains as images, nothing steers the heads; the rates fall after the share `held` of the steps. */
function unsteeredPhase(
  options: PhaseOptions & { readonly from: string },
  { seed, steps: planned }: { readonly seed: number; readonly steps: number },
  stages: readonly Stage[],
  held: number,
): Promise<void> {
  const steps = options.steps ?? planned;
  return run({
    ...options,
    steps,
    seed,
    stages,
    source: imageSource,
    schedule: scheduleOver(steps, { warmUp: 20, held, floor: 0.03 }),
    trained: () => true,
    optimiser: laterOptions,
  });
}

/** Phase 3: all domains as images. The vision blocks stay as they are, the merger learns on. */
export function imagesPhase(options: PhaseOptions & { readonly from: string }): Promise<void> {
  return unsteeredPhase(options, phases.images, imageStages, 0.3);
}

/**
 * As phase 3, in all varieties and up to 1,024 visual tokens: varieties that are known badly are
 * practised more, cells learn what surrounds them (`cell_facts.ts`), and an average of the weights is
 * kept, which is what is exported.
 */
export function variedPhase(options: PhaseOptions & { readonly from: string }): Promise<void> {
  const { seed, steps: planned, cellWeight, averageDecay } = phases.varied;
  const steps = options.steps ?? planned;
  return run({
    ...options,
    ...{ steps, seed, cellWeight, averageDecay },
    stages: variedStages,
    source: varietySource,
    schedule: scheduleOver(steps, { warmUp: 40, held: 1, floor: 1 }),
    trained: () => true,
    optimiser: laterOptions,
  });
}

/** All varieties at all lengths, from the average of another phase's weights; the rates fall after a while. */
function lengthsOf(
  options: PhaseOptions & { readonly from: string },
  { steps: planned, ...own }: typeof phases["lengths" | "long" | "finish" | "readouts" | "scenes"],
  mix: Pick<TrainedPhase, "stages" | "optimiser"> & Partial<Pick<TrainedPhase, "trained">>,
  warmUp: number,
  held = 0.4,
): Promise<void> {
  const steps = options.steps ?? planned;
  return run({
    trained: () => true,
    ...{ ...options, ...own, ...mix, steps },
    fromAverage: true,
    source: varietySource,
    schedule: scheduleOver(steps, { warmUp, held, floor: 0.03 }),
  });
}

/**
 * What follows `variedPhase`, from the average of its weights: all varieties from 48 to 4,096 visual tokens
 * at once, with losses on what questions know on the way to the answer (`answer_hints.ts`) and falling
 * rates.
 */
export function lengthsPhase(options: PhaseOptions & { readonly from: string }): Promise<void> {
  const mix = { stages: lengthStages, optimiser: lengthOptions };
  return lengthsOf(options, phases.lengths, mix, 30);
}

/**
 * What follows `lengthsPhase`, from the average of its weights: more of 2,048 to 4,096 visual tokens, and
 * lettered choices by themselves. The average of its weights is what is exported.
 */
export function longPhase(options: PhaseOptions & { readonly from: string }): Promise<void> {
  const mix = { stages: longStages, optimiser: longOptions };
  return lengthsOf(options, phases.long, mix, 15);
}

/**
 * What follows `longPhase`, from the average of its weights: what is still known badly in batches of its own,
 * short contexts for the most part. Exported is the mean of its average with those of both phases before.
 */
export function finishPhase(options: PhaseOptions & { readonly from: string }): Promise<void> {
  const mix = { stages: finishStages, optimiser: longOptions };
  return lengthsOf(options, phases.finish, mix, 20, 2 / 3);
}

/**
 * For an exported model, in place of the state that `finishPhase` leaves: the readouts of the auxiliary losses,
 * which are no part of it, learn to read it while all else stays.
 */
export function readoutsPhase(options: PhaseOptions & { readonly from: string }): Promise<void> {
  const trained = (name: string) => name.startsWith("readout.");
  return lengthsOf(options, phases.readouts, {
    ...{ stages: scenesStages, optimiser: readoutOptions, trained },
  }, 10);
}

/**
 * What follows `readoutsPhase`: at low rates, what `finishPhase` left behind the rest. Exported is the mean of
 * its average with the weights that `readoutsPhase` began with.
 */
export function scenesPhase(options: PhaseOptions & { readonly from: string }): Promise<void> {
  const mix = { stages: scenesStages, optimiser: gentleOptions };
  return lengthsOf(options, phases.scenes, mix, 60, 1 / 4);
}

/** As phase 3, with the attention regulariser; its weights rise over the first steps. */
function regularisedPhase(
  options: PhaseOptions & { readonly from: string },
  { seed, regulariser, ramp, steps: planned }: typeof phases.concentrate | typeof phases.finetune,
  stages: readonly Stage[],
): Promise<void> {
  const steps = options.steps ?? planned;
  return run({
    ...options,
    steps,
    seed,
    stages,
    source: imageSource,
    schedule: scheduleOver(steps, { warmUp: 10, held: 0.5, floor: 0.03 }),
    trained: () => true,
    optimiser: laterOptions,
    heads: (_, step) => {
      const share = Math.min(1, (step + 1) / ramp);
      return {
        regulariser: { sharpness: share * regulariser.sharpness, mass: share * regulariser.mass },
      };
    },
  });
}

/**
 * Phase 4: a regulariser on sharp attention to visual tokens. It names no head; redundant heads
 * become fewer.
 */
export function concentratePhase(options: PhaseOptions & { readonly from: string }): Promise<void> {
  return regularisedPhase(options, phases.concentrate, concentrationStages);
}

/**
 * Phase 5: also a regulariser on attention mass on visual tokens, so that heads that retrieve nothing
 * rest on the sink, and lose nothing as streaming heads.
 */
export function finetunePhase(options: PhaseOptions & { readonly from: string }): Promise<void> {
  return regularisedPhase(options, phases.finetune, finetuningStages);
}

/** The finish of the sparse copy: as the end of phase 3, with heads treated by `heads`. */
export function sparsePhase(
  options: PhaseOptions & {
    readonly from: string;
    readonly heads: (random: Random) => HeadTreatment;
  },
): Promise<void> {
  const steps = options.steps ?? phases.sparse.steps;
  return run({
    ...options,
    steps,
    seed: phases.sparse.seed,
    stages: [imageStages[1], imageStages[3]],
    source: imageSource,
    schedule: scheduleOver(steps, { warmUp: 10, held: 0.3, floor: 0.03 }),
    trained: () => true,
    optimiser: laterOptions,
  });
}
