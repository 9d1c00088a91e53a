/**
 * Training runs: stages, batches, steps, a log of JSON lines and checkpoints that resume exactly.
 *
 * @module
 */
import { InputError } from "../../lib/common/errors.ts";
import { Random } from "../../lib/stats/random.ts";
import { loadCheckpoint, saveCheckpoint } from "./checkpoints.ts";
import { advance, type CurriculumState, drawStage, firstState, type Stage } from "./curriculum.ts";
import type { Batch } from "./forward.ts";
import type { TokenGrid } from "./layout.ts";
import { rateAt, type Schedule } from "./schedule.ts";
import type { HeadTreatment, StepReport, Trainer } from "./trainer.ts";

/** Makes the batch of a step; the same arguments give the same batch. */
export type BatchSource = (stage: Stage, grids: readonly TokenGrid[], random: Random) => Batch;

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
}

/** The stage's left-neighbour weight, and a tenth of it for naming oneself. */
function auxiliaryOf(stage: Stage, afterLayers: number) {
  return { left: stage.left, own: stage.left / 10, afterLayers };
}

/**
 * Trains until the plan's last step, from the checkpoint if there is one.
 *
 * @returns where it stands at the end
 * @throws {InputError} when the checkpoint is of another run
 */
export async function train(trainer: Trainer, plan: RunPlan): Promise<RunState> {
  const root = new Random(plan.seed);
  let state: RunState = { step: 0, curriculum: firstState };
  if (plan.checkpoint && await exists(plan.checkpoint)) {
    state = readState(
      await loadCheckpoint(plan.checkpoint, trainer.parameters, trainer.optimiser),
      plan,
    );
  }
  const save = async () => {
    if (!plan.checkpoint) return;
    await saveCheckpoint(plan.checkpoint, trainer.parameters, trainer.optimiser, {
      seed: plan.seed,
      ...state,
    });
  };
  while (state.step < plan.steps && !plan.signal?.aborted) {
    const { step, curriculum } = state;
    const random = root.fork(`step ${step}`);
    const drawn = drawStage(curriculum, random);
    const stage = plan.stages[drawn];
    const grids = stage.grids[random.integer(stage.grids.length)];
    const started = performance.now();
    const batch = plan.source(stage, grids, random);
    const made = performance.now();
    const rate = rateAt(plan.schedule, step);
    const report = trainer.step(
      batch,
      auxiliaryOf(stage, plan.afterLayers),
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
    state = { step: step + 1, curriculum: next };
    if (state.step % (plan.saveEvery ?? 50) === 0) await save();
  }
  await save();
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
