/**
 * What cutting attention flows costs, layer window by layer window.
 *
 * @module
 */

import { checkNotEmpty } from "./check.ts";
import { curves, type CurvesOptions } from "./curves.ts";
import type { Figure } from "./figure.ts";
import { joinSentences } from "./records.ts";

/** A change with its interval. */
export interface FlowDrop {
  /** By how much it falls, over samples. */
  readonly drop: { readonly estimate: number; readonly low: number; readonly high: number };
}

/** The keys of a row of an attention-flow record that the figure uses. */
export interface FlowRow {
  /** Tokens that are hidden. */
  readonly from: string;
  /** Queries that they are hidden from. */
  readonly to: string;
  /** First and last layer of the window. */
  readonly layers: readonly [first: number, last: number];
  /** Number of samples. */
  readonly samples: number;
  /** The right answer's log-probability, in nats. */
  readonly logProb: FlowDrop;
  /** The share of right answers. */
  readonly accuracy: FlowDrop;
}

/**
 * The drop by window of layers, one line per flow, at the middle of each window.
 *
 * @param rows rows of `results.json`
 * @param options as for `curves`; `metric` chooses what drops: `logProb` (by default) or `accuracy`
 * @throws {InputError} when there is no row
 *
 * @example
 * ```ts
 * import { flowCurves } from "./flow_curves.ts";
 * import { assertEquals } from "@std/assert";
 * const drop = { drop: { estimate: 2, low: 1, high: 3 } };
 * const row = { from: "evidence", to: "last", samples: 40, logProb: drop, accuracy: drop };
 * const figure = flowCurves([{ ...row, layers: [0, 2] }, { ...row, layers: [1, 3] }]);
 * assertEquals(figure.data.at(-1)?.x, [1, 2]);
 * ```
 */
export function flowCurves(
  rows: readonly FlowRow[],
  options: Partial<CurvesOptions> & { readonly metric?: "logProb" | "accuracy" } = {},
): Figure {
  checkNotEmpty("the flow curves", "rows", rows);
  const { metric = "logProb", ...rest } = options;
  const [{ layers: [first, last], samples }] = rows;
  const series = [...Map.groupBy(rows, ({ from, to }) => `${from} to ${to}`)]
    .map(([name, own]) => ({
      name,
      x: own.map(({ layers }) => (layers[0] + layers[1]) / 2),
      y: own.map((row) => row[metric].drop.estimate),
      low: own.map((row) => row[metric].drop.low),
      high: own.map((row) => row[metric].drop.high),
    }));
  return curves(series, {
    title: "What the answer loses when one kind of token is hidden from another",
    xTitle: `middle of ${last - first + 1} layers`,
    yTitle: metric === "logProb" ? "log-probability lost (nats)" : "answers lost",
    yPercent: metric === "accuracy",
    lines: [{ y: 0, label: "nothing hidden" }],
    ...rest,
    caption: joinSentences(`n = ${samples}; bands: 95% intervals`, rest.caption),
  });
}
