/**
 * Learning rates over time: warm-up, a plateau, and a cosine down to a floor.
 *
 * @module
 */
import { InputError } from "../../lib/common/errors.ts";

/** Shape of the learning rate; all lengths in steps. */
export interface Schedule {
  /** Steps over which the rate rises linearly from 0. */
  readonly warmUp: number;
  /** Step at which the cosine begins; the rate is 1 until then. */
  readonly holdUntil: number;
  /** Step from which on the rate is `floor`. */
  readonly end: number;
  /** Last rate, as a share of the highest. */
  readonly floor: number;
}

/**
 * A schedule over some steps, whose rates fall after the share `held` of them. The warm-up ends there
 * at the latest, so that trials of a few steps have a schedule, too.
 *
 * @example
 * ```ts
 * import { scheduleOver } from "./schedule.ts";
 * import { assertEquals } from "@std/assert";
 * const shape = { warmUp: 10, held: 0.4, floor: 0.03 };
 * assertEquals(scheduleOver(150, shape), { warmUp: 10, holdUntil: 60, end: 150, floor: 0.03 });
 * assertEquals(scheduleOver(5, shape), { warmUp: 2, holdUntil: 2, end: 5, floor: 0.03 });
 * ```
 */
export function scheduleOver(
  steps: number,
  { warmUp, held, floor }: Pick<Schedule, "warmUp" | "floor"> & { readonly held: number },
): Schedule {
  const holdUntil = Math.round(held * steps);
  return { warmUp: Math.min(warmUp, holdUntil), holdUntil, end: steps, floor };
}

/**
 * Factor of the learning rate at a step.
 *
 * @param step 0 for the first
 * @throws {InputError} when the schedule's steps are not in order
 *
 * @example
 * ```ts
 * import { rateAt } from "./schedule.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * const schedule = { warmUp: 10, holdUntil: 20, end: 120, floor: 0.1 };
 * assertAlmostEquals(rateAt(schedule, 4), 0.5);
 * assertAlmostEquals(rateAt(schedule, 70), 0.55);
 * assertAlmostEquals(rateAt(schedule, 500), 0.1);
 * ```
 */
export function rateAt(schedule: Schedule, step: number): number {
  const { warmUp, holdUntil, end, floor } = schedule;
  if (!(warmUp >= 0 && holdUntil >= warmUp && end >= holdUntil)) {
    throw new InputError(
      `Cannot follow a schedule with warm-up to ${warmUp}, plateau to ${holdUntil} and end at ` +
        `${end}: the steps must not descend`,
    );
  }
  if (step < warmUp) return (step + 1) / warmUp;
  if (step < holdUntil) return 1;
  if (step >= end) return floor;
  const share = (step - holdUntil) / (end - holdUntil);
  return floor + (1 - floor) * (1 + Math.cos(Math.PI * share)) / 2;
}
