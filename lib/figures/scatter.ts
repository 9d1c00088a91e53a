/**
 * One value per head against another, e.g. RAM against the causal effect.
 *
 * @module
 */

import { axisRange, checkNotEmpty } from "./check.ts";
import { type Figure, makeFigure } from "./figure.ts";
import { checkMeasured, type Measured, placeLabels, spanOf, whiskers } from "./points.ts";
import type { Trace } from "./spec.ts";
import { formatInterval, plotlyText } from "./text.ts";
import { ink, seriesStyles, withOpacity } from "./theme.ts";

/** One point. */
export interface ScatterPoint {
  /** Name on hover, e.g. `L12H3`. */
  readonly name: string;
  /** Horizontal value. */
  readonly x: Measured;
  /** Vertical value. */
  readonly y: Measured;
  /** Points of one group share colour and shape, e.g. `core` and `other heads`. */
  readonly group?: string;
  /** Writes the name beside the point. */
  readonly labelled?: boolean;
}

/** Options of {@link scatter}. */
export interface ScatterOptions {
  /** Heading. */
  readonly title: string;
  /** What is on the horizontal axis, with its unit. */
  readonly xTitle: string;
  /** What is on the vertical axis, with its unit. */
  readonly yTitle: string;
  /** A line in the corner, e.g. `Kendall's tau 0.62 [0.51, 0.70], p < 0.001`. */
  readonly note?: string;
  /** Draws the line at y = 0; on by default when values lie on both sides of it. */
  readonly zeroLine?: boolean;
  /** Draws the line on which both values are the same; not by default. */
  readonly diagonal?: boolean;
  /** Sentences for the caption, e.g. n and what the whiskers are. */
  readonly caption?: string;
  /** Width of the figure in pixels, 720 by default. */
  readonly width?: number;
}

const plotHeight = 360;

/** Name of a point's group. */
function nameOf({ group }: ScatterPoint): string {
  return group ?? "heads";
}

/**
 * A cloud of named points, with whiskers where intervals are known.
 *
 * @param points at least one
 * @param options titles with units, note, caption
 * @throws {InputError} when there is no point or a value is not finite
 *
 * @example
 * ```ts
 * import { scatter } from "./scatter.ts";
 * import { assertEquals } from "@std/assert";
 * const figure = scatter(
 *   [
 *     { name: "L0H1", x: { value: 0.6 }, y: { value: 0.4, low: 0.3, high: 0.5 }, group: "core" },
 *     { name: "L0H2", x: { value: 0.1 }, y: { value: 0 }, group: "other heads" },
 *   ],
 *   { title: "RAM and effect", xTitle: "RAM", yTitle: "drop in accuracy" },
 * );
 * assertEquals(figure.data.map(({ name }) => name), ["core", "other heads"]); // the smaller group last
 * ```
 */
export function scatter(points: readonly ScatterPoint[], options: ScatterOptions): Figure {
  checkNotEmpty("the scatter plot", "points", points);
  const { title, xTitle, yTitle, note } = options;
  const xs = points.map(({ x }) => x);
  const ys = points.map(({ y }) => y);
  checkMeasured("the scatter plot", "x", xs);
  checkMeasured("the scatter plot", "y", ys);
  const names = [...new Set(points.map(nameOf))];
  const styles = seriesStyles(names);
  const width = options.width ?? 720;
  const xRange = axisRange(spanOf(xs));
  const yRange = axisRange(spanOf(ys));
  const sides = placeLabels(
    points.map(({ name, x, y, labelled }) => ({
      x: (x.value - xRange[0]) / (xRange[1] - xRange[0]) * (width - 96),
      y: (yRange[1] - y.value) / (yRange[1] - yRange[0]) * plotHeight,
      label: labelled ? name : "",
    })),
    width - 96,
    plotHeight,
  );
  const opacity = points.length > 60 ? 0.25 : 0.4;
  // The group that is drawn last lies on top: the smallest.
  const sizes = names.map((name) => points.filter((point) => nameOf(point) === name).length);
  const order = names.map((_, i) => i).sort((a, b) => sizes[b] - sizes[a]);
  const data = order.map((i): Trace => {
    const name = names[i];
    const group = points.filter((point) => nameOf(point) === name);
    const { color, symbol } = styles[i];
    return {
      type: "scatter",
      mode: group.some(({ labelled }) => labelled) ? "markers+text" : "markers",
      name: plotlyText(name),
      x: group.map(({ x }) => x.value),
      y: group.map(({ y }) => y.value),
      error_x: whiskers(group.map(({ x }) => x), withOpacity(color, opacity)),
      error_y: whiskers(group.map(({ y }) => y), withOpacity(color, opacity)),
      marker: {
        color,
        size: points.length > 60 ? 6 : 8,
        symbol,
        opacity: 0.8,
        line: { color: "#ffffff", width: 0.8 },
      },
      text: group.map((point) => point.labelled ? plotlyText(point.name) : ""),
      textposition: sides.filter((_, at) => nameOf(points[at]) === name),
      textfont: { size: 10.5, color: ink.text },
      hovertemplate: "%{customdata}<extra></extra>",
      customdata: group.map((point) =>
        `<b>${plotlyText(point.name)}</b><br>` +
        `${plotlyText(xTitle)}: ${formatInterval(point.x.value, point.x.low, point.x.high)}<br>` +
        `${plotlyText(yTitle)}: ${formatInterval(point.y.value, point.y.low, point.y.high)}`
      ),
      cliponaxis: false,
    };
  });
  const zero = options.zeroLine ?? (yRange[0] < 0 && yRange[1] > 0);
  const same = [Math.max(xRange[0], yRange[0]), Math.min(xRange[1], yRange[1])] as const;
  const diagonal = options.diagonal === true && same[0] < same[1];
  const line = { color: ink.muted, width: 1.2, dash: "dot" } as const;
  return makeFigure({
    title,
    caption: options.caption,
    data,
    axes: {
      xaxis: { title: { text: plotlyText(xTitle) }, range: xRange },
      yaxis: { title: { text: plotlyText(yTitle) }, range: yRange },
    },
    width,
    plotHeight,
    space: { left: 72, right: 24, bottom: 56 },
    legend: names.length > 1 ? names : [],
    shapes: [
      ...zero
        ? [{
          ...{ type: "line", xref: "paper", yref: "y", x0: 0, x1: 1, y0: 0, y1: 0 } as const,
          ...{ line, layer: "below" } as const,
        }]
        : [],
      ...diagonal
        ? [{
          ...{ type: "line", xref: "x", yref: "y", x0: same[0], x1: same[1] } as const,
          ...{ y0: same[0], y1: same[1], line, layer: "below" } as const,
        }]
        : [],
    ],
    annotations: note === undefined ? [] : [{
      text: plotlyText(note),
      xref: "paper",
      yref: "paper",
      x: 0.01,
      y: 0.99,
      xanchor: "left",
      yanchor: "top",
      align: "left",
      showarrow: false,
      font: { size: 12, color: ink.text },
    }],
    summary: [
      `${yTitle} against ${xTitle}, ${points.length} points`,
      ...(note === undefined ? [] : [note]),
    ],
  });
}
