/**
 * The committed table of SciPy's numbers (made by tools/reference/make_scipy_reference.py), typed.
 *
 * @module
 */

import type { Alternative, IntervalMethod } from "../../lib/stats/mod.ts";

/** Contents of scipy_reference.json. */
export interface Reference {
  normal: { z: number[]; cdf: number[]; p: number[]; quantile: number[] };
  hashes: { text: string; words: number[] }[];
  rankPairs: {
    a: number[];
    b: number[];
    averageRanks: number[];
    kendall: number;
    spearman: number;
    pearson: number;
  }[];
  overlaps: {
    rbo: { a: number[]; b: number[]; p: number; rbo: number }[];
    expectedJaccard: { count: number; k: number; expected: number }[];
  };
  intervals: {
    given: {
      sample: number[];
      draws: number[];
      intervals: { level: number; method: IntervalMethod; low: number; high: number }[];
    }[];
    close: {
      statistic: "mean" | "meanDifference" | "ratioOfMedians";
      method: IntervalMethod;
      x: number[];
      y: number[];
      low: number;
      high: number;
      standardError: number;
    }[];
    strata: { first: number[]; second: number[]; low: number; high: number; standardError: number };
  };
  permutations: {
    signFlip: {
      values: number[];
      alternative: Alternative;
      exact: boolean;
      statistic: number;
      pValue: number;
    }[];
  };
  proportions: { successes: number; trials: number; level: number; low: number; high: number }[];
  corrections: { p: number[]; holm: number[]; benjaminiHochberg: number[] }[];
  concentration: { values: number[]; gini: number; entropy: number; topFifth: number }[];
  quantiles: {
    values: number[];
    probabilities: number[];
    quantiles: number[];
    median: number;
    mean: number;
    variance: number;
  };
}

/** The table. */
export const reference: Reference = JSON.parse(
  Deno.readTextFileSync(new URL("./scipy_reference.json", import.meta.url)),
);

/** Largest absolute difference of two lists of one length. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
}
