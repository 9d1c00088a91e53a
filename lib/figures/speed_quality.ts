/**
 * Speed and quality of plans that were timed and asked in one run: a Pareto front with both intervals.
 *
 * @module
 */
import { checkNotEmpty } from "./check.ts";
import type { Figure } from "./figure.ts";
import { pareto, type ParetoOptions, type ParetoPoint } from "./pareto.ts";
import { joinSentences } from "./records.ts";
import { formatPercent } from "./text.ts";

/**
 * What of a row is drawn: of `hybridQuality` run with `timed`, or of the accelerate command's
 * `results.json`.
 */
export interface SpeedQualityRow {
  /** Which heads see everything, e.g. `core`, `random`. */
  readonly policy: string;
  /** Share of heads that see everything. */
  readonly fullHeads: number;
  /** Tokens of a prompt. */
  readonly tokens: number;
  /** Number of samples. */
  readonly samples: number;
  /** Only rows of `accuracy` are drawn. */
  readonly metric: string;
  /** Dense accuracy. */
  readonly denseValue: number;
  /** Its interval. */
  readonly dense95?: readonly [low: number, high: number];
  /** Accuracy under the plan. */
  readonly sparseValue: number;
  /** Its interval, in the accelerate command's rows. */
  readonly sparse95?: readonly [low: number, high: number];
  /** Dense time over the plan's; null or absent for what is no claim of speed. */
  readonly speedup?: number | null;
  /** Its interval, in rows of `hybridQuality`, whose `ci95` is that of the accuracy. */
  readonly speedup95?: readonly [low: number, high: number] | null;
  /** Interval of the speed-up, or of the accuracy in rows that have `speedup95`. */
  readonly ci95: readonly [low: number, high: number] | null;
}

/** Interval of a row's accuracy, and that of its speed-up. */
function intervalsOf(
  row: SpeedQualityRow,
): {
  quality?: readonly [low: number, high: number] | null;
  speed?: readonly [low: number, high: number] | null;
} {
  return "speedup95" in row
    ? { quality: row.ci95, speed: row.speedup95 }
    : { quality: row.sparse95, speed: row.ci95 };
}

/** A row as a point; none without a time. */
function pointOf(row: SpeedQualityRow): ParetoPoint[] {
  const { policy, fullHeads, speedup, sparseValue } = row, { quality, speed } = intervalsOf(row);
  if (!speedup) return [];
  return [{
    name: fullHeads === 0 ? policy : `${policy}, ${formatPercent(fullHeads)} full`,
    cost: {
      value: 1 / speedup,
      ...speed ? { low: 1 / speed[1], high: 1 / speed[0] } : {},
    },
    quality: {
      value: sparseValue,
      ...quality ? { low: quality[0], high: quality[1] } : {},
    },
    group: policy,
  }];
}

/**
 * Accuracy against prefill time as a share of dense time, with 95% intervals of both, on the longest
 * prompts of the rows. The oracle is a dashed line: what it reads it chooses by computing everything,
 * so its quality is a bound and its time no claim.
 *
 * @param rows rows of `hybridQuality` with times, or of `results.json` of the accelerate command
 * @throws {InputError} when there is no row
 *
 * @example
 * ```ts
 * import { qualityAndSpeed } from "./speed_quality.ts";
 * import { assert } from "@std/assert";
 * const row = {
 *   ...{ tokens: 4100, samples: 40, metric: "accuracy", denseValue: 0.9 },
 *   ...{ sparseValue: 0.85, ci95: [0.7, 0.93] as const },
 * };
 * const figure = qualityAndSpeed([
 *   { ...row, policy: "core", fullHeads: 0.05, speedup: 1.6, speedup95: [1.5, 1.7] },
 *   { ...row, policy: "oracle", fullHeads: 0.05, speedup: null, speedup95: null },
 * ]);
 * assert(figure.caption.includes("the oracle bounds quality"));
 * ```
 */
export function qualityAndSpeed(
  rows: readonly SpeedQualityRow[],
  options: Partial<ParetoOptions> = {},
): Figure {
  const accuracies = rows.filter(({ metric }) => metric === "accuracy");
  checkNotEmpty("the front of speed and quality", "results", accuracies);
  const most = Math.max(...accuracies.map(({ tokens }) => tokens));
  const shown = accuracies.filter(({ tokens }) => tokens === most);
  const [{ samples, denseValue, dense95 }] = shown;
  const dense: ParetoPoint = {
    name: "dense",
    cost: { value: 1 },
    quality: { value: denseValue, ...dense95 ? { low: dense95[0], high: dense95[1] } : {} },
    group: "dense",
  };
  const bounds = shown.filter(({ speedup }) => !speedup).map((row) => ({
    name: `${row.policy}, keys of ${formatPercent(row.fullHeads)} full`,
    quality: row.sparseValue,
  }));
  return pareto([dense, ...shown.flatMap(pointOf)], {
    title: "Accuracy and prefill time of the same plans",
    costTitle: "prefill time (dense = 1)",
    qualityTitle: "accuracy",
    percent: true,
    bounds,
    ...options,
    caption: joinSentences(
      `n = ${samples} samples of about ${Math.round(most)} tokens, asked and timed in one run`,
      "Whiskers: 95% intervals (accuracy: Wilson; time: ratio of medians)",
      bounds.length > 0 ? "Dashed: the oracle bounds quality and claims no speed" : undefined,
      options.caption,
    ),
  });
}
