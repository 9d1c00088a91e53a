/**
 * Do two models have the same best heads: one before and after quantisation, fine-tuning or pruning?
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { bootstrapInterval } from "../stats/bootstrap_pairs.ts";
import type { BootstrapOptions } from "../stats/bootstrap.ts";
import type { Interval } from "../stats/interval.ts";
import { columnMeans } from "../stats/matrix.ts";
import { overlapAtK } from "../stats/overlap.ts";
import { Random } from "../stats/random.ts";
import { spearman } from "../stats/rank.ts";
import { filterSamples, type HeadScores, scoreMatrix } from "./head_scores.ts";

/** One measure of agreement of two models. */
export interface PairedMeasure {
  /** Of the mean maps over the same samples; the interval is over samples, both models on the same. */
  readonly same: Interval;
  /** The first model on one half of the samples, the second on the other: mean over random halves. */
  readonly across: number;
  /** The first model on both halves: what `across` would be if nothing had changed. */
  readonly within: number;
}

/** What {@link pairedAgreement} found. */
export interface PairedAgreement {
  /** Samples that both have. */
  readonly samples: number;
  /** Heads in the top lists. */
  readonly top: number;
  /** Spearman's rank correlation over all heads. */
  readonly spearman: PairedMeasure;
  /** Share of the one model's top heads that are among the other's. */
  readonly overlap: PairedMeasure;
  /** Overlap of two top lists drawn at random. */
  readonly chanceOverlap: number;
}

/** Settings of {@link pairedAgreement}. */
export interface PairedAgreementOptions extends Pick<BootstrapOptions, "draws" | "level" | "seed"> {
  /** Share of heads that counts as top; 0.05 by default. */
  readonly fraction?: number;
  /** Random halves; 200 by default. */
  readonly splits?: number;
}

/**
 * How far two models agree on which heads are best, on the samples that both were scored on.
 *
 * Agreement on the same samples shares their chance: it is 1 for a model with itself however few there
 * are. `across` and `within` are over different samples, as between two studies; what a change of the
 * model did is what `across` has less than `within`. Halves are of half as many samples, so both are
 * below what all samples would give. Intervals are percentiles over samples: a drawn map is noisier
 * than the mean map, so that they may lie low.
 *
 * @param a scores of one model by some rule
 * @param b scores of the other by the same rule
 * @throws {InputError} for other rules or numbers of heads, fewer than 4 samples in both, or a share
 * outside (0, 1]
 *
 * @example
 * ```ts
 * import { pairedAgreement } from "./paired_agreement.ts";
 * import { headScores } from "./head_scores.ts";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 * const scores = headScores("ram", { layers: 2, heads: 2 }, [0, 1, 2, 3].map((i) => ({
 *   id: `sample ${i}`,
 *   domain: "page",
 *   map: Float32Array.of(0.1, 0.9, 0.2, 0.3),
 * })));
 * const { spearman, overlap } = pairedAgreement(scores, scores, { fraction: 0.25 });
 * assertAlmostEquals(spearman.same.estimate, 1);
 * assertEquals([overlap.across, overlap.within], [1, 1]);
 * ```
 */
export function pairedAgreement(
  a: HeadScores,
  b: HeadScores,
  options: PairedAgreementOptions = {},
): PairedAgreement {
  const { fraction = 0.05, splits = 200, seed = 0, draws = 1000 } = options;
  const [, layers, heads] = a.shape;
  if (a.rule !== b.rule || String([layers, heads]) !== String(b.shape.slice(1))) {
    throw new InputError(
      `Cannot compare scores by "${a.rule}" of ${layers} x ${heads} heads with "${b.rule}" of ` +
        `${b.shape[1]} x ${b.shape[2]}: wanted the same rule and heads`,
    );
  }
  if (!(fraction > 0 && fraction <= 1)) {
    throw new InputError(`Cannot take the top ${fraction} of heads: fraction must be in (0, 1]`);
  }
  const place = new Map(b.sampleIds.map((id, row) => [id, row]));
  const ids = a.sampleIds.filter((id) => place.has(id));
  if (ids.length < 4) {
    throw new InputError(
      `Cannot compare scores on ${ids.length} samples that both have: wanted at least 4`,
    );
  }
  const rowsOfB = ids.map((id) => place.get(id)!);
  const known = new Set(ids);
  const first = scoreMatrix(filterSamples(a, (id) => known.has(id)));
  const second = scoreMatrix(b);
  const mapOfA = (rows: ArrayLike<number>) => columnMeans(first, rows);
  const mapOfB = (rows: ArrayLike<number>) =>
    columnMeans(second, Uint32Array.from(rows, (row) => rowsOfB[row]));
  const total = layers * heads, top = Math.max(1, Math.round(fraction * total));
  const measure = (of: (x: Float64Array, y: Float64Array) => number): PairedMeasure => {
    const random = new Random(seed);
    let across = 0, within = 0;
    for (let split = 0; split < splits; split++) {
      const order = random.permutation(ids.length);
      const one = order.slice(0, ids.length >> 1), other = order.slice(ids.length >> 1);
      within += of(mapOfA(one), mapOfA(other));
      across += (of(mapOfA(one), mapOfB(other)) + of(mapOfB(one), mapOfA(other))) / 2;
    }
    const same = bootstrapInterval(
      ids.length,
      (rows) => of(mapOfA(rows), mapOfB(rows)),
      { draws, seed, level: options.level, method: "percentile" },
    );
    return { same, across: across / splits, within: within / splits };
  };
  return {
    ...{ samples: ids.length, top, chanceOverlap: top / total },
    spearman: measure(spearman),
    overlap: measure((x, y) => overlapAtK(x, y, top)),
  };
}
