/**
 * Horizontal bars with intervals: a value per category, several series side by side.
 *
 * @module
 */

import { InputError } from "../common/errors.ts";
import { axisRange, checkNotEmpty } from "./check.ts";
import { type Figure, makeFigure } from "./figure.ts";
import { checkMeasured, type Measured, spanOf, whiskers } from "./points.ts";
import type { Trace } from "./spec.ts";
import { formatInterval, formatPercent, letterWidth, plotlyText, shorten } from "./text.ts";
import { ink, seriesStyles } from "./theme.ts";

/** Bars of one colour, one per category. */
export interface BarSeries {
  /** Name in the legend. The analyses' conditions (`core`, `random`, ...) keep their colours. */
  readonly name: string;
  /** A value per category, in their order. */
  readonly values: readonly Measured[];
}

/** Options of {@link bars}. */
export interface BarsOptions {
  /** Heading. */
  readonly title: string;
  /** What the bars' length is, with its unit. */
  readonly valueTitle: string;
  /** Writes the values in percent: they are shares. */
  readonly percent?: boolean;
  /** A dotted line across the bars, e.g. the chance level. */
  readonly line?: { readonly value: number; readonly label: string };
  /** Sentences for the caption, e.g. n and what the whiskers are. */
  readonly caption?: string;
  /** Width of the figure in pixels, 720 by default. */
  readonly width?: number;
}

/**
 * Horizontal bars from zero, the first category on top, with whiskers where intervals are known.
 *
 * @param categories names, at least one, all different
 * @param series at least one, each with a value per category
 * @param options titles with units, reference line, caption
 * @throws {InputError} when there is nothing to draw, a name occurs twice, lists differ in length
 * or a value is not finite
 *
 * @example
 * ```ts
 * import { bars } from "./bars.ts";
 * import { assertEquals } from "@std/assert";
 * const figure = bars(["scene", "page"], [
 *   { name: "core", values: [{ value: 0.6, low: 0.5, high: 0.7 }, { value: 0.4 }] },
 * ], { title: "Drop by domain", valueTitle: "drop in accuracy", percent: true });
 * assertEquals(figure.data[0].x, [60, 40]);
 * ```
 */
export function bars(
  categories: readonly string[],
  series: readonly BarSeries[],
  options: BarsOptions,
): Figure {
  checkNotEmpty("bars", "categories", categories);
  checkNotEmpty("bars", "series", series);
  if (new Set(categories).size !== categories.length) {
    throw new InputError(`Cannot draw bars: a category occurs twice in ${categories.join(", ")}`);
  }
  for (const { name, values } of series) {
    if (values.length !== categories.length) {
      throw new InputError(
        `Cannot draw bars "${name}": ${values.length} values for ${categories.length} categories`,
      );
    }
    checkMeasured(`bars "${name}"`, "the values", values);
  }
  const { title, valueTitle, line } = options;
  const labels = categories.map((name) => shorten(name, 34));
  const styles = seriesStyles(series.map(({ name }) => name));
  const show = ({ value, low, high }: Measured): string =>
    !options.percent
      ? formatInterval(value, low, high)
      : low === undefined || high === undefined
      ? formatPercent(value)
      : `${formatPercent(value)} [${formatPercent(low)}, ${formatPercent(high)}]`;
  const unit = options.percent ? 100 : 1;
  const data = series.map(({ name, values }, i): Trace => ({
    type: "bar",
    orientation: "h",
    name: plotlyText(name),
    x: values.map(({ value }) => unit * value),
    y: categories.map((_, at) => at),
    marker: { color: styles[i].color },
    error_x: whiskers(values, ink.strong, unit),
    text: values.map((value, at) =>
      `<b>${plotlyText(categories[at])}</b>, ${plotlyText(name)}<br>` +
      `${plotlyText(valueTitle)}: ${show(value)}`
    ),
    textposition: "none",
    hovertemplate: "%{text}<extra></extra>",
  }));
  const shown = [...series.flatMap(({ values }) => spanOf(values)), ...(line ? [line.value] : [])];
  const left = Math.min(260, 24 + letterWidth * Math.max(...labels.map(({ length }) => length)));
  return makeFigure({
    title,
    caption: options.caption,
    data,
    axes: {
      xaxis: {
        title: { text: plotlyText(valueTitle) },
        range: axisRange(shown.map((value) => unit * value), true),
        ...(options.percent ? { ticksuffix: "%" as const } : {}),
      },
      yaxis: {
        range: [categories.length - 0.5, -0.5],
        tickvals: categories.map((_, at) => at),
        ticktext: labels.map(plotlyText),
        showgrid: false,
      },
    },
    width: options.width ?? 720,
    plotHeight: Math.max(60, categories.length * (14 + 16 * series.length)),
    space: { left, right: 24, bottom: 56 },
    legend: series.length > 1 ? series.map(({ name }) => name) : [],
    bargap: 0.3,
    shapes: line === undefined ? [] : [{
      type: "line",
      xref: "x",
      yref: "paper",
      x0: unit * line.value,
      x1: unit * line.value,
      y0: 0,
      y1: 1,
      line: { color: ink.muted, width: 1.2, dash: "dot" },
    }],
    annotations: line === undefined ? [] : [{
      text: plotlyText(line.label),
      xref: "x",
      yref: "paper",
      x: unit * line.value,
      y: 1,
      xanchor: "center",
      yanchor: "bottom",
      showarrow: false,
      font: { size: 11, color: ink.muted },
    }],
    summary: series.flatMap(({ name, values }) =>
      values.map((value, at) => `${categories[at]}, ${name}: ${show(value)}`)
    ),
  });
}
