/**
 * Does the ranking of heads hold: between halves of the data, between domains, between rules?
 *
 * @module
 */

import { InputError } from "../common/errors.ts";
import { shareOf, type ShareOptions, topCount } from "./concentration.ts";
import { columnMeans, type SampleMatrix } from "./matrix.ts";
import { jaccardAtK, rankBiasedOverlap } from "./overlap.ts";
import { Random, type Seed } from "./random.ts";
import { kendallTau, pearson, spearman, topIndices } from "./rank.ts";
import { drawCount, type Labels, resamplePlan } from "./resample.ts";
import { mean, sortedQuantile } from "./summary.ts";

/** Options of comparisons between two score maps. */
export interface AgreementOptions {
  /** Share of heads that counts as top, for the Jaccard index; 0.05 by default. */
  readonly fraction?: number;
  /** Persistence of the rank-biased overlap; 0.9 by default. */
  readonly persistence?: number;
}

/** How well two score maps agree. */
export interface Agreement {
  /** Kendall's tau-b over all heads; NaN when one map is constant. */
  readonly kendall: number;
  /** Spearman's correlation over all heads; NaN when one map is constant. */
  readonly spearman: number;
  /** Extrapolated rank-biased overlap, weighted towards the top. */
  readonly rankBiasedOverlap: number;
  /** Jaccard index of the top fractions. */
  readonly jaccard: number;
}

/**
 * How well two score maps over the same heads agree.
 *
 * @param a scores, one per head
 * @param b scores of the same heads
 * @param options top fraction (0.05), persistence (0.9)
 * @throws {InputError} when the lengths differ, are below 2, or a value is not finite
 *
 * @example
 * ```ts
 * import { agreement } from "./stability.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * assertAlmostEquals(agreement([3, 2, 1], [30, 20, 10]).kendall, 1);
 * ```
 */
export function agreement(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  options: AgreementOptions = {},
): Agreement {
  return {
    kendall: kendallTau(a, b),
    spearman: spearman(a, b),
    rankBiasedOverlap: rankBiasedOverlap(topIndices(a), topIndices(b), options.persistence ?? 0.9),
    jaccard: jaccardAtK(a, b, topCount(a.length, options.fraction ?? 0.05)),
  };
}

/** Agreement of every pair of named score maps; each table is `[names, names]`, symmetric. */
export interface AgreementTable {
  /** Names of the maps, in the order given. */
  readonly names: readonly string[];
  /** Tables by measure, `table[i][j]` for the maps i and j. */
  readonly tables: Readonly<Record<keyof Agreement, readonly (readonly number[])[]>>;
}

/**
 * Agreement of every pair of score maps, e.g. of domains, lengths or scoring rules.
 *
 * @param maps scores by name, all over the same heads
 * @param options top fraction (0.05), persistence (0.9)
 * @throws {InputError} when the maps differ in length or a value is not finite
 *
 * @example
 * ```ts
 * import { agreementTable } from "./stability.ts";
 * import { assertEquals } from "@std/assert";
 * const { tables } = agreementTable({ scene: [3, 2, 1], page: [3, 1, 2] });
 * assertEquals(tables.jaccard[0][1], 1);
 * ```
 */
export function agreementTable(
  maps: Readonly<Record<string, ArrayLike<number>>>,
  options: AgreementOptions = {},
): AgreementTable {
  const names = Object.keys(maps);
  const empty = (): number[][] => names.map(() => new Array<number>(names.length).fill(1));
  const tables = {
    kendall: empty(),
    spearman: empty(),
    rankBiasedOverlap: empty(),
    jaccard: empty(),
  };
  for (let i = 0; i < names.length; i++) {
    for (let j = i; j < names.length; j++) {
      const pair = agreement(maps[names[i]], maps[names[j]], options);
      for (const measure of Object.keys(tables) as (keyof Agreement)[]) {
        tables[measure][i][j] = tables[measure][j][i] = pair[measure];
      }
    }
  }
  return { names, tables };
}

/** A mean over random splits and the range that 95% of the splits lie in. */
export interface SplitSummary {
  /** Mean over splits. */
  readonly mean: number;
  /** 2.5% quantile over splits. */
  readonly low: number;
  /** 97.5% quantile over splits. */
  readonly high: number;
}

/** Outcome of {@link splitHalf}. */
export interface SplitHalfResult {
  /** Pearson correlation of the two halves' mean maps. */
  readonly pearson: SplitSummary;
  /** Spearman correlation of the two halves' mean maps. */
  readonly spearman: SplitSummary;
  /** Kendall's tau-b of the two halves' mean maps. */
  readonly kendall: SplitSummary;
  /** Rank-biased overlap of the two halves' rankings. */
  readonly rankBiasedOverlap: SplitSummary;
  /** Jaccard index of the two halves' top fractions. */
  readonly jaccard: SplitSummary;
  /** Share of one half's total held by the heads that are top in the other half. */
  readonly heldOutTopShare: SplitSummary;
  /** Reliability of the map over all samples: Spearman and Brown's formula on `pearson.mean`. */
  readonly reliability: number;
  /** Number of splits on which every correlation was defined. */
  readonly splits: number;
}

