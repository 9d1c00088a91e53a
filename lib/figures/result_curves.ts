/**
 * Curves drawn straight from saved results: dose and response of ablation, speed-up by length.
 *
 * @module
 */

import { InputError } from "../common/errors.ts";
import { checkNotEmpty } from "./check.ts";
import { curves, type CurveSeries, type CurvesOptions } from "./curves.ts";
import type { Figure } from "./figure.ts";
import { joinSentences } from "./records.ts";
import { formatPercent } from "./text.ts";

/** The keys of a row of `ablate`'s `results.json` that figures use. */
export interface AblationRow {
  /** `core`, `random`, `layer-matched`, ..., or `none` for the whole model. */
  readonly condition: string;
  /** Share of heads removed. */
  readonly fraction: number;
  /** What is measured, e.g. `accuracy`. */
  readonly metric: string;
  /** Its value. */
  readonly value: number;
  /** Its 95% interval. */
  readonly ci95?: readonly [low: number, high: number] | null;
  /** The named set that it is of, or a control for: such rows are no doses and are left out. */
  readonly set?: string;
}

/** The keys of a row of `accelerate`'s `results.json` that figures use. */
export interface SpeedRow {
  /** Which heads see everything, e.g. `core`, `random`. */
  readonly policy: string;
  /** Share of heads that see everything. */
  readonly fullHeads: number;
  /** Length in tokens. */
  readonly tokens: number;
  /** Dense time over hybrid time; null for plans that are not timed, which are not drawn. */
  readonly speedup: number | null;
  /** Its 95% interval. */
  readonly ci95?: readonly [low: number, high: number] | null;
}

/** Rows by a key, in order of first appearance. */
function groupBy<Row>(rows: readonly Row[], key: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(key(row));
    if (group === undefined) groups.set(key(row), [row]);
    else group.push(row);
  }
  return groups;
}

/** One point of a series from the rows that share its position. */
function point(
  values: readonly { readonly value: number; readonly ci95?: readonly [number, number] | null }[],
): { y: number; low: number; high: number } {
  const all = values.map(({ value }) => value);
  const y = all.reduce((sum, value) => sum + value, 0) / all.length;
  if (all.length > 1) return { y, low: Math.min(...all), high: Math.max(...all) };
  const interval = values[0].ci95;
  return { y, low: interval?.[0] ?? y, high: interval?.[1] ?? y };
}

/**
 * A metric against the share of heads removed, one line per condition.
 *
 * Conditions with several draws (`random`, the matched controls) show the mean over draws and the
 * range of the draws; the others the value and its interval. The whole model (`none`) is the
 * dotted line, and every line starts there.
 *
 * @param rows rows of `results.json`, of one domain
 * @param options as for `curves`; `metric` chooses one where rows hold several
 * @throws {InputError} when there is no row, or rows hold several metrics and none is chosen
 *
 * @example
 * ```ts
 * import { doseResponse } from "./result_curves.ts";
 * import { assertEquals } from "@std/assert";
 * const row = { fraction: 0.05, metric: "accuracy" };
 * const figure = doseResponse([
 *   { ...row, condition: "none", fraction: 0, value: 0.98 },
 *   { ...row, condition: "core", value: 0.4, ci95: [0.33, 0.47] },
 *   { ...row, condition: "random", value: 0.95 },
 *   { ...row, condition: "random", value: 0.97 },
 * ]);
 * assertEquals(figure.data.at(-1)?.y, [0.98, 0.96]); // the line of random, after its band
 * ```
 */
