/**
 * Where answers go as heads are steered harder.
 *
 * @module
 */

import { checkNotEmpty } from "./check.ts";
import { curves, type CurveSeries, type CurvesOptions } from "./curves.ts";
import type { Figure } from "./figure.ts";
import { joinSentences } from "./records.ts";

/** The keys of a row of `steer`'s `results.json` that the figure uses. */
export interface SteeringRow {
  /** `none` for the model as it is, `core`, `random`, … */
  readonly condition: string;
  /** What is added to the scores of the target's tokens. */
  readonly bias: number;
  /** Draws of the heads. */
  readonly draws: number;
  /** Number of samples. */
  readonly samples: number;
  /** Share of answers that are the target's. */
  readonly followed: number;
  /** Its 95% interval. */
  readonly followedCi95: readonly [low: number, high: number];
  /** Share of answers that are right still. */
  readonly stayed: number;
  /** Its 95% interval. */
  readonly stayedCi95: readonly [low: number, high: number];
}

/**
 * Share of answers that are the target's against the bias, one line per condition; bias 0 is the model
 * as it is.
 *
 * @param rows rows of `results.json`
 * @param options as for `curves`; `show` chooses the answers: the `target`'s (by default) or the
 * sample's `own`
 * @throws {InputError} when there is no row of steered heads
 *
 * @example
 * ```ts
 * import { steeringCurves } from "./steering_curves.ts";
 * import { assertEquals } from "@std/assert";
 * const row = { draws: 1, samples: 40, stayed: 0.9, stayedCi95: [0.8, 0.95] } as const;
 * const figure = steeringCurves([
 *   { ...row, condition: "none", bias: 0, followed: 0, followedCi95: [0, 0.1] },
 *   { ...row, condition: "core", bias: 8, followed: 0.8, followedCi95: [0.7, 0.9] },
 * ]);
 * assertEquals(figure.data.at(-1)?.y, [0, 80]); // percent
 * ```
 */
export function steeringCurves(
  rows: readonly SteeringRow[],
  options: Partial<CurvesOptions> & { readonly show?: "target" | "own" } = {},
): Figure {
  const { show = "target", ...rest } = options;
  const steered = rows.filter(({ condition }) => condition !== "none");
  checkNotEmpty("the steering curves", "rows of steered heads", steered);
  const whole = rows.filter(({ condition }) => condition === "none");
  const share = (row: SteeringRow) => show === "target" ? row.followed : row.stayed;
  const ends = (row: SteeringRow) => show === "target" ? row.followedCi95 : row.stayedCi95;
  const series = [...Map.groupBy(steered, ({ condition }) => condition)]
    .map(([name, own]): CurveSeries => {
      const points = [...whole, ...own].sort((a, b) => a.bias - b.bias);
      return {
        name,
        x: points.map(({ bias }) => bias),
        y: points.map(share),
        low: points.map((row) => ends(row)[0]),
        high: points.map((row) => ends(row)[1]),
      };
    });
  const draws = Math.max(...rows.map((row) => row.draws));
  return curves(series, {
    title: "Answers as heads are steered to another place",
    xTitle: "bias on the scores of that place's tokens",
    yTitle: show === "target" ? "answers that are that place's" : "answers that are right still",
    yPercent: true,
    yRange: [0, 1],
    xTicks: "number",
    ...rest,
    caption: joinSentences(
      `n = ${rows[0].samples}; bands: 95% intervals` +
        (draws > 1 ? `; drawn heads: mean of ${draws} draws` : ""),
      rest.caption,
    ),
  });
}
