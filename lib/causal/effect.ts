/**
 * Effects of ablations: what is lost, how sure that is, and whether it is more than controls lose.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { type HeadScores, sampleMap } from "../heads/head_scores.ts";
import { bootstrapInterval, differenceInterval } from "../stats/bootstrap_pairs.ts";
import type { BootstrapOptions } from "../stats/bootstrap.ts";
import { crossedInterval } from "../stats/crossed.ts";
import type { Interval } from "../stats/interval.ts";
import { holm } from "../stats/multiple.ts";
import {
  discordantPairs,
  isBinary,
  mcnemarTest,
  pairedDifferenceInterval,
} from "../stats/paired_proportions.ts";
import { monteCarloPValue, rankCorrelationTest, signFlipTest } from "../stats/permutation.ts";
import { spearman } from "../stats/rank.ts";
import { mean } from "../stats/summary.ts";

/** A metric by sample: 1 or 0 for right or wrong answers, or log-probabilities. */
export type MetricBySample = ArrayLike<number>;

/** What an ablation costs, on the same samples. */
export interface AblationEffect {
  /** Mean of the metric without ablation. */
  readonly baseline: number;
  /** Mean of the metric with it. */
  readonly value: number;
  /** Baseline minus value, with its interval over samples. */
  readonly drop: Interval;
  /** Probability of a change so large, of either sign, if the ablation did nothing. */
  readonly pValue: number;
}

/**
 * The change of a metric by an ablation, paired by sample, and its two-sided test. For right and wrong
 * answers these are Tango's score interval, which has a width also where no answer changes, and
 * McNemar's exact test; for other metrics, and for samples in clusters, bootstrap and sign flips.
 *
 * @param options draws, seed, level, strata (domains), clusters
 * @throws {InputError} when the lists differ in length, are empty or hold values that are not finite
 *
 * @example
 * ```ts
 * import { ablationEffect } from "./effect.ts";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 * const { drop, pValue } = ablationEffect([1, 1, 1, 1, 1, 1, 0, 1], [0, 0, 0, 0, 0, 0, 0, 0]);
 * assertEquals(drop.estimate, 0.875);
 * assertAlmostEquals(pValue, 1 / 64);
 * ```
 */
export function ablationEffect(
  baseline: MetricBySample,
  ablated: MetricBySample,
  options: BootstrapOptions = {},
): AblationEffect {
  const means = { baseline: mean(baseline), value: mean(ablated) };
  if (!options.clusters && isBinary(baseline) && isBinary(ablated)) {
    const pairs = discordantPairs(baseline, ablated);
    const drop = pairedDifferenceInterval(pairs, options.level);
    return { ...means, drop, pValue: mcnemarTest(pairs) };
  }
  const drop = differenceInterval(baseline, ablated, options);
  return { ...means, drop, pValue: flipped(baseline, ablated, options) };
}

/** Two-sided p-value of the mean difference, by sign flips. */
function flipped(a: MetricBySample, b: MetricBySample, { seed, clusters }: BootstrapOptions) {
  return signFlipTest(Float64Array.from(a, (value, i) => value - b[i]), { seed, clusters }).pValue;
}

/** How an ablation's drop stands against that of its controls. */
export interface ControlComparison {
  /** Drop of the ablation minus the mean drop of the control draws, over samples and draws. */
  readonly excess: Interval;
  /** Drop by draw of the controls, over the samples on which it was run. */
  readonly controlDrops: readonly number[];
  /**
   * Probability of an excess so far from 0, of either sign, if the ablation cost what the controls
   * cost on average; samples and draws could both have come out otherwise.
   */
  readonly pValue: number;
  /**
   * (1 + draws that are at least as damaging) / (1 + draws): how likely the ablation would cost so much
   * if it were one more draw.
   */
  readonly pValueOverDraws: number;
}

/** So few samples with another excess than the rest tell a bootstrap too little. */
const fewSamples = 5;

