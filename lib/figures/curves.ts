/**
 * Lines with interval bands: dose and response, speed-up against length, learning curves.
 *
 * @module
 */

import { InputError } from "../common/errors.ts";
import { axisRange, checkNotEmpty, checkValues, logAxisRange } from "./check.ts";
import { type Figure, makeFigure } from "./figure.ts";
import type { Annotation, Axis, Shape } from "./layout_spec.ts";
import type { Trace } from "./spec.ts";
import { formatInterval, formatNumber, formatPercent, plotlyText } from "./text.ts";
import { ink, type SeriesStyle, seriesStyles, withOpacity } from "./theme.ts";

/** One line. */
export interface CurveSeries {
  /** Name in the legend. The analyses' conditions (`core`, `random`, ...) keep their colours. */
  readonly name: string;
  /** Horizontal positions. */
  readonly x: ArrayLike<number>;
  /** Values. */
  readonly y: ArrayLike<number>;
  /** Lower ends of the band. */
  readonly low?: ArrayLike<number>;
  /** Upper ends of the band. */
  readonly high?: ArrayLike<number>;
}

/** A straight line across the plot, e.g. the baseline or a break-even length. */
export interface ReferenceLine {
  /** Where it crosses the vertical axis, for a horizontal line. */
  readonly y?: number;
  /** Where it crosses the horizontal axis, for a vertical line. */
  readonly x?: number;
  /** What it marks. */
  readonly label: string;
}

/** Options of {@link curves}. */
export interface CurvesOptions {
  /** Heading. */
  readonly title: string;
  /** What is on the horizontal axis, with its unit. */
  readonly xTitle: string;
  /** What is on the vertical axis, with its unit. */
  readonly yTitle: string;
  /** `log` for lengths and fractions that are spaced by factors; `linear` by default. */
  readonly xScale?: "linear" | "log";
  /** `log` for ratios; `linear` by default. */
  readonly yScale?: "linear" | "log";
  /** Ticks of the horizontal axis at the measured positions only, as `percent` or `number`. */
  readonly xTicks?: "percent" | "number";
  /** Writes the vertical axis in percent: the values are shares. */
  readonly yPercent?: boolean;
  /** Ends of the vertical axis; by default what shows every line and band. */
  readonly yRange?: readonly [number, number];
  /** Markers at the measured positions; on by default, off for long curves. */
  readonly markers?: boolean;
  /** Lines across the plot. */
  readonly lines?: readonly ReferenceLine[];
  /** What the bands are and how many samples there were, e.g. `n = 200; bands: 95% intervals`. */
  readonly caption?: string;
  /** Width of the figure in pixels, 720 by default. */
  readonly width?: number;
  /** Height of the plot in pixels, 320 by default. */
  readonly height?: number;
}

/** Throws unless a series can be drawn. */
function checkSeries(series: CurveSeries, options: CurvesOptions): void {
  const figure = `the curve "${series.name}"`;
  checkNotEmpty(figure, "points", series.x);
  checkValues(figure, "x", series.x);
  checkValues(figure, "y", series.y, series.x.length);
  if ((series.low === undefined) !== (series.high === undefined)) {
    throw new InputError(`Cannot draw ${figure}: wanted both low and high, or neither`);
  }
  if (series.low !== undefined && series.high !== undefined) {
    checkValues(figure, "low", series.low, series.x.length);
    checkValues(figure, "high", series.high, series.x.length);
  }
  const positive = (values: ArrayLike<number>): boolean =>
    Array.from(values).every((value) => value > 0);
  if (options.xScale === "log" && !positive(series.x)) {
    throw new InputError(`Cannot draw ${figure} on a log axis: x must be above 0`);
  }
  if (options.yScale === "log" && !positive(series.low ?? series.y)) {
    throw new InputError(`Cannot draw ${figure} on a log axis: y and low must be above 0`);
  }
}

