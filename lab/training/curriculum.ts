/**
 * The order in which a model learns: one circuit on few words first, then more words, longer
 * contexts, and variety last.
 *
 * @module
 */
import { InputError } from "../../lib/common/errors.ts";
import type { Random } from "../../lib/stats/random.ts";
import type { TokenGrid } from "./layout.ts";

export interface Stage {
  /** Name for the log. */
  readonly name: string;
  /** Layouts to draw from. */
  readonly grids: readonly (readonly TokenGrid[])[];
  /** Fewest and most pairs. */
  readonly pairs: readonly [low: number, high: number];
  /** Words of each section. */
  readonly words: number;
  /** Contexts of a batch. */
  readonly contexts: number;
  /** Questions on each context. */
  readonly questions: number;
  /** Mean accuracy over the last batches at which the next stage begins: the promotion threshold. */
  readonly threshold: number;
  /** Steps in this stage before promotion is considered. */
  readonly minSteps: number;
  /** Weight of "name your left neighbour". */
  readonly left: number;
  /** Difficulties of the task generator to draw from; 0 is the plain form. */
  readonly difficulties: readonly number[];
  /** Part of the names of the varieties that are practised (`varieties.ts`); all by default. */
  readonly only?: string;
  /** Parts of the names of varieties that are not practised; none by default. */
  readonly without?: readonly string[];
  /** Share of the steps, where stages are mixed and not passed one after the other. */
  readonly share?: number;
  /** First step in which the share counts, and the one where that ends; all steps by default. */
  readonly during?: readonly [first: number, end: number];
}

/** `count` images of `rows x columns` visual tokens. */
export function imageGrids(count: number, rows: number, columns = rows): TokenGrid[] {
  return Array.from({ length: count }, () => [rows, columns] as const);
}

/** Where a run stands in its stages. */
export interface CurriculumState {
  /** Index of the current stage. */
  readonly stage: number;
  /** Steps made at this stage. */
  readonly stepsInStage: number;
  /** Accuracies of the last batches of this stage, oldest first. */
  readonly recent: readonly number[];
}

/** Batches whose mean accuracy is compared with the threshold. */
const thresholdWindow = 10;
/** Share of the steps that go to lower stages. */
const reviewShare = 0.4;

/** The beginning. */
export const firstState: CurriculumState = { stage: 0, stepsInStage: 0, recent: [] };

/**
 * The stage of the next batch: the current one, or in a share of the steps a lower one; any of them, by
 * their shares in this step, where stages have shares.
 */
export function drawStage(
  state: CurriculumState,
  random: Random,
  stages: readonly Pick<Stage, "share" | "during">[] = [],
  step = 0,
): number {
  const shares = stages.map(({ share = 0, during: [first, end] = [0, Infinity] }) =>
    first <= step && step < end ? share : 0
  );
  const sum = shares.reduce((a, b) => a + b, 0);
  if (sum > 0) {
    let left = random.uniform(0, sum);
    return Math.max(0, shares.findIndex((share) => (left -= share) < 0));
  }
  if (state.stage === 0 || random.uniform() >= reviewShare) return state.stage;
  return random.integer(state.stage);
}

/**
 * The state after a batch.
 *
 * @param drawn stage of the batch
 * @param accuracy share of right answers in it
 * @throws {InputError} when the accuracy is none
 *
 * @example
 * ```ts
 * import { advance, firstState } from "./curriculum.ts";
 * import { assertEquals } from "@std/assert";
 * const stages = [{ threshold: 0.8, minSteps: 0 }, { threshold: 0.8, minSteps: 0 }];
 * let state = firstState;
 * for (let i = 0; i < 10; i++) state = advance(stages, state, 0, 0.9);
 * assertEquals(state.stage, 1);
 * ```
 */
export function advance(
  stages: readonly Pick<Stage, "threshold" | "minSteps">[],
  state: CurriculumState,
  drawn: number,
  accuracy: number,
): CurriculumState {
  if (!(accuracy >= 0 && accuracy <= 1)) {
    throw new InputError(`Cannot advance with accuracy ${accuracy}: wanted 0 to 1`);
  }
  const stepsInStage = state.stepsInStage + 1;
  if (drawn !== state.stage) return { ...state, stepsInStage };
  const recent = [...state.recent, accuracy].slice(-thresholdWindow);
  const mean = recent.reduce((a, b) => a + b, 0) / recent.length;
  const { threshold, minSteps } = stages[state.stage];
  const passed = recent.length === thresholdWindow && mean >= threshold && stepsInStage >= minSteps;
  if (!passed || state.stage === stages.length - 1) {
    return { stage: state.stage, stepsInStage, recent };
  }
  return { stage: state.stage + 1, stepsInStage: 0, recent: [] };
}
