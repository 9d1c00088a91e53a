/**
 * Intervals of a proportion, such as accuracy: Wilson's, and the exact one.
 *
 * @module
 */

import { InputError } from "../common/errors.ts";
import { betaQuantile } from "./beta.ts";
import { checkLevel, type Interval } from "./interval.ts";
import { normalQuantile } from "./normal.ts";

/** Throws unless the counts are of trials. */
function checkCounts(successes: number, trials: number): void {
  const whole = Number.isInteger(successes) && Number.isInteger(trials);
  if (whole && trials > 0 && successes >= 0 && successes <= trials) return;
  throw new InputError(
    `Cannot make an interval from ${successes} successes in ${trials} trials: wanted whole ` +
      `numbers with 0 <= successes <= trials and at least 1 trial`,
  );
}

/**
 * Wilson's score interval of a proportion; sensible also at 0 and 100%, where a bootstrap
 * interval has width zero. Assumes independent trials.
 *
 * @param successes number of successes, 0 to `trials`
 * @param trials number of trials, at least 1
 * @param level confidence level in (0, 1), 0.95 by default
 * @throws {InputError} when the counts or the level are out of range
 *
 * @example
 * ```ts
 * import { wilsonInterval } from "./proportion.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * const { low, high } = wilsonInterval(20, 20);
 * assertAlmostEquals(low, 0.8389, 1e-4);
 * assertAlmostEquals(high, 1);
 * ```
 */
export function wilsonInterval(successes: number, trials: number, level = 0.95): Interval {
  checkLevel(level);
  checkCounts(successes, trials);
  return wilsonOfShare(successes / trials, trials, level);
}

/** {@link wilsonInterval} of a share at a number of trials that need not be whole (effective ones). */
export function wilsonOfShare(estimate: number, trials: number, level = 0.95): Interval {
  const z = normalQuantile((1 + level) / 2);
  const scale = 1 + z * z / trials;
  const centre = (estimate + z * z / (2 * trials)) / scale;
  const margin = z / scale *
    Math.sqrt(estimate * (1 - estimate) / trials + z * z / (4 * trials * trials));
  return {
    estimate,
    low: estimate === 0 ? 0 : centre - margin,
    high: estimate === 1 ? 1 : centre + margin,
    level,
  };
}

/**
 * The exact interval of a proportion (Clopper and Pearson 1934): never covers less than its level, at
 * the price of being wide. Assumes independent trials.
 *
 * @param successes number of successes, 0 to `trials`
 * @param trials number of trials, at least 1
 * @param level confidence level in (0, 1), 0.95 by default
 * @throws {InputError} when the counts or the level are out of range
 *
 * @example
 * ```ts
 * import { clopperPearsonInterval } from "./proportion.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * const { low, high } = clopperPearsonInterval(0, 150);
 * assertAlmostEquals(high, 1 - 0.025 ** (1 / 150), 1e-12);
 * assertAlmostEquals(low, 0);
 * ```
 */
export function clopperPearsonInterval(successes: number, trials: number, level = 0.95): Interval {
  checkLevel(level);
  checkCounts(successes, trials);
  const tail = (1 - level) / 2;
  return {
    estimate: successes / trials,
    low: successes === 0 ? 0 : betaQuantile(tail, successes, trials - successes + 1),
    high: successes === trials ? 1 : betaQuantile(1 - tail, successes + 1, trials - successes),
    level,
  };
}
