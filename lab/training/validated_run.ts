/**
 * A training that resumes where it stopped. Where a validation judges it, it leaves the weights as they were best, else as
 * they are at the end.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { join } from "node:path";
import { breather } from "../../lib/common/notebook.ts";
import { loadCheckpoint, saveCheckpoint } from "./checkpoints.ts";
import type { Gradients, Optimiser } from "./optimiser.ts";
import { rateAt } from "./schedule.ts";
import type { WeightVariables } from "./weight_variables.ts";

/** How long a training runs, and how often it is judged. */
export interface ValidatedRun {
  /** Folder for the state: an interrupted run goes on from it. */
  readonly work: string;
  readonly steps: number;
  /** Steps over which the rate rises. */
  readonly warmUp: number;
  /** Steps between two validations, where there are any; the state is saved as often. */
  readonly validateEvery: number;
  /** Told of every validation, which comes after that many steps. */
  readonly onValidation?: (steps: number, loss: number) => void;
  /** Stops after the current step. */
  readonly signal?: AbortSignal;
}

/** What is trained. */
export interface ValidatedTraining {
  readonly variables: WeightVariables;
  /** Moves the variables; disposed of at the end. */
  readonly optimiser: Optimiser;
  /** Gradients of a step, freed after use. */
  readonly gradients: (step: number) => Promise<Gradients>;
  /** The loss on what is kept to judge by, if anything is. */
  readonly validate?: () => Promise<number>;
}

/**
 * Trains, or goes on. The rate rises over the warm-up and falls to a twentieth at the end. The state is `state.safetensors`
 * in the folder, the weights with the least loss of a validation `best.safetensors`.
 */
export async function runValidated(
  { variables, optimiser, gradients, validate }: ValidatedTraining,
  run: ValidatedRun,
): Promise<void> {
  const [state, best] = ["state", "best"].map((name) => join(run.work, `${name}.safetensors`));
  const found = await Deno.stat(state).then(() => true, () => false);
  const saved = found ? await loadCheckpoint(state, variables, optimiser) : {};
  let step = (saved.step ?? 0) as number, least = (saved.least ?? Infinity) as number;
  await Deno.mkdir(run.work, { recursive: true });
  const warmUp = Math.min(run.warmUp, run.steps), breathe = breather();
  const schedule = { warmUp, holdUntil: warmUp, end: run.steps, floor: 0.05 };
  if (step === 0 && validate) run.onValidation?.(0, await validate());
  while (step < run.steps && !run.signal?.aborted) {
    const own = await gradients(step);
    optimiser.step(own, rateAt(schedule, step));
    tf.dispose(own as unknown as tf.TensorContainer);
    step++;
    await breathe();
    if (step % run.validateEvery !== 0 && step !== run.steps) continue;
    if (validate) {
      const now = await validate();
      run.onValidation?.(step, now);
      if (now < least) await saveCheckpoint(best, variables, optimiser, { step });
      least = Math.min(least, now);
    }
    await saveCheckpoint(state, variables, optimiser, { step, least });
  }
  optimiser.dispose();
  if (least < Infinity) await loadCheckpoint(best, variables, null);
}
