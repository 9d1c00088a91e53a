/**
 * Effects of ablations: what is lost, how sure that is, and whether it is more than controls lose.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { type HeadScores, sampleMap } from "../heads/head_scores.ts";
import { bootstrapInterval, differenceInterval } from "../stats/bootstrap_pairs.ts";
import type { BootstrapOptions } from "../stats/bootstrap.ts";
import type { Interval } from "../stats/interval.ts";
import { holm } from "../stats/multiple.ts";
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
  /** Probability of such a drop (or a larger one) if the ablation did nothing: sign flips. */
  readonly pValue: number;
}

/**
 * The drop of a metric by an ablation, paired by sample.
 *
 * @param options draws, seed, level, strata (domains), clusters
 * @throws {InputError} when the lists differ in length, are empty or hold values that are not finite
 *
 * @example
 * ```ts
 * import { ablationEffect } from "./effect.ts";
 * import { assertEquals } from "@std/assert";
 * const { drop, pValue } = ablationEffect([1, 1, 1, 1, 1, 1, 0, 1], [0, 0, 0, 0, 0, 0, 0, 0]);
 * assertEquals(drop.estimate, 0.875);
 * assertEquals(pValue, 1 / 128);
 * ```
 */
export function ablationEffect(
  baseline: MetricBySample,
  ablated: MetricBySample,
  options: BootstrapOptions = {},
): AblationEffect {
  const drop = differenceInterval(baseline, ablated, options);
  const differences = Float64Array.from(baseline, (value, i) => value - ablated[i]);
  const { pValue } = signFlipTest(differences, {
    alternative: "greater",
    seed: options.seed,
    clusters: options.clusters,
  });
  return { baseline: mean(baseline), value: mean(ablated), drop, pValue };
}

/** How an ablation's drop stands against that of its controls. */
export interface ControlComparison {
  /** Drop of the ablation minus the mean drop of the control draws, with its interval. */
  readonly excess: Interval;
  /** Drop by draw of the controls. */
  readonly controlDrops: readonly number[];
  /**
   * Probability of such an excess if the ablation were no worse than the controls, over samples:
   * sign flips of each sample's excess.
   */
  readonly pValue: number;
  /** Share of draws (with the ablation itself) that lose at least as much; at least 1/(draws + 1). */
  readonly pValueOverDraws: number;
}

/**
 * Compares an ablation with draws of control heads on the same samples.
 *
 * @param controls metric by sample of each draw
 * @throws {InputError} without draws, or when lists differ in length
 *
 * @example
 * ```ts
 * import { compareWithControls } from "./effect.ts";
 * import { assertEquals } from "@std/assert";
 * const baseline = [1, 1, 1, 1], ablated = [0, 0, 0, 0];
 * const { excess } = compareWithControls(baseline, ablated, [[1, 1, 1, 0], [1, 1, 0, 1]]);
 * assertEquals(excess.estimate, 0.75);
 * ```
 */
export function compareWithControls(
  baseline: MetricBySample,
  ablated: MetricBySample,
  controls: readonly MetricBySample[],
  options: BootstrapOptions = {},
): ControlComparison {
  if (controls.length === 0) {
    throw new InputError("Cannot compare an ablation with 0 draws of controls: 1 needed");
  }
  for (const control of controls) {
    if (control.length === baseline.length) continue;
    throw new InputError(
      `Cannot compare ${baseline.length} samples with ${control.length} of a control`,
    );
  }
  const meanControl = Float64Array.from(
    { length: baseline.length },
    (_, i) => controls.reduce((sum, control) => sum + control[i], 0) / controls.length,
  );
  const drop = (metric: MetricBySample) => mean(baseline) - mean(metric);
  const controlDrops = controls.map(drop);
  const differences = meanControl.map((value, i) => value - ablated[i]);
  return {
    excess: differenceInterval(meanControl, ablated, options),
    controlDrops,
    pValue: signFlipTest(differences, {
      alternative: "greater",
      seed: options.seed,
      clusters: options.clusters,
    }).pValue,
    pValueOverDraws: monteCarloPValue(drop(ablated), controlDrops, "greater"),
  };
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
