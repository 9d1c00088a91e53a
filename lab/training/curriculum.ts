/**
 * The order in which a model learns: one circuit on few words first, then more words, longer
 * contexts, and variety last.
 *
 * @module
 */
import { InputError } from "../../lib/common/errors.ts";
import type { Random } from "../../lib/stats/random.ts";
import type { TokenGrid } from "./layout.ts";

/** One level. */
export interface Level {
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
  /** Mean accuracy over the last batches at which the next level begins. */
  readonly gate: number;
  /** Steps at this level before the gate is looked at. */
  readonly leastSteps: number;
  /** Weight of "name your left neighbour". */
  readonly left: number;
  /** Difficulties of the task generator to draw from; 0 is the plain circuit. */
  readonly difficulties: readonly number[];
}

/** `count` pictures of `rows x columns` visual tokens. */
export function pictures(count: number, rows: number, columns = rows): TokenGrid[] {
  return Array.from({ length: count }, () => [rows, columns] as const);
}

/** Where a run stands in its levels. */
export interface CurriculumState {
  /** Index of the current level. */
  readonly level: number;
  /** Steps made at this level. */
  readonly stepsAtLevel: number;
  /** Accuracies of the last batches of this level, oldest first. */
  readonly recent: readonly number[];
}

/** Batches whose mean accuracy is compared with the gate. */
const gateWindow = 10;
/** Share of the steps that go to lower levels. */
const reviewShare = 0.4;

/** The beginning. */
export const firstState: CurriculumState = { level: 0, stepsAtLevel: 0, recent: [] };

/** The level of the next batch: the current one, or in a share of the steps a lower one. */
export function drawLevel(state: CurriculumState, random: Random): number {
  if (state.level === 0 || random.uniform() >= reviewShare) return state.level;
  return random.integer(state.level);
}

/**
 * The state after a batch.
 *
 * @param drawn level of the batch
 * @param accuracy share of right answers in it
 * @throws {InputError} when the accuracy is none
 *
 * @example
 * ```ts
 * import { advance, firstState } from "./curriculum.ts";
 * import { assertEquals } from "@std/assert";
 * const levels = [{ gate: 0.8, leastSteps: 0 }, { gate: 0.8, leastSteps: 0 }];
 * let state = firstState;
 * for (let i = 0; i < 10; i++) state = advance(levels, state, 0, 0.9);
 * assertEquals(state.level, 1);
 * ```
 */
export function advance(
  levels: readonly Pick<Level, "gate" | "leastSteps">[],
  state: CurriculumState,
  drawn: number,
  accuracy: number,
): CurriculumState {
  if (!(accuracy >= 0 && accuracy <= 1)) {
    throw new InputError(`Cannot advance with accuracy ${accuracy}: wanted 0 to 1`);
  }
  const stepsAtLevel = state.stepsAtLevel + 1;
  if (drawn !== state.level) return { ...state, stepsAtLevel };
  const recent = [...state.recent, accuracy].slice(-gateWindow);
  const mean = recent.reduce((a, b) => a + b, 0) / recent.length;
  const { gate, leastSteps } = levels[state.level];
  const passed = recent.length === gateWindow && mean >= gate && stepsAtLevel >= leastSteps;
  if (!passed || state.level === levels.length - 1) {
    return { level: state.level, stepsAtLevel, recent };
  }
  return { level: state.level + 1, stepsAtLevel: 0, recent: [] };
}
