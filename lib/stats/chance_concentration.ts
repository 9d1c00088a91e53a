/**
 * Is a score concentrated in fewer heads than chance would have it?
 *
 * @module
 */

import { InputError } from "../common/errors.ts";
import { gini, type ShareOptions, topShare } from "./concentration.ts";
import { columnMeans, type SampleMatrix } from "./matrix.ts";
import { monteCarloPValue } from "./permutation.ts";
import { Random, type Seed } from "./random.ts";
import { drawCount, groupRows, type Labels, resamplePlan } from "./resample.ts";
import { sortedQuantile } from "./summary.ts";

/** Options of {@link concentrationTest}. */
export interface ConcentrationTestOptions extends ShareOptions {
  /** What measures concentration: Gini coefficient (default) or share of the top heads. */
  readonly statistic?: "gini" | "topShare";
  /** Share of heads that counts as top, for `"topShare"`; 0.05 by default. */
  readonly fraction?: number;
  /**
   * Block of each column, e.g. its layer: values are exchanged within blocks only, so that a
   * profile over depth alone does not count as concentration. One block by default.
   */
  readonly blocks?: Labels;
  /** Cluster of each sample: samples of a cluster are exchanged in the same way. */
  readonly clusters?: Labels;
  /** Number of random exchanges; 999 by default. */
  readonly draws?: number;
  /** Seed of the exchanges; 0 by default. */
  readonly seed?: Seed;
}

/** Outcome of {@link concentrationTest}. */
export interface ConcentrationResult {
  /** Concentration of the mean map as observed. */
  readonly observed: number;
  /** Mean concentration under the null hypothesis. */
  readonly nullMean: number;
  /** 2.5% and 97.5% quantiles of the concentration under the null hypothesis. */
  readonly nullInterval: readonly [low: number, high: number];
  /** Concentrations under the null hypothesis, ascending, `[draws]`. */
  readonly nulls: Float64Array;
  /** Probability of at least the observed concentration under the null hypothesis. */
  readonly pValue: number;
}

/** Columns whose values are exchanged with each other, and where each one's value goes. */
interface Exchange {
  readonly columns: Uint32Array;
  readonly targets: Uint32Array;
}

/** Adds the rows into `sums`, their columns exchanged within blocks in the same way. */
function addExchanged(
  matrix: SampleMatrix,
  rows: Uint32Array,
  blocks: readonly Exchange[],
  random: Random,
  sums: Float64Array,
): void {
  const { columns: width, data } = matrix;
  for (const { columns, targets } of blocks) {
    random.shuffle(targets); // a shuffled order shuffled again is as random as a fresh one
    for (let r = 0; r < rows.length; r++) {
      const start = rows[r] * width;
      for (let i = 0; i < columns.length; i++) sums[targets[i]] += data[start + columns[i]];
    }
  }
}

/**
 * Tests whether the mean map over samples is more concentrated in a few heads than it would be if
 * heads were interchangeable.
 *
 * Null hypothesis: within each sample, every assignment of that sample's values to the heads is
 * equally likely, independently between samples (or clusters of samples). Each draw shuffles each
 * sample's values over the heads, averages over samples, and measures the concentration. So the
 * null keeps each sample's own values, however skewed (one head may hold everything in every
 * sample), and the number of samples; what it removes is that it is the *same* heads from sample
 * to sample. A comparison with uniform values would reject for any skewed score and show nothing.
 *
 * It does not say that concentration is large: with many samples any lasting difference between
 * heads is significant. Report the effect beside it (`observed` against `nullMean`, and an
 * interval of the share). With `blocks` set to the layers it asks whether single heads stand out
 * within their layer, beyond layers differing from each other.
 *
 * @param matrix values by sample and head, `[rows, columns]`
 * @param options statistic, fraction, blocks, clusters, draws (999), seed, negative values
 * @throws {InputError} when labels do not fit, draws is not positive, there are fewer than 2
 * columns, or a mean is negative and `negative` is not `"zero"`
 *
 * @example
 * ```ts
 * import { concentrationTest } from "./chance_concentration.ts";
 * import { sampleMatrix } from "./matrix.ts";
 * import { assert } from "@std/assert";
 * const sameHead = new Float64Array(80).map((_, i) => (i % 8 === 3 ? 1 : 0));
 * const otherHeads = new Float64Array(80).map((_, i) => (i % 8 === (i >> 3) % 8 ? 1 : 0));
 * assert(concentrationTest(sampleMatrix(sameHead, 10, 8)).pValue < 0.01);
 * assert(concentrationTest(sampleMatrix(otherHeads, 10, 8)).pValue > 0.1);
 * ```
 */
export function concentrationTest(
  matrix: SampleMatrix,
  options: ConcentrationTestOptions = {},
): ConcentrationResult {
  const { rows, columns } = matrix;
  const kind = options.statistic ?? "gini";
  if (kind !== "gini" && kind !== "topShare") {
    throw new InputError(`Cannot test concentration by ${kind}: it must be gini or topShare`);
  }
  if (columns < 2) throw new InputError("Cannot test the concentration of 1 head: 2 needed");
  if (options.blocks !== undefined && options.blocks.length !== columns) {
    throw new InputError(
      `Cannot exchange ${columns} heads with ${options.blocks.length} block labels: wanted one ` +
        `per head`,
    );
  }
  const measure = (means: Float64Array): number =>
    kind === "gini" ? gini(means, options) : topShare(means, options.fraction ?? 0.05, options);
  const clusters = resamplePlan(rows, { clusters: options.clusters }).strata[0];
  const blocks = [...groupRows(options.blocks ?? new Float64Array(columns)).values()]
    .map((block) => ({ columns: Uint32Array.from(block), targets: Uint32Array.from(block) }));
  const random = new Random(options.seed ?? 0);
  const sums = new Float64Array(columns);
  const nulls = Float64Array.from({ length: drawCount(options.draws, 999) }, () => {
    sums.fill(0);
    for (const cluster of clusters) addExchanged(matrix, cluster, blocks, random, sums);
    for (let c = 0; c < columns; c++) sums[c] /= rows;
    return measure(sums);
  });
  const observed = measure(columnMeans(matrix));
  nulls.sort();
  return {
    observed,
    nullMean: nulls.reduce((sum, value) => sum + value, 0) / nulls.length,
    nullInterval: [sortedQuantile(nulls, 0.025), sortedQuantile(nulls, 0.975)],
    nulls,
    pValue: monteCarloPValue(observed, nulls, "greater"),
  };
}
