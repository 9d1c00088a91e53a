/**
 * Scores of all heads from the largest down, with intervals: how few heads carry the total.
 *
 * @module
 */

import { axisRange } from "./check.ts";
import { type Figure, makeFigure } from "./figure.ts";
import { headAt, headName } from "../common/head_id.ts";
import { checkRecord, type HeadRecord, joinSentences, sampleNote } from "./records.ts";
import type { Trace } from "./spec.ts";
import { formatInterval, formatPercent, plotlyText } from "./text.ts";
import { accent, ink, withOpacity } from "./theme.ts";

/** An estimate with its interval, in shares. */
export interface ShareInterval {
  /** The estimate. */
  readonly estimate: number;
  /** Lower end. */
  readonly low: number;
  /** Upper end. */
  readonly high: number;
}

/** Options of {@link sortedScores}. */
export interface SortedScoresOptions {
  /** Heading. */
  readonly title?: string;
  /** What the value is, with its unit; `RAM (share of attention)` by default. */
  readonly quantity?: string;
  /** How many heads are marked as top; none by default. */
  readonly top?: number;
  /** Share of the total that the top heads hold, with its interval, written beside them. */
  readonly topShare?: ShareInterval;
  /** Confidence level of the record's interval, 0.95 by default. */
  readonly level?: number;
  /** More sentences for the caption. */
  readonly caption?: string;
  /** Width of the figure in pixels, 720 by default. */
  readonly width?: number;
}

/**
 * Scores of all heads, sorted, with a band of intervals; the top heads are marked.
 *
 * @param record values by head, `[layers, heads]`, with intervals where known
 * @param options title, quantity, number of top heads and their share
 * @throws {InputError} when there is no head, a list does not fit, a value is not finite, or more
 * heads are marked than there are
 *
 * @example
 * ```ts
 * import { sortedScores } from "./sorted_scores.ts";
 * import { assertEquals } from "@std/assert";
 * const figure = sortedScores({ shape: [1, 4], values: [0.1, 0.6, 0.2, 0.05] }, { top: 1 });
 * assertEquals(figure.data[0].y, [0.6]); // the top head
 * ```
 */
export function sortedScores(record: HeadRecord, options: SortedScoresOptions = {}): Figure {
  checkRecord("the sorted scores", record);
  const { title = "Scores of all heads, sorted", quantity = "RAM (share of attention)" } = options;
  const { low, high } = record;
  const heads = record.shape[1];
  const order = Array.from({ length: record.values.length }, (_, i) => i)
    .sort((a, b) => record.values[b] - record.values[a] || a - b);
  const top = Math.min(Math.max(0, options.top ?? 0), order.length);
  const ranks = order.map((_, i) => i + 1);
  const values = order.map((i) => record.values[i]);
  const text = order.map((i, rank) =>
    `<b>${headName(headAt(i, heads))}</b>, rank ${rank + 1}<br>` +
    `${plotlyText(quantity)}: ${formatInterval(record.values[i], low?.[i], high?.[i])}`
  );
  const points = (from: number, to: number, color: string, size: number, name: string): Trace => ({
    type: "scatter",
    mode: "markers",
    name,
    x: ranks.slice(from, to),
    y: values.slice(from, to),
    marker: { color, size },
    text: text.slice(from, to),
    hovertemplate: "%{text}<extra></extra>",
  });
  const data: Trace[] = [];
  if (low !== undefined && high !== undefined) {
    data.push({
      type: "scatter",
      mode: "lines",
      x: [...ranks, ...[...ranks].reverse()],
      y: [...order.map((i) => high[i]), ...order.map((i) => low[i]).reverse()],
      fill: "toself",
      fillcolor: withOpacity("#0072b2", 0.14),
      line: { width: 0, color: "#0072b2" },
      hoverinfo: "skip",
      showlegend: false,
    });
  }
  if (top > 0) data.push(points(0, top, accent, 7, `top ${top}`));
  if (top < order.length) {
    const size = order.length > 300 ? 4 : 5;
    data.push(points(top, order.length, "#0072b2", size, top > 0 ? "other heads" : "heads"));
  }
  const share = options.topShare;
  const note = share === undefined || top === 0
    ? undefined
    : `top ${top} of ${order.length} heads: ${formatPercent(share.estimate)} of the total<br>` +
      `[${formatPercent(share.low)}, ${formatPercent(share.high)}]`;
  const level = formatPercent(options.level ?? 0.95);
  return makeFigure({
    title,
    caption: joinSentences(
      sampleNote(record.samples, low && high ? `band: ${level} interval of each head` : undefined),
      options.caption,
    ),
    data,
    axes: {
      xaxis: {
        title: { text: "rank of the head" },
        range: [0.5 - order.length * 0.012, order.length + 0.5 + order.length * 0.012],
      },
      yaxis: {
        title: { text: plotlyText(quantity) },
        range: axisRange([...values, ...Array.from(low ?? []), ...Array.from(high ?? [])], true),
      },
    },
    width: options.width ?? 720,
    plotHeight: 300,
    space: { left: 70, right: 24, bottom: 56 },
    legend: top > 0 && top < order.length ? [`top ${top}`, "other heads"] : [],
    shapes: top > 0 && top < order.length
      ? [{
        type: "line",
        xref: "x",
        yref: "paper",
        x0: top + 0.5,
        x1: top + 0.5,
        y0: 0,
        y1: 1,
        line: { color: ink.muted, width: 1.2, dash: "dot" },
      }]
      : [],
    annotations: note === undefined ? [] : [{
      text: note,
      xref: "paper",
      yref: "paper",
      x: 0.98,
      y: 0.95,
      xanchor: "right",
      yanchor: "top",
      align: "right",
      showarrow: false,
      font: { size: 12, color: ink.text },
    }],
    summary: [
      `${quantity}: largest ${text[0].replace(/<[^>]*>/g, " ").trim()}`,
      ...(note === undefined ? [] : [note.replace("<br>", " ")]),
    ],
  });
}
