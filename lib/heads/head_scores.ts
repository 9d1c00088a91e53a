/**
 * Head scores: one number per sample and head by one rule, and what follows from them: means,
 * intervals, ranking, membership in the top fraction, concentration.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { isRecord, kindOf } from "../common/values.ts";
import { quoted } from "../common/text.ts";
import { bootstrapMeans, meanIntervals } from "../stats/bootstrap.ts";
import { topShareInterval } from "../stats/bootstrap_maps.ts";
import { concentrationTest } from "../stats/chance_concentration.ts";
import { gini } from "../stats/concentration.ts";
import type { Interval } from "../stats/interval.ts";
import { columnMeans, type SampleMatrix, sampleMatrix } from "../stats/matrix.ts";
import { topMembership } from "../stats/membership.ts";
import type { Seed } from "../stats/random.ts";
import { topIndices } from "../stats/rank.ts";
import { headAt, type HeadGrid, type HeadId } from "../common/head_id.ts";

/** Scores of every head on every sample by one rule. Plain data: nothing to dispose of. */
export interface HeadScores {
  /** Name of the scoring rule. */
  readonly rule: string;
  /** The samples' ids, each once. */
  readonly sampleIds: readonly string[];
  /** The samples' domains, in the same order. */
  readonly domains: readonly string[];
  /** Sizes of `data`. */
  readonly shape: readonly [samples: number, layers: number, heads: number];
  /** `[samples, layers, heads]` row by row. */
  readonly data: Float32Array;
}

/** One sample's map of scores. */
export interface SampleScores {
  /** The sample. */
  readonly id: string;
  /** Its domain. */
  readonly domain: string;
  /** `[layers, heads]` row by row. */
  readonly map: Float32Array;
}

/**
 * Puts the samples' maps together.
 *
 * @throws {InputError} without samples, for an id that occurs twice, a map of another size or a
 * score that is not finite
 *
 * @example
 * ```ts
 * import { headScores, meanScores } from "./head_scores.ts";
 * import { assertEquals } from "@std/assert";
 * const scores = headScores("ram", { layers: 1, heads: 2 }, [
 *   { id: "a", domain: "scene", map: Float32Array.of(0, 1) },
 *   { id: "b", domain: "page", map: Float32Array.of(1, 1) },
 * ]);
 * assertEquals([...meanScores(scores)], [0.5, 1]);
 * ```
 */
export function headScores(
  rule: string,
  grid: HeadGrid,
  samples: readonly SampleScores[],
): HeadScores {
  const size = grid.layers * grid.heads;
  if (samples.length === 0) throw new InputError("Cannot score heads on 0 samples: 1 needed");
  const data = new Float32Array(samples.length * size);
  const seen = new Set<string>();
  samples.forEach(({ id, map }, row) => {
    if (seen.has(id)) throw new InputError(`Cannot score sample ${quoted(id)} twice`);
    seen.add(id);
    if (map.length !== size) {
      throw new InputError(
        `Cannot use the scores of sample ${quoted(id)}: ${map.length} values, wanted ${size}`,
      );
    }
    const bad = map.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) {
      throw new InputError(
        `Cannot use the scores of sample ${quoted(id)}: value ${bad} is ${map[bad]}`,
      );
    }
    data.set(map, row * size);
  });
  return {
    rule,
    sampleIds: samples.map(({ id }) => id),
    domains: samples.map(({ domain }) => domain),
    shape: [samples.length, grid.layers, grid.heads],
    data,
  };
}

/** Layers and heads of some scores. @throws {InputError} for what is no scores */
export function gridOfScores(scores: HeadScores): HeadGrid {
  if (!isRecord(scores) || !Array.isArray(scores.shape)) {
    throw new InputError(
      `Cannot use ${kindOf(scores)} as scores of heads: wanted what findHeads gives, or ` +
        "`await readFoundHeads(folder)`",
    );
  }
  const { shape: [, layers, heads] } = scores;
  return { layers, heads };
}

/** The scores as the table that statistics work on: one row per sample, one column per head. */
export function scoreMatrix({ shape: [samples, layers, heads], data }: HeadScores): SampleMatrix {
  return sampleMatrix(data, samples, layers * heads);
}

/** Mean score of every head over samples, `[layers, heads]` row by row. */
export function meanScores(scores: HeadScores): Float64Array {
  return columnMeans(scoreMatrix(scores));
}

