/**
 * Interval of a proportion, such as accuracy.
 *
 * @module
 */

import { InputError } from "../common/errors.ts";
import { checkLevel, type Interval } from "./interval.ts";
import { normalQuantile } from "./normal.ts";

/**
 * Wilson's score interval of a proportion; sensible also at 0 and 100 %, where a bootstrap
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
  const whole = Number.isInteger(successes) && Number.isInteger(trials);
  if (!(whole && trials > 0 && successes >= 0 && successes <= trials)) {
    throw new InputError(
      `Cannot make an interval from ${successes} successes in ${trials} trials: wanted whole ` +
        `numbers with 0 <= successes <= trials and at least 1 trial`,
    );
  }
  const z = normalQuantile((1 + level) / 2);
  const estimate = successes / trials;
  const scale = 1 + z * z / trials;
  const centre = (estimate + z * z / (2 * trials)) / scale;
  const margin = z / scale *
    Math.sqrt(estimate * (1 - estimate) / trials + z * z / (4 * trials * trials));
  return {
    estimate,
    low: successes === 0 ? 0 : centre - margin,
    high: successes === trials ? 1 : centre + margin,
    level,
  };
}
