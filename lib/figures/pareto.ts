/**
 * Quality against cost, with the frontier of what nothing else beats on both.
 *
 * @module
 */

import { axisRange, checkNotEmpty } from "./check.ts";
import { type Figure, makeFigure } from "./figure.ts";
import { checkMeasured, type Measured, placeLabels, spanOf, whiskers } from "./points.ts";
import type { Trace } from "./spec.ts";
import { formatInterval, formatPercent, plotlyText } from "./text.ts";
import { ink, seriesStyles, withOpacity } from "./theme.ts";

/** One way of running the model. */
export interface ParetoPoint {
  /** Name, e.g. `5% of heads full`. */
  readonly name: string;
  /** What it costs, e.g. milliseconds; less is better. */
  readonly cost: Measured;
  /** How good it is, e.g. accuracy; more is better. */
  readonly quality: Measured;
  /** Points of one group share colour and shape, e.g. the policy. */
  readonly group?: string;
}

/** Options of {@link pareto}. */
export interface ParetoOptions {
  /** Heading. */
  readonly title: string;
  /** What is on the horizontal axis, with its unit. */
  readonly costTitle: string;
  /** What is on the vertical axis, with its unit. */
  readonly qualityTitle: string;
  /** Writes the vertical axis in percent: the qualities are shares. */
  readonly percent?: boolean;
  /** Qualities that are no points, having no cost: dashed lines across the figure. */
  readonly bounds?: readonly { readonly name: string; readonly quality: number }[];
  /** Sentences for the caption, e.g. n and what the whiskers are. */
  readonly caption?: string;
  /** Width of the figure in pixels, 720 by default. */
  readonly width?: number;
}

/**
 * Indices of the points that no other point beats on one of cost and quality while being at least
 * as good on the other, from the cheapest up.
 *
 * @param points costs (less is better) and qualities (more is better)
 *
 * @example
 * ```ts
 * import { paretoFrontier } from "./pareto.ts";
 * import { assertEquals } from "@std/assert";
 * const point = (cost: number, quality: number) => ({ cost, quality });
 * assertEquals(paretoFrontier([point(3, 0.9), point(1, 0.5), point(2, 0.4)]), [1, 0]);
 * ```
 */
export function paretoFrontier(
  points: readonly { readonly cost: number; readonly quality: number }[],
): number[] {
  const order = points.map((_, i) => i).sort((a, b) =>
    points[a].cost - points[b].cost || points[b].quality - points[a].quality || a - b
  );
  const frontier: number[] = [];
  for (const i of order) {
    const best = frontier.at(-1);
    if (best === undefined || points[i].quality > points[best].quality) frontier.push(i);
    else if (
      points[i].quality === points[best].quality && points[i].cost === points[best].cost
    ) frontier.push(i);
  }
  return frontier;
}

const plotHeight = 360;

/** Name of a point's group. */
function nameOf({ group }: ParetoPoint): string {
  return group ?? "runs";
}

/**
 * Quality against cost: points by group, the Pareto frontier as a step line, dominated points
 * faint.
 *
 * @param points at least one
 * @param options titles with units, caption
 * @throws {InputError} when there is no point or a value is not finite
 *
 * @example
 * ```ts
 * import { pareto } from "./pareto.ts";
 * import { assertEquals } from "@std/assert";
 * const figure = pareto(
 *   [
 *     { name: "dense", cost: { value: 900 }, quality: { value: 0.97 }, group: "dense" },
 *     { name: "5% full", cost: { value: 400 }, quality: { value: 0.96 }, group: "core" },
 *   ],
 *   { title: "Accuracy and time", costTitle: "prefill (ms)", qualityTitle: "accuracy" },
 * );
 * assertEquals(figure.data[0].name, "frontier");
 * ```
 */
