/**
 * Training runs: stages, batches, steps, a log of JSON lines and checkpoints that resume exactly.
 *
 * @module
 */
import { InputError } from "../../lib/common/errors.ts";
import { breather } from "../../lib/common/notebook.ts";
import { Random } from "../../lib/stats/random.ts";
import { loadCheckpoint, saveCheckpoint } from "./checkpoints.ts";
import { advance, type CurriculumState, drawStage, firstState, type Stage } from "./curriculum.ts";
import type { AuxiliaryWeights, Batch } from "./forward.ts";
import type { TokenGrid } from "./layout.ts";
import { rateAt, type Schedule } from "./schedule.ts";
import type { HeadTreatment, StepReport, Trainer } from "./trainer.ts";
import { type RunningShares, runningShares } from "./varieties.ts";
import { WeightAverage } from "./weight_average.ts";

/** Makes the batch of a step, of what `running` says is known badly; the same arguments give the same batch. */
export type BatchSource = (
  stage: Stage,
  grids: readonly TokenGrid[],
  random: Random,
  running: RunningShares,
) => Batch;

export interface LogLine extends StepReport {
  /** Number of the step, from 0. */
  readonly step: number;
  /** Index of the batch's stage. */
  readonly stage: number;
  /** Visual tokens of each context. */
  readonly visualTokens: number;
  /** Tokens of the batch. */
  readonly tokens: number;
  /** Factor of the learning rates. */
  readonly rate: number;
  /** Milliseconds that making the batch and learning from it took. */
  readonly batchMs: number;
  /** See `batchMs`. */
  readonly stepMs: number;
}

/** A training run. */
export interface RunPlan {
  /** Of all random numbers. */
  readonly seed: number;
  /** What is learnt in which order. */
  readonly stages: readonly Stage[];
  /** Where batches come from. */
  readonly source: BatchSource;
  /** Learning rates. */
  readonly schedule: Schedule;
  /** Decoder layers below the readout of the auxiliary losses. */
  readonly afterLayers: number;
  /** Step before which to stop. */
  readonly steps: number;
  /** Whether to stop earlier, asked before every step; never by default. */
  readonly until?: (state: RunState) => boolean;
  /** Weight of what cells know about their surroundings (`cell_facts.ts`); not trained by default. */
  readonly cellWeight?: number;
  /** What questions know on the way to the answer (`answer_hints.ts`); not trained by default. */
  readonly hints?: AuxiliaryWeights["hints"];
  /** Keeps an average of the weights, with this decay. */
  readonly averageDecay?: number;
  /** Where to keep the state; nothing is kept without. */
  readonly checkpoint?: string;
  /** Steps between checkpoints; 50 by default. */
  readonly saveEvery?: number;
  /** Told every step. */
  readonly onLine?: (line: LogLine) => void;
  /** What a step does to the heads; nothing by default. */
  readonly heads?: (random: Random, step: number) => HeadTreatment;
  /** Stops the run after the current step. */
  readonly signal?: AbortSignal;
}

/** Where a run stands. */
export interface RunState {
  /** Steps made. */
  readonly step: number;
  /** Stages passed. */
  readonly curriculum: CurriculumState;
  /** Running share of right answers by domain or variety. */
  readonly running: RunningShares;
}

/** Most cells of a batch that are asked about their surroundings. */
const askedCells = 256;

/** The stage's left-neighbour weight, and a tenth of it for naming oneself; facts about drawn cells. */
function auxiliaryOf(
  stage: Stage,
  { afterLayers, cellWeight = 0, hints }: RunPlan,
  batch: Batch,
  random: Random,
): AuxiliaryWeights {
  const common = { left: stage.left, own: stage.left / 10, afterLayers, hints };
  if (cellWeight === 0) return common;
  const cells = batch.labels.length;
  const chosen = Int32Array.from(random.choice(cells, Math.min(cells, askedCells)));
  return { ...common, cells: { weight: cellWeight, chosen } };
}

/**
 * Trains until the plan's last step, from the checkpoint if there is one.
 *
 * @returns where it stands at the end
 * @throws {InputError} when the checkpoint is of another run
 */
export async function train(trainer: Trainer, plan: RunPlan): Promise<RunState> {
  const root = new Random(plan.seed);
  let state: RunState = { step: 0, curriculum: firstState, running: {} };
  const average = plan.averageDecay === undefined
    ? null
    : new WeightAverage(trainer.parameters, plan.averageDecay);
  if (plan.checkpoint && await exists(plan.checkpoint)) {
    state = readState(
      await loadCheckpoint(plan.checkpoint, trainer.parameters, trainer.optimiser, {
        ...(average ? { average } : {}),
      }),
      plan,
    );
  }
  const save = async () => {
    if (!plan.checkpoint) return;
    await saveCheckpoint(
      plan.checkpoint,
      trainer.parameters,
      trainer.optimiser,
      { seed: plan.seed, ...state },
      average,
    );
  };
  const breathe = breather();
  while (state.step < plan.steps && !plan.until?.(state) && !plan.signal?.aborted) {
    const { step, curriculum, running } = state;
    const random = root.fork(`step ${step}`);
    const drawn = drawStage(curriculum, random, plan.stages, step);
    const stage = plan.stages[drawn];
    const grids = stage.grids[random.integer(stage.grids.length)];
    const started = performance.now();
    const batch = plan.source(stage, grids, random, running);
    const made = performance.now();
    const rate = rateAt(plan.schedule, step);
    const report = trainer.step(
      batch,
      auxiliaryOf(stage, plan, batch, random.fork("cells")),
      rate,
      random,
      plan.heads?.(random, step),
    );
    if (!Number.isFinite(report.answerLoss)) {
      throw new InputError(`Cannot go on after step ${step}: the loss is ${report.answerLoss}`);
    }
    plan.onLine?.({
      step,
      stage: drawn,
      visualTokens: batch.layout.visual.length,
      tokens: batch.inputIds.length,
      rate,
      ...report,
      batchMs: made - started,
      stepMs: performance.now() - made,
    });
    const next = advance(plan.stages, curriculum, drawn, report.accuracy);
    average?.update();
    state = {
      step: step + 1,
      curriculum: next,
      running: runningShares(running, report.byDomain),
    };
    await breathe(); // or no signal would be heard before the next saving
    if (state.step % (plan.saveEvery ?? 50) === 0) await save();
  }
  await save();
  average?.dispose();
  return state;
}

function readState(progress: Readonly<Record<string, unknown>>, plan: RunPlan): RunState {
  if (progress.seed !== plan.seed) {
    throw new InputError(
      `Cannot resume from ${plan.checkpoint}: it is of seed ${progress.seed}, wanted ${plan.seed}`,
    );
  }
  return {
    step: progress.step as number,
    curriculum: progress.curriculum as CurriculumState,
    running: progress.running as RunningShares | undefined ?? {},
  };
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