/**
 * Compares an ablation with draws of control heads on the same samples. The interval is from a
 * bootstrap over samples and draws; where answers are right or wrong and fewer than five samples differ
 * from the rest, it also covers Tango's interval against the answer that most draws give.
 *
 * @param controls metric by sample of each draw; NaN where a draw was not run on a sample
 * @param options draws of the bootstrap, seed, level, strata, clusters
 * @throws {InputError} without draws, when lists differ in length, or for a draw without any sample
 *
 * @example
 * ```ts
 * import { compareWithControls } from "./effect.ts";
 * import { assert, assertEquals } from "@std/assert";
 * const baseline = [1, 1, 1, 1], ablated = [0, 0, 0, 0];
 * const { excess, pValueOverDraws } = compareWithControls(baseline, ablated, [
 *   [1, 1, 1, 0],
 *   [1, 1, NaN, 1],
 * ]);
 * assertEquals(excess.estimate, 6 / 7);
 * assert(excess.low < 6 / 7);
 * assertEquals(pValueOverDraws, 1 / 3);
 * ```
 */
export function compareWithControls(
  baseline: MetricBySample,
  ablated: MetricBySample,
  controls: readonly MetricBySample[],
  options: BootstrapOptions = {},
): ControlComparison {
  const rows = baseline.length, columns = controls.length;
  if (columns === 0) {
    throw new InputError("Cannot compare an ablation with 0 draws of controls: 1 needed");
  }
  for (const control of controls) {
    if (control.length !== rows) {
      throw new InputError(`Cannot compare ${rows} samples with ${control.length} of a control`);
    }
    if (!Array.from(control).some((value) => !Number.isNaN(value))) {
      throw new InputError("Cannot compare with a draw of controls that was run on no sample");
    }
  }
  const data = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      data[row * columns + column] = controls[column][row] - ablated[row];
    }
  }
  const over = (column: number, value: (row: number) => number) => {
    const measured = [...Array(rows).keys()].filter((row) => !Number.isNaN(controls[column][row]));
    return mean(Float64Array.from(measured, value));
  };
  const excesses = controls.map((control, column) =>
    over(column, (row) => control[row] - ablated[row])
  );
  return {
    ...excessOf({ rows, columns, data }, ablated, controls, options),
    controlDrops: controls.map((control, column) =>
      over(column, (row) => baseline[row] - control[row])
    ),
    // on a draw's own samples; with all samples that is a comparison of drops
    pValueOverDraws: monteCarloPValue(0, excesses.map((excess) => -excess), "greater"),
  };
}

/** The excess with its interval and test. */
function excessOf(
  table: { readonly rows: number; readonly columns: number; readonly data: Float64Array },
  ablated: MetricBySample,
  controls: readonly MetricBySample[],
  options: BootstrapOptions,
): Pick<ControlComparison, "excess" | "pValue"> {
  const [only] = controls;
  if (controls.length === 1 && !Array.from(only).some(Number.isNaN)) {
    const { drop, pValue } = ablationEffect(only, ablated, options);
    return { excess: drop, pValue };
  }
  const { pValue, standardError: _, ...excess } = crossedInterval(table, options);
  const usual = usualAnswers(controls, table.rows);
  if (usual === null || !isBinary(ablated)) return { excess, pValue };
  const differences = usual.map(({ share, row }) => share - ablated[row]);
  if (othersThanCommonest(differences) >= fewSamples) return { excess, pValue };
  const pairs = discordantPairs(
    usual.map(({ share }) => share >= 0.5 ? 1 : 0),
    usual.map(({ row }) => ablated[row]),
  );
  const tango = pairedDifferenceInterval(pairs, options.level);
  return {
    excess: {
      ...excess,
      low: Math.min(excess.low, tango.low),
      high: Math.max(excess.high, tango.high),
    },
    pValue: Math.max(pValue, mcnemarTest(pairs)),
  };
}