export function pareto(points: readonly ParetoPoint[], options: ParetoOptions): Figure {
  checkNotEmpty("the Pareto plot", "points", points);
  const { title, costTitle, qualityTitle } = options;
  const costs = points.map(({ cost }) => cost);
  const qualities = points.map(({ quality }) => quality);
  checkMeasured("the Pareto plot", "costs", costs);
  checkMeasured("the Pareto plot", "qualities", qualities);
  const frontier = paretoFrontier(
    points.map(({ cost, quality }) => ({ cost: cost.value, quality: quality.value })),
  );
  const unit = options.percent ? 100 : 1;
  const width = options.width ?? 720;
  const xRange = axisRange(spanOf(costs), true);
  const { bounds = [] } = options;
  const yRange = axisRange(
    [...spanOf(qualities), ...bounds.map(({ quality }) => quality)].map((value) => unit * value),
  );
  const sides = placeLabels(
    points.map(({ name, cost, quality }, i) => ({
      x: (cost.value - xRange[0]) / (xRange[1] - xRange[0]) * (width - 96),
      y: (yRange[1] - unit * quality.value) / (yRange[1] - yRange[0]) * plotHeight,
      label: frontier.includes(i) ? name : "",
    })),
    width - 96,
    plotHeight,
    ["bottom center", "top center", "middle left", "middle right"], // off the frontier's line
  );
  const names = [...new Set(points.map(nameOf))];
  const styles = seriesStyles(names);
  const line: Trace = {
    type: "scatter",
    mode: "lines",
    name: "frontier",
    x: frontier.map((i) => points[i].cost.value),
    y: frontier.map((i) => unit * points[i].quality.value),
    line: { color: ink.axis, width: 1.6, shape: "hv" },
    hoverinfo: "skip",
  };
  const hover = ({ name, group, cost, quality }: ParetoPoint): string => {
    const show = options.percent && quality.low !== undefined && quality.high !== undefined
      ? `${formatPercent(quality.value)} [${formatPercent(quality.low)}, ` +
        `${formatPercent(quality.high)}]`
      : options.percent
      ? formatPercent(quality.value)
      : formatInterval(quality.value, quality.low, quality.high);
    return `<b>${plotlyText(name)}</b>${group === undefined ? "" : ` (${plotlyText(group)})`}<br>` +
      `${plotlyText(costTitle)}: ${formatInterval(cost.value, cost.low, cost.high)}<br>` +
      `${plotlyText(qualityTitle)}: ${show}`;
  };
  const clouds = names.flatMap((name, i): Trace[] => {
    const { color, symbol } = styles[i];
    return [true, false].flatMap((best): Trace[] => {
      const members = points.flatMap((point, at) =>
        nameOf(point) === name && frontier.includes(at) === best ? [at] : []
      );
      if (members.length === 0) return [];
      const group = members.map((at) => points[at]);
      const faded = best ? color : withOpacity(color, 0.45);
      const first = best || !frontier.some((at) => nameOf(points[at]) === name);
      return [{
        type: "scatter",
        mode: "markers+text",
        name: plotlyText(name),
        legendgroup: plotlyText(name),
        showlegend: first,
        x: group.map(({ cost }) => cost.value),
        y: group.map(({ quality }) => unit * quality.value),
        error_x: whiskers(group.map(({ cost }) => cost), withOpacity(color, 0.4)),
        error_y: whiskers(group.map(({ quality }) => quality), withOpacity(color, 0.4), unit),
        marker: { color: faded, size: 9, symbol },
        text: group.map((point) => best ? plotlyText(point.name) : ""),
        textposition: members.map((at) => sides[at]),
        textfont: { size: 10.5, color: ink.text },
        customdata: group.map(hover),
        hovertemplate: "%{customdata}<extra></extra>",
        cliponaxis: false,
      }];
    });
  });
  const limits = bounds.map(({ name, quality }): Trace => ({
    type: "scatter",
    mode: "lines",
    name: plotlyText(name),
    x: xRange,
    y: [unit * quality, unit * quality],
    line: { color: ink.muted, width: 1.2, dash: "dash" },
    hoverinfo: "skip",
  }));
  return makeFigure({
    title,
    caption: options.caption,
    data: [line, ...limits, ...clouds],
    axes: {
      xaxis: { title: { text: plotlyText(costTitle) }, range: xRange },
      yaxis: {
        title: { text: plotlyText(qualityTitle) },
        range: yRange,
        ...(options.percent ? { ticksuffix: "%" as const } : {}),
      },
    },
    width,
    plotHeight,
    space: { left: 72, right: 24, bottom: 56 },
    legend: ["frontier", ...bounds.map(({ name }) => name), ...names],
    summary: [
      `${qualityTitle} against ${costTitle}`,
      `frontier: ${
        frontier.map((i) =>
          `${points[i].name} (${formatInterval(points[i].cost.value)}, ` +
          `${formatInterval(points[i].quality.value)})`
        ).join("; ")
      }`,
      ...bounds.map(({ name, quality }) =>
        `${name}: ${options.percent ? formatPercent(quality) : formatInterval(quality)}`
      ),
    ],
  });
}
