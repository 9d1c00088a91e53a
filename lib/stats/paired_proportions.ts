/**
 * Right and wrong answers of two models on the same samples: the difference's interval, which has a
 * width also where no answer changes, and the exact test.
 *
 * @module
 */

import { InputError } from "../common/errors.ts";
import { binomialTail } from "./beta.ts";
import { checkLevel, type Interval } from "./interval.ts";
import { normalQuantile } from "./normal.ts";

/** Samples on which two models differ. */
export interface DiscordantPairs {
  /** Right by the first model only. */
  readonly lost: number;
  /** Right by the second model only. */
  readonly gained: number;
  /** All samples. */
  readonly samples: number;
}

/** Whether all values are 0 or 1. */
export function isBinary(values: ArrayLike<number>): boolean {
  for (let i = 0; i < values.length; i++) if (values[i] !== 0 && values[i] !== 1) return false;
  return true;
}

/**
 * Counts the samples on which two models differ.
 *
 * @param first 1 or 0 by sample
 * @param second 1 or 0 by sample, in the same order
 * @throws {InputError} when the lists differ in length, are empty or hold other numbers
 *
 * @example
 * ```ts
 * import { discordantPairs } from "./paired_proportions.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(discordantPairs([1, 1, 0], [1, 0, 0]), { lost: 1, gained: 0, samples: 3 });
 * ```
 */
export function discordantPairs(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
): DiscordantPairs {
  if (first.length !== second.length || first.length === 0) {
    throw new InputError(
      `Cannot pair ${first.length} answers with ${second.length}: wanted lists of one length, at ` +
        "least 1",
    );
  }
  if (!isBinary(first) || !isBinary(second)) {
    throw new InputError("Cannot pair answers that are not 1 (right) or 0 (wrong)");
  }
  let lost = 0, gained = 0;
  for (let i = 0; i < first.length; i++) {
    if (first[i] > second[i]) lost++;
    if (first[i] < second[i]) gained++;
  }
  return { lost, gained, samples: first.length };
}

/**
 * Score interval of the difference of two paired proportions (Tango 1998, "Equivalence test and
 * confidence interval for the difference in proportions for the paired-sample design"). Where no
 * sample differs it reaches z^2 / (n + z^2) to either side: 2.5 points for 150 samples.
 *
 * @param pairs samples on which the models differ
 * @param level confidence level in (0, 1), 0.95 by default
 * @returns of the first proportion minus the second
 * @throws {InputError} when the level or the counts are out of range
 *
 * @example
 * ```ts
 * import { pairedDifferenceInterval } from "./paired_proportions.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * const { low, high } = pairedDifferenceInterval({ lost: 0, gained: 0, samples: 150 });
 * assertAlmostEquals(high, 0.025, 1e-3);
 * assertAlmostEquals(low, -high);
 * ```
 */
export function pairedDifferenceInterval(pairs: DiscordantPairs, level = 0.95): Interval {
  checkLevel(level);
  const { lost, gained, samples: n } = pairs;
  if (!(lost >= 0 && gained >= 0 && n > 0 && lost + gained <= n)) {
    throw new InputError(
      `Cannot make an interval from ${lost} lost and ${gained} gained of ${n} answers`,
    );
  }
  const z = normalQuantile((1 + level) / 2);
  const estimate = (lost - gained) / n;
  /** The score statistic at a supposed difference; falls as the difference grows. */
  const score = (difference: number) => {
    const b = (2 * n - lost + gained) * difference - lost - gained;
    const c = -gained * difference * (1 - difference);
    const share = (Math.sqrt(Math.max(0, b * b - 8 * n * c)) - b) / (4 * n);
    const spread = n * (2 * share + difference * (1 - difference));
    const distance = lost - gained - n * difference;
    return distance === 0 ? 0 : distance / Math.sqrt(Math.max(spread, 1e-300));
  };
  /** The difference at which the statistic has a value, between two others. */
  const solve = (value: number, from: number, to: number) => {
    for (let step = 0; step < 100; step++) {
      const middle = (from + to) / 2;
      if (score(middle) > value) from = middle;
      else to = middle;
    }
    return (from + to) / 2;
  };
  return {
    estimate,
    low: lost - gained === -n ? -1 : solve(z, -1, estimate),
    high: lost - gained === n ? 1 : solve(-z, estimate, 1),
    level,
  };
}

/**
 * McNemar's test, exact: of the samples on which two models differ, as many should fall to either
 * side.
 *
 * @returns two-sided p-value; 1 where no sample differs
 *
 * @example
 * ```ts
 * import { mcnemarTest } from "./paired_proportions.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * assertAlmostEquals(mcnemarTest({ lost: 5, gained: 0, samples: 9 }), 2 / 32);
 * ```
 */
export function mcnemarTest({ lost, gained }: DiscordantPairs): number {
  return Math.min(1, 2 * binomialTail(Math.max(lost, gained), lost + gained, 0.5));
}