/** One sample's map, `[layers, heads]` row by row; shares memory. */
export function sampleMap(scores: HeadScores, row: number): Float32Array {
  const { shape: [, layers, heads], data } = scores;
  return data.subarray(row * layers * heads, (row + 1) * layers * heads);
}

/**
 * The scores of chosen samples.
 *
 * @param keep whether to keep a sample
 * @throws {InputError} if none is kept
 */
export function filterSamples(
  scores: HeadScores,
  keep: (id: string, domain: string, row: number) => boolean,
): HeadScores {
  const rows = scores.sampleIds.flatMap((id, row) =>
    keep(id, scores.domains[row], row) ? [row] : []
  );
  return headScores(
    scores.rule,
    gridOfScores(scores),
    rows.map((row) => ({
      id: scores.sampleIds[row],
      domain: scores.domains[row],
      map: sampleMap(scores, row),
    })),
  );
}

/** The scores of each domain, in order of first appearance. */
export function byDomain(scores: HeadScores): Map<string, HeadScores> {
  return new Map(
    [...new Set(scores.domains)].map((domain) => [
      domain,
      filterSamples(scores, (_, own) => own === domain),
    ]),
  );
}

/** Options of {@link summarizeHeads} and {@link headConcentration}. */
export interface SummaryOptions {
  /** Share of heads that counts as top; 0.05 by default. */
  readonly fraction?: number;
  /** Bootstrap draws; 2000 by default. */
  readonly draws?: number;
  /** Seed of the draws; 0 by default. */
  readonly seed?: Seed;
}

/** What the samples say about every head; arrays are `[layers, heads]` row by row. */
export interface HeadSummary {
  /** Mean over samples. */
  readonly mean: Float64Array;
  /** Lower ends of the 95% intervals of the means. */
  readonly low: Float64Array;
  /** Upper ends. */
  readonly high: Float64Array;
  /** Share of bootstrap draws in which the head is among the top fraction. */
  readonly membership: Float64Array;
  /** Heads from the highest mean down; ties by layer, then head. */
  readonly ranking: readonly HeadId[];
  /** The top fraction. */
  readonly fraction: number;
}

/**
 * Means with bootstrap intervals over samples (paired over heads, stratified by domain), ranking and
 * probability of membership in the top fraction.
 *
 * @throws {InputError} for a fraction outside (0, 1]
 */
export function summarizeHeads(scores: HeadScores, options: SummaryOptions = {}): HeadSummary {
  const matrix = scoreMatrix(scores);
  const { fraction = 0.05, draws = 2000, seed = 0 } = options;
  const resample = { draws, seed, strata: scores.domains };
  const means = bootstrapMeans(matrix, resample);
  const { estimate, low, high } = meanIntervals(matrix, resample, means);
  return {
    mean: estimate,
    low,
    high,
    membership: topMembership(matrix, fraction, resample, means),
    ranking: [...topIndices(estimate)].map((index) => headAt(index, scores.shape[2])),
    fraction,
  };
}

/** How concentrated a score is in few heads. */
export interface HeadConcentration {
  /** Share of the total that the top fraction holds, with its 95% interval over samples. */
  readonly topShare: Interval;
  /** That share where heads are interchangeable within each sample. */
  readonly chanceShare: number;
  /** Probability of such a share by chance. */
  readonly pValue: number;
  /** The same with heads interchangeable within their layer only. */
  readonly pValueWithinLayers: number;
  /** Gini coefficient of the mean map. */
  readonly gini: number;
}

/**
 * How much of all heads' scores the top fraction of heads holds, with its interval and the probability
 * of such a share by chance (see `concentrationTest`). Negative means count as 0.
 *
 * @throws {InputError} for a fraction outside (0, 1]
 */
export function headConcentration(
  scores: HeadScores,
  options: SummaryOptions = {},
): HeadConcentration {
  const matrix = scoreMatrix(scores);
  const { fraction = 0.05, draws = 2000, seed = 0 } = options;
  const negative = "zero" as const;
  const test = { statistic: "topShare" as const, fraction, draws: 999, seed, negative };
  const chance = concentrationTest(matrix, test);
  const layers = Uint32Array.from(
    { length: matrix.columns },
    (_, i) => Math.floor(i / scores.shape[2]),
  );
  return {
    topShare: topShareInterval(matrix, fraction, { draws, seed, strata: scores.domains, negative }),
    chanceShare: chance.nullMean,
    pValue: chance.pValue,
    pValueWithinLayers: concentrationTest(matrix, { ...test, blocks: layers }).pValue,
    gini: gini(columnMeans(matrix), { negative }),
  };
}