/** The band and the line of one series; `unit` turns a value into what the axis counts. */
function seriesTraces(
  series: CurveSeries,
  style: SeriesStyle,
  unit: number,
  options: CurvesOptions,
): Trace[] {
  const x = Array.from(series.x);
  const y = Array.from(series.y);
  const scaled = (values: ArrayLike<number>): number[] =>
    Array.from(values, (value) => unit * value);
  const traces: Trace[] = [];
  if (series.low !== undefined && series.high !== undefined && x.length > 1) {
    traces.push({
      type: "scatter",
      mode: "lines",
      x: [...x, ...[...x].reverse()],
      y: [...scaled(series.high), ...scaled(series.low).reverse()],
      fill: "toself",
      fillcolor: withOpacity(style.color, 0.14),
      line: { width: 0, color: style.color },
      hoverinfo: "skip",
      showlegend: false,
      legendgroup: plotlyText(series.name),
    });
  }
  const markers = options.markers ?? x.length <= 40;
  const show = options.yPercent ? formatPercent : formatNumber;
  traces.push({
    type: "scatter",
    mode: markers ? "lines+markers" : "lines",
    name: plotlyText(series.name),
    legendgroup: plotlyText(series.name),
    x,
    y: scaled(y),
    line: { color: style.color, width: 2.2, dash: style.dash },
    ...(markers ? { marker: { color: style.color, size: 7, symbol: style.symbol } } : {}),
    text: x.map((at, i) => {
      const value = options.yPercent && series.low !== undefined && series.high !== undefined
        ? `${show(y[i])} [${show(series.low[i])}, ${show(series.high[i])}]`
        : options.yPercent
        ? show(y[i])
        : formatInterval(y[i], series.low?.[i], series.high?.[i]);
      const place = options.xTicks === "percent" ? formatPercent(at) : formatNumber(at);
      return `<b>${plotlyText(series.name)}</b><br>${plotlyText(options.xTitle)}: ${place}<br>` +
        `${plotlyText(options.yTitle)}: ${value}`;
    }),
    hovertemplate: "%{text}<extra></extra>",
  });
  return traces;
}

/** Lines across the plot with their labels. */
function referenceMarks(
  lines: readonly ReferenceLine[],
  unit: number,
  options: CurvesOptions,
): { shapes: Shape[]; annotations: Annotation[] } {
  const line = { color: ink.muted, width: 1.2, dash: "dot" as const };
  const font = { size: 11, color: ink.muted };
  const shapes: Shape[] = [];
  const annotations: Annotation[] = [];
  for (const { x, label, ...reference } of lines) {
    const text = plotlyText(label);
    const y = reference.y === undefined ? undefined : unit * reference.y;
    if (y !== undefined) {
      const at = options.yScale === "log" ? Math.log10(y) : y;
      shapes.push({ type: "line", xref: "paper", yref: "y", x0: 0, x1: 1, y0: y, y1: y, line });
      annotations.push({
        text,
        xref: "paper",
        yref: "y",
        x: 1,
        y: at,
        xanchor: "right",
        yanchor: "bottom",
        showarrow: false,
        font,
      });
    } else if (x !== undefined) {
      const at = options.xScale === "log" ? Math.log10(x) : x;
      shapes.push({ type: "line", xref: "x", yref: "paper", x0: x, x1: x, y0: 0, y1: 1, line });
      annotations.push({
        text,
        xref: "x",
        yref: "paper",
        x: at,
        y: 1,
        xanchor: "left",
        yanchor: "top",
        xshift: 4,
        showarrow: false,
        font,
      });
    }
  }
  return { shapes, annotations };
}

/** Indices of ticks whose texts do not touch, the first and the last always among them. */
function spaced(pixels: readonly number[], texts: readonly string[]): number[] {
  const half = texts.map((text) => 3.4 * text.length + 4);
  const last = pixels.length - 1;
  const free = (i: number, j: number): boolean => pixels[j] - pixels[i] >= half[i] + half[j];
  const kept = [0];
  for (let i = 1; i < last; i++) {
    if (free(kept[kept.length - 1], i) && free(i, last)) kept.push(i);
  }
  return last > 0 ? [...kept, last] : kept;
}

