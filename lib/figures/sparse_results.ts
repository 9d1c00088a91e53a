/**
 * Figures of hybrid attention, straight from the saved results: quality by budget, and quality against
 * time.
 *
 * @module
 */
import { checkNotEmpty } from "./check.ts";
import { curves, type CurveSeries, type CurvesOptions } from "./curves.ts";
import type { Figure } from "./figure.ts";
import { pareto, type ParetoOptions } from "./pareto.ts";
import { joinSentences } from "./records.ts";
import { formatPercent } from "./text.ts";

/** The keys of a row of the accelerate command's `results.json` that these figures use. */
export interface SparseResult {
  /** Which heads see everything, e.g. `core`, `random`. */
  readonly policy: string;
  /** Share of heads that see everything. */
  readonly fullHeads: number;
  /** Length of the timed prompt in tokens. */
  readonly tokens: number;
  /** Hybrid prefill by round, in milliseconds. */
  readonly sparseMs: readonly number[];
  /** Dense prefill by round, in milliseconds. */
  readonly denseMs: readonly number[];
  /** What the values are; only rows of `accuracy` are drawn, or of no name. */
  readonly metric?: string;
  /** Number of samples behind the accuracies. */
  readonly samples: number;
  /** Dense accuracy. */
  readonly denseValue: number;
  /** Hybrid accuracy. */
  readonly sparseValue: number;
  /** 95% interval of hybrid minus dense accuracy. */
  readonly difference95: readonly [low: number, high: number];
}

/** The middle value. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** Accuracy of the longest prompts. */
function longest(rows: readonly SparseResult[]): SparseResult[] {
  const shown = rows.filter(({ metric = "accuracy" }) => metric === "accuracy");
  const tokens = Math.max(...shown.map((row) => row.tokens));
  return shown.filter((row) => row.tokens === tokens);
}

/**
 * Accuracy against the share of full heads, one line per policy, on the longest prompts of the rows.
 *
 * @param rows rows of `results.json`
 * @param options as for `curves`
 * @throws {InputError} when there is no row
 *
 * @example
 * ```ts
 * import { qualityByBudget } from "./sparse_results.ts";
 * import { assertEquals } from "@std/assert";
 * const row = { tokens: 900, sparseMs: [5], denseMs: [9], samples: 50, denseValue: 0.98 };
 * const figure = qualityByBudget([
 *   { ...row, policy: "core", fullHeads: 0.05, sparseValue: 0.97, difference95: [-0.03, 0.01] },
 *   { ...row, policy: "local", fullHeads: 0, sparseValue: 0.1, difference95: [-0.95, -0.8] },
 * ]);
 * assertEquals(figure.title, "Accuracy by share of full heads");
 * ```
 */
export function qualityByBudget(
  rows: readonly SparseResult[],
  options: Partial<CurvesOptions> = {},
): Figure {
  checkNotEmpty("the quality curve", "results", rows);
  const shown = longest(rows);
  const local = shown.find(({ policy }) => policy === "local");
  const policies = [...new Set(shown.map(({ policy }) => policy))].filter((name) =>
    name !== "local"
  );
  const series = (policies.length > 0 ? policies : ["local"]).map((name): CurveSeries => {
    const own = shown.filter(({ policy }) => policy === name);
    const points = [...(local && name !== "local" ? [local] : []), ...own]
      .sort((a, b) => a.fullHeads - b.fullHeads);
    const end = (which: 0 | 1) =>
      points.map(({ denseValue, difference95 }) =>
        Math.min(1, Math.max(0, denseValue + difference95[which]))
      );
    return {
      name,
      x: points.map(({ fullHeads }) => fullHeads),
      y: points.map(({ sparseValue }) => sparseValue),
      low: end(0),
      high: end(1),
    };
  });
  const [{ tokens, samples, denseValue }] = shown;
  return curves(series, {
    title: "Accuracy by share of full heads",
    xTitle: "heads with full attention (share)",
    yTitle: "accuracy",
    yPercent: true,
    yRange: [0, 1.02],
    lines: [{ y: denseValue, label: "dense" }],
    ...options,
    caption: joinSentences(
      `n = ${samples} samples of about ${tokens} tokens`,
      "Bands: 95% intervals of the paired difference to dense",
      options.caption,
    ),
  });
}

/**
 * Accuracy against prefill time, with the frontier, on the longest prompts of the rows.
 *
 * @param rows rows of `results.json`
 * @throws {InputError} when there is no row
 */
export function qualityAndTime(
  rows: readonly SparseResult[],
  options: Partial<ParetoOptions> = {},
): Figure {
  checkNotEmpty("the Pareto plot", "results", rows);
  const shown = longest(rows);
  const [{ tokens, samples, denseValue }] = shown;
  const denseMs = median(shown.flatMap((row) => row.denseMs));
  const points = shown.map((row) => ({
    name: row.fullHeads === 0 ? row.policy : `${row.policy}, ${formatPercent(row.fullHeads)} full`,
    cost: { value: median(row.sparseMs) },
    quality: { value: row.sparseValue },
    group: row.policy,
  }));
  const dense = {
    name: "dense",
    cost: { value: denseMs },
    quality: { value: denseValue },
    group: "dense",
  };
  return pareto([dense, ...points], {
    title: "Accuracy and prefill time",
    costTitle: "prefill (ms, median)",
    qualityTitle: "accuracy",
    percent: true,
    ...options,
    caption: joinSentences(`n = ${samples} samples; prompt of ${tokens} tokens`, options.caption),
  });
}