/** By sample the share of draws that answer rightly; null for other metrics. */
function usualAnswers(controls: readonly MetricBySample[], rows: number) {
  const found: { readonly row: number; readonly share: number }[] = [];
  for (let row = 0; row < rows; row++) {
    const values = controls.map((control) => control[row]).filter((value) => !Number.isNaN(value));
    if (!isBinary(values)) return null;
    if (values.length > 0) found.push({ row, share: mean(Float64Array.from(values)) });
  }
  return found;
}

/** How many values are not the commonest one. */
function othersThanCommonest(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return values.length - Math.max(...counts.values());
}

/**
 * P-values corrected for the number of comparisons (Holm), by name.
 *
 * @example
 * ```ts
 * import { correctedPValues } from "./effect.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(correctedPValues({ random: 0.01, bottom: 0.03 }), { random: 0.02, bottom: 0.03 });
 * ```
 */
export function correctedPValues<Name extends string>(
  pValues: Readonly<Record<Name, number>>,
): Record<Name, number> {
  const names = Object.keys(pValues) as Name[];
  const corrected = holm(names.map((name) => pValues[name]));
  return Object.fromEntries(names.map((name, i) => [name, corrected[i]])) as Record<Name, number>;
}

/** How a score predicts what heads do, head by head. */
export interface EffectCorrelation {
  /** Spearman's correlation between score and effect over heads, with its interval over samples. */
  readonly spearman: Interval;
  /** Probability of such a correlation (of either sign) between unrelated lists. */
  readonly pValue: number;
}

/**
 * Rank correlation between a head's score and its causal effect. The interval draws the samples of
 * both again, together.
 *
 * @param scores by sample and head: what `findHeads` gives, or rows `[samples][heads]`
 * @param effects the same samples and heads: loss of the metric when the head is ablated alone, what
 *   `headEffects` gives, or rows
 * @throws {InputError} when the samples or heads of the two differ
 *
 * @example
 * ```ts
 * import { effectCorrelation } from "./effect.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * const scores = [[0, 1, 2, 3], [0, 1, 2, 3]], effects = [[0, 2, 4, 9], [1, 2, 3, 5]];
 * const { spearman } = effectCorrelation(scores, effects, { draws: 100 });
 * assertAlmostEquals(spearman.estimate, 1);
 * ```
 */
export function effectCorrelation(
  scores: HeadScores | readonly ArrayLike<number>[],
  effects: HeadScores | readonly ArrayLike<number>[],
  options: BootstrapOptions = {},
): EffectCorrelation {
  return correlateRows(rowsOf(scores), rowsOf(effects), options);
}

function rowsOf(table: HeadScores | readonly ArrayLike<number>[]): readonly ArrayLike<number>[] {
  return "sampleIds" in table ? table.sampleIds.map((_, row) => sampleMap(table, row)) : table;
}

function correlateRows(
  scores: readonly ArrayLike<number>[],
  effects: readonly ArrayLike<number>[],
  options: BootstrapOptions,
): EffectCorrelation {
  const heads = scores[0]?.length ?? 0;
  const samples = scores.length;
  if (effects.length !== samples || [...scores, ...effects].some((row) => row.length !== heads)) {
    throw new InputError(
      `Cannot correlate scores of ${samples} samples with effects of ${effects.length}: wanted the ` +
        "same samples and heads",
    );
  }
  const meanOf = (table: readonly ArrayLike<number>[], rows: ArrayLike<number>) => {
    const means = new Float64Array(heads);
    for (let i = 0; i < rows.length; i++) {
      for (let head = 0; head < heads; head++) means[head] += table[rows[i]][head] / rows.length;
    }
    return means;
  };
  const all = Uint32Array.from({ length: samples }, (_, i) => i);
  return {
    spearman: bootstrapInterval(
      samples,
      (rows) => spearman(meanOf(scores, rows), meanOf(effects, rows)),
      options,
    ),
    pValue: rankCorrelationTest(meanOf(scores, all), meanOf(effects, all), {
      correlation: "spearman",
      seed: options.seed,
    }).pValue,
  };
}