/**
 * Lines with interval bands. Each series has its own colour, dash and marker.
 *
 * @param series at least one line, each with at least one point
 * @param options titles with units, scales, reference lines, caption
 * @throws {InputError} when there is nothing to draw, lists differ in length, a value is not
 * finite, or a value on a logarithmic axis is not above 0
 *
 * @example
 * ```ts
 * import { curves } from "./curves.ts";
 * import { assertEquals } from "@std/assert";
 * const figure = curves(
 *   [{ name: "hybrid", x: [1024, 4096], y: [1.1, 1.9], low: [1, 1.8], high: [1.2, 2] }],
 *   {
 *     title: "Speed-up of prefill",
 *     xTitle: "length (tokens)",
 *     yTitle: "dense time / hybrid time",
 *     xScale: "log",
 *     lines: [{ y: 1, label: "as fast as dense" }],
 *   },
 * );
 * assertEquals(figure.data.length, 2); // the band and the line
 * ```
 */
export function curves(series: readonly CurveSeries[], options: CurvesOptions): Figure {
  checkNotEmpty("curves", "series", series);
  for (const one of series) checkSeries(one, options);
  const { title, xTitle, yTitle, xScale = "linear", yScale = "linear", lines = [] } = options;
  const styles = seriesStyles(series.map(({ name }) => name));
  const xs = [
    ...series.flatMap(({ x }) => Array.from(x)),
    ...lines.flatMap(({ x }) => x ?? []),
  ];
  const ys = [
    ...series.flatMap(({ y, low, high }) =>
      [y, low ?? [], high ?? []].flatMap((v) => Array.from(v))
    ),
    ...lines.flatMap(({ y }) => y ?? []),
  ];
  checkValues("curves", "reference lines", [...xs, ...ys]);
  const unit = options.yPercent ? 100 : 1;
  const shown = ys.map((value) => unit * value);
  const range = options.yRange?.map((value) => unit * value) ??
    (yScale === "log" ? logAxisRange(shown) : axisRange(shown));
  const xRange = xScale === "log" ? logAxisRange(xs) : axisRange(xs);
  const width = options.width ?? 720;
  const measured = [...new Set(series.flatMap(({ x }) => Array.from(x)))].sort((a, b) => a - b);
  const tickTexts = measured.map(options.xTicks === "percent" ? formatPercent : formatNumber);
  const kept = spaced(
    measured.map((x) =>
      ((xScale === "log" ? Math.log10(x) : x) - xRange[0]) / (xRange[1] - xRange[0]) * (width - 94)
    ),
    tickTexts,
  );
  const xTicks = options.xTicks === undefined
    ? {}
    : { tickvals: kept.map((i) => measured[i]), ticktext: kept.map((i) => tickTexts[i]) };
  const axes: Record<string, Axis> = {
    xaxis: {
      title: { text: plotlyText(xTitle) },
      type: xScale,
      range: xRange,
      ...xTicks,
    },
    yaxis: {
      title: { text: plotlyText(yTitle) },
      type: yScale,
      range: options.yRange !== undefined && yScale === "log"
        ? [Math.log10(range[0]), Math.log10(range[1])]
        : [range[0], range[1]],
      ...(options.yPercent ? { ticksuffix: "%" as const } : {}),
    },
  };
  const show = options.yPercent ? formatPercent : formatNumber;
  return makeFigure({
    title,
    caption: options.caption,
    data: series.flatMap((one, i) => seriesTraces(one, styles[i], unit, options)),
    axes,
    width,
    plotHeight: options.height ?? 320,
    space: { left: 70, right: 24, bottom: 56 },
    legend: series.length > 1 ? series.map(({ name }) => name) : [],
    ...referenceMarks(lines, unit, options),
    summary: [
      `${yTitle} against ${xTitle}`,
      ...series.map(({ name, x, y }) => {
        const last = x.length - 1;
        return `${name}: ${show(y[0])} at ${formatNumber(x[0])}, ${show(y[last])} at ` +
          formatNumber(x[last]);
      }),
    ],
  });
}