export function doseResponse(
  rows: readonly AblationRow[],
  options: Partial<CurvesOptions> & { readonly metric?: string } = {},
): Figure {
  checkNotEmpty("the dose-response curve", "results", rows);
  const metrics = [...new Set(rows.map(({ metric }) => metric))];
  const metric = options.metric ?? metrics[0];
  if (!metrics.includes(metric) || (options.metric === undefined && metrics.length > 1)) {
    throw new InputError(
      `Cannot draw the dose-response curve of metric ${options.metric ?? "(none chosen)"}: the ` +
        `results hold ${metrics.join(", ")}`,
    );
  }
  const chosen = rows.filter((row) => row.metric === metric && row.set === undefined);
  const whole = chosen.find(({ condition }) => condition === "none");
  let draws = 1;
  const series = [...groupBy(chosen.filter((row) => row !== whole), (row) => row.condition)]
    .map(([name, group]): CurveSeries => {
      const doses = [...groupBy(group, (row) => String(row.fraction))]
        .map(([fraction, atDose]) => ({ x: Number(fraction), ...point(atDose), atDose }))
        .sort((a, b) => a.x - b.x);
      draws = Math.max(draws, ...doses.map(({ atDose }) => atDose.length));
      if (whole !== undefined) doses.unshift({ x: 0, ...point([whole]), atDose: [whole] });
      return {
        name,
        x: doses.map(({ x }) => x),
        y: doses.map(({ y }) => y),
        low: doses.map(({ low }) => low),
        high: doses.map(({ high }) => high),
      };
    });
  checkNotEmpty("the dose-response curve", "ablations", series);
  return curves(series, {
    title: `${metric} after removing heads`,
    xTitle: "heads removed (share of all heads)",
    yTitle: metric,
    xTicks: "percent",
    lines: whole === undefined ? [] : [{ y: whole.value, label: "whole model" }],
    ...options,
    caption: joinSentences(
      "Bands: 95% intervals" +
        (draws > 1 ? `; for conditions drawn at random, mean and range of ${draws} draws` : ""),
      options.caption,
    ),
  });
}

/**
 * Speed-up against length, one line per policy and share of full heads.
 *
 * @param rows rows of `results.json`
 * @param options as for `curves`
 * @throws {InputError} when there is no row or a speed-up is not above 0
 *
 * @example
 * ```ts
 * import { speedUp } from "./result_curves.ts";
 * import { assertEquals } from "@std/assert";
 * const figure = speedUp([
 *   { policy: "core", fullHeads: 0.05, tokens: 4096, speedup: 1.7, ci95: [1.6, 1.8] },
 *   { policy: "core", fullHeads: 0.05, tokens: 1024, speedup: 1.1, ci95: [1, 1.2] },
 * ]);
 * assertEquals(figure.data[1].x, [1024, 4096]);
 * ```
 */
export function speedUp(
  rows: readonly SpeedRow[],
  options: Partial<CurvesOptions> = {},
): Figure {
  checkNotEmpty("the speed-up curve", "results", rows);
  const timed = rows.flatMap((row) => row.speedup === null ? [] : { ...row, speedup: row.speedup });
  checkNotEmpty("the speed-up curve", "timed results", timed);
  const severalShares = new Set(timed.map(({ fullHeads }) => fullHeads)).size > 1;
  const name = (row: SpeedRow): string =>
    severalShares ? `${row.policy}, ${formatPercent(row.fullHeads)} full` : row.policy;
  const series = [...groupBy(timed, name)].map(([label, group]): CurveSeries => {
    const points = [...groupBy(group, (row) => String(row.tokens))]
      .map(([tokens, same]) => ({
        x: Number(tokens),
        ...point(same.map(({ speedup, ci95 }) => ({ value: speedup, ci95 }))),
      }))
      .sort((a, b) => a.x - b.x);
    return {
      name: label,
      x: points.map(({ x }) => x),
      y: points.map(({ y }) => y),
      low: points.map(({ low }) => low),
      high: points.map(({ high }) => high),
    };
  });
  return curves(series, {
    title: "Speed-up of prefill against dense attention",
    xTitle: "length (tokens)",
    yTitle: "speed-up (dense time / hybrid time)",
    xScale: "log",
    xTicks: "number",
    lines: [{ y: 1, label: "as fast as dense" }],
    ...options,
    caption: joinSentences("Medians of interleaved runs; bands: 95% intervals", options.caption),
  });
}