/** Options of {@link splitHalf}. */
export interface SplitHalfOptions extends AgreementOptions, ShareOptions {
  /** Number of random splits; 200 by default. */
  readonly splits?: number;
  /** Seed of the splits; 0 by default. */
  readonly seed?: Seed;
  /** Stratum of each sample, e.g. its domain: each is split in halves by itself. */
  readonly strata?: Labels;
  /** Cluster of each sample: clusters are never divided. */
  readonly clusters?: Labels;
}

/**
 * Reliability of a measurement `factor` times as long (Spearman and Brown).
 *
 * @param correlation between two parallel measurements, e.g. two halves; above -1/(factor - 1)
 * @param factor how many times as many samples, 2 by default
 * @throws {InputError} when the formula has no value there
 *
 * @example
 * ```ts
 * import { spearmanBrown } from "./stability.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * assertAlmostEquals(spearmanBrown(0.5), 2 / 3);
 * ```
 */
export function spearmanBrown(correlation: number, factor = 2): number {
  const denominator = 1 + (factor - 1) * correlation;
  if (!(factor > 0 && denominator > 0)) {
    throw new InputError(
      `Cannot lengthen a measurement of correlation ${correlation} by ${factor}: wanted a factor ` +
        `above 0 and a correlation above ${-1 / (factor - 1)}`,
    );
  }
  return factor * correlation / denominator;
}

/**
 * Agreement between the mean maps of random halves of the samples.
 *
 * The ranges describe how splits differ; they are not confidence intervals. `heldOutTopShare` is
 * free of the upward bias of a share measured on the samples that chose the heads.
 *
 * @param matrix values by sample, `[rows, columns]`
 * @param options splits (200), seed (0), strata, clusters, fraction (0.05), persistence (0.9)
 * @throws {InputError} when there are fewer than two units to split, fewer than two columns, or
 * labels do not fit
 *
 * @example
 * ```ts
 * import { splitHalf } from "./stability.ts";
 * import { sampleMatrix } from "./matrix.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * const rows = new Float64Array(40).map((_, i) => i % 4);
 * assertAlmostEquals(splitHalf(sampleMatrix(rows, 10, 4)).reliability, 1);
 * ```
 */
export function splitHalf(matrix: SampleMatrix, options: SplitHalfOptions = {}): SplitHalfResult {
  const plan = resamplePlan(matrix.rows, options);
  const units = plan.strata.reduce((sum, stratum) => sum + stratum.length, 0);
  if (units < 2 || matrix.columns < 2) {
    throw new InputError(
      `Cannot split ${units} units of ${matrix.columns} heads in halves: at least 2 of each needed`,
    );
  }
  const top = topCount(matrix.columns, options.fraction ?? 0.05);
  const random = new Random(options.seed ?? 0);
  const measured: Record<Exclude<keyof SplitHalfResult, "reliability" | "splits">, number[]> = {
    pearson: [],
    spearman: [],
    kendall: [],
    rankBiasedOverlap: [],
    jaccard: [],
    heldOutTopShare: [],
  };
  const splits = drawCount(options.splits, 200);
  for (let split = 0; split < splits; split++) {
    const halves: [number[], number[]] = [[], []];
    let longer = random.integer(2); // takes the odd unit, in turn over strata
    for (const stratum of plan.strata) {
      const order = random.permutation(stratum.length);
      if (stratum.length % 2 === 1) longer = 1 - longer;
      order.forEach((unit, i) => halves[(i + longer) % 2].push(...stratum[unit]));
    }
    const [a, b] = halves.map((rows) => columnMeans(matrix, rows));
    const pair = agreement(a, b, options);
    const correlation = pearson(a, b);
    if (Number.isNaN(correlation)) continue;
    measured.pearson.push(correlation);
    for (const [measure, value] of Object.entries(pair)) {
      measured[measure as keyof Agreement].push(value);
    }
    measured.heldOutTopShare.push(
      (shareOf(b, topIndices(a, top), options) + shareOf(a, topIndices(b, top), options)) / 2,
    );
  }
  const summary = (values: number[]): SplitSummary => {
    if (values.length === 0) return { mean: NaN, low: NaN, high: NaN };
    const sorted = Float64Array.from(values).sort();
    return {
      mean: mean(values),
      low: sortedQuantile(sorted, 0.025),
      high: sortedQuantile(sorted, 0.975),
    };
  };
  const correlation = summary(measured.pearson);
  return {
    pearson: correlation,
    spearman: summary(measured.spearman),
    kendall: summary(measured.kendall),
    rankBiasedOverlap: summary(measured.rankBiasedOverlap),
    jaccard: summary(measured.jaccard),
    heldOutTopShare: summary(measured.heldOutTopShare),
    reliability: correlation.mean > -1 ? spearmanBrown(correlation.mean) : NaN,
    splits: measured.pearson.length,
  };
}
