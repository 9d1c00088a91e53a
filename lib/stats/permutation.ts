/**
 * Permutation tests: of a paired mean by sign flips, exact where all of them can be listed, and of a
 * rank correlation by shuffling one list.
 *
 * @module
 */

import { InputError } from "../common/errors.ts";
import { Random, type Seed } from "./random.ts";
import { kendallTau, spearman } from "./rank.ts";
import { checkLabels, drawCount, groupRows, type Labels } from "./resample.ts";
import { checkFinite } from "./summary.ts";

/** Which departures from the null hypothesis count as extreme. */
export type Alternative = "two-sided" | "greater" | "less";

/** Options of every permutation test. */
export interface PermutationOptions {
  /** Which side counts; `"two-sided"` by default. */
  readonly alternative?: Alternative;
  /**
   * Number of random arrangements, 9999 by default; all arrangements are listed instead when
   * there are at most this many.
   */
  readonly draws?: number;
  /** Seed of the random arrangements; 0 by default. */
  readonly seed?: Seed;
}

/** Outcome of a permutation test. */
export interface PermutationResult {
  /** The statistic on the data as observed. */
  readonly statistic: number;
  /** Probability, under the null hypothesis, of a statistic at least as extreme. */
  readonly pValue: number;
  /** Whether every arrangement was listed. */
  readonly exact: boolean;
  /** Number of arrangements compared with. */
  readonly arrangements: number;
}

/**
 * P-value of an observed statistic among values drawn under the null hypothesis, counting the
 * observed one among them: (1 + number at least as extreme) / (1 + number), hence never 0
 * (Phipson and Smyth 2010). Two-sided: twice the smaller of the two tails, at most 1.
 *
 * Also fits "does the top set's drop exceed that of random control sets": `nulls` are the drops
 * of the control draws.
 *
 * @param observed the statistic of the data
 * @param nulls statistics under the null hypothesis
 * @param alternative which side counts, `"greater"` by default
 * @param exact whether `nulls` lists every arrangement, the observed one included: then the
 * plain share is returned, without the added one
 * @throws {InputError} when `nulls` is empty or a value is not finite
 *
 * @example
 * ```ts
 * import { monteCarloPValue } from "./permutation.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(monteCarloPValue(0.5, [0.1, 0, 0.2, -0.1]), 0.2);
 * ```
 */
export function monteCarloPValue(
  observed: number,
  nulls: ArrayLike<number>,
  alternative: Alternative = "greater",
  exact = false,
): number {
  checkFinite([observed], "take the p-value");
  checkFinite(nulls, "take the p-value");
  // Arrangements that are equal in exact arithmetic must count as ties.
  let largest = Math.abs(observed);
  for (let i = 0; i < nulls.length; i++) largest = Math.max(largest, Math.abs(nulls[i]));
  const tolerance = 1e-12 * largest;
  let above = 0;
  let below = 0;
  for (let i = 0; i < nulls.length; i++) {
    if (nulls[i] >= observed - tolerance) above++;
    if (nulls[i] <= observed + tolerance) below++;
  }
  const added = exact ? 0 : 1;
  const share = (count: number): number => (count + added) / (nulls.length + added);
  if (alternative === "greater") return share(above);
  if (alternative === "less") return share(below);
  return Math.min(1, 2 * Math.min(share(above), share(below)));
}

/** Collects null statistics, from all arrangements or from random ones, into a result. */
function conclude(
  statistic: number,
  nulls: Float64Array,
  exact: boolean,
  options: PermutationOptions,
): PermutationResult {
  const alternative = options.alternative ?? "two-sided";
  return {
    statistic,
    pValue: monteCarloPValue(statistic, nulls, alternative, exact),
    exact,
    arrangements: nulls.length,
  };
}

/**
 * Paired test that the mean difference is zero: under the null hypothesis each difference is as
 * likely to have the other sign.
 *
 * @param differences one per sample, e.g. dense minus ablated correctness
 * @param options side, draws, seed; `clusters` (one label per sample) flips samples that share a
 * context together
 * @returns `statistic` is the mean difference
 * @throws {InputError} when the list is empty, a value is not finite or labels do not fit
 *
 * @example
 * ```ts
 * import { signFlipTest } from "./permutation.ts";
 * import { assertEquals } from "@std/assert";
 * const { pValue, exact } = signFlipTest([1, 1, 1, 1, 1], { alternative: "greater" });
 * assertEquals({ pValue, exact }, { pValue: 1 / 32, exact: true });
 * ```
 */
export function signFlipTest(
  differences: ArrayLike<number>,
  options: PermutationOptions & { readonly clusters?: Labels } = {},
): PermutationResult {
  checkFinite(differences, "test the differences");
  checkLabels("cluster", options.clusters, differences.length);
  const sums = options.clusters === undefined ? Float64Array.from(differences) : Float64Array.from(
    groupRows(options.clusters).values(),
    (rows) => rows.reduce((sum, row) => sum + differences[row], 0),
  );
  const draws = drawCount(options.draws, 9999);
  const arrangements = 2 ** sums.length;
  const exact = arrangements <= draws;
  const random = new Random(options.seed ?? 0);
  const nulls = new Float64Array(exact ? arrangements : draws);
  for (let draw = 0; draw < nulls.length; draw++) {
    let sum = 0;
    let bits = 0;
    for (let i = 0; i < sums.length; i++) {
      if (i % 31 === 0) bits = exact ? draw : random.uint32() >>> 1;
      sum += (bits & 1) === 1 ? -sums[i] : sums[i];
      bits >>>= 1;
    }
    nulls[draw] = sum / differences.length;
  }
  const statistic = sums.reduce((sum, value) => sum + value, 0) / differences.length;
  return conclude(statistic, nulls, exact, options);
}

/**
 * Test that two lists, e.g. the heads' RAM and their causal effect, are unrelated, by their rank
 * correlation: under the null hypothesis every pairing is equally likely. Heads are treated as
 * exchangeable; for the uncertainty over samples use {@link bootstrapInterval}.
 *
 * @param a one value per head
 * @param b one value per head
 * @param options side, draws (random pairings; 9999), seed, and which `correlation`
 * @returns `statistic` is the correlation; with a constant list it is NaN and the p-value 1
 * @throws {InputError} when the lengths differ, are below 2, or a value is not finite
 *
 * @example
 * ```ts
 * import { rankCorrelationTest } from "./permutation.ts";
 * import { assert } from "@std/assert";
 * const ram = [1, 2, 3, 4, 5, 6, 7, 8], effect = [1, 3, 2, 4, 6, 5, 8, 7];
 * assert(rankCorrelationTest(ram, effect).pValue < 0.01);
 * ```
 */
export function rankCorrelationTest(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  options: PermutationOptions & { readonly correlation?: "kendall" | "spearman" } = {},
): PermutationResult {
  const kind = options.correlation ?? "kendall";
  if (kind !== "kendall" && kind !== "spearman") {
    throw new InputError(`Cannot test correlation ${kind}: it must be kendall or spearman`);
  }
  const correlate = kind === "kendall" ? kendallTau : spearman;
  const statistic = correlate(a, b);
  if (Number.isNaN(statistic)) return { statistic, pValue: 1, exact: false, arrangements: 0 };
  const random = new Random(options.seed ?? 0);
  const shuffled = Float64Array.from(b);
  const nulls = Float64Array.from(
    { length: drawCount(options.draws, 9999) },
    () => correlate(a, random.shuffle(shuffled)),
  );
  return conclude(statistic, nulls, false, options);
}
