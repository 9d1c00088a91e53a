/**
 * The legend above a plot: where its entries stand, and how the drawn fallback shows them.
 *
 * @module
 */

import type { Layout } from "./layout_spec.ts";
import type { Trace } from "./spec.ts";
import { markerPath } from "./svg_marks.ts";
import { px, strokeOf, textAt } from "./svg_text.ts";
import { ink } from "./theme.ts";

/** Where a legend's entry stands. */
export interface LegendPlace {
  /** Pixels from the left of the plot. */
  readonly x: number;
  /** Row, from 0 at the top. */
  readonly row: number;
}

/**
 * Places of a legend's entries: one after the other where they fit in one row, else in columns of
 * the widest entry, as plotly does.
 *
 * @param names the entries
 * @param width of the plot in pixels
 */
export function legendPlaces(names: readonly string[], width: number): LegendPlace[] {
  const widths = names.map((name) => 46 + 6.4 * name.length);
  const ends = widths.map((_, i) => widths.slice(0, i + 1).reduce((sum, size) => sum + size, 0));
  if ((ends.at(-1) ?? 0) <= width) return widths.map((size, i) => ({ x: ends[i] - size, row: 0 }));
  const column = Math.max(...widths);
  const columns = Math.max(1, Math.floor(width / column));
  return names.map((_, i) => ({ x: (i % columns) * column, row: Math.floor(i / columns) }));
}

/** A short piece of what the trace looks like, centred 14 pixels right of `x`. */
function drawSample(trace: Trace, x: number, y: number): string {
  if (trace.type === "heatmap") return "";
  if (trace.type === "bar") {
    return `<rect x="${px(x + 8)}" y="${px(y - 6)}" width="12" height="12" ` +
      `fill="${trace.marker.color}"/>`;
  }
  const parts: string[] = [];
  if (trace.mode.includes("lines")) {
    const stroke = strokeOf({ width: 2, ...trace.line });
    parts.push(`<path d="M${px(x)} ${px(y)}h28" ${stroke}/>`);
  }
  if (trace.mode.includes("markers") && trace.marker !== undefined) {
    const { symbol, size, color } = trace.marker;
    parts.push(
      `<path d="${markerPath(symbol ?? "circle", size / 2)}" fill="${color}" ` +
        `transform="translate(${px(x + 14)} ${px(y)})"/>`,
    );
  }
  return parts.join("");
}

/**
 * The legend of a figure, above its plot.
 *
 * @param data traces, of which those with a name are listed
 * @param layout the figure's layout
 * @param plot edges of the plot in pixels
 */
export function drawLegend(
  data: readonly Trace[],
  layout: Layout,
  plot: { readonly left: number; readonly right: number; readonly top: number },
): string {
  const entries = data.filter((trace) => trace.showlegend !== false && trace.name !== undefined);
  if (!layout.showlegend) return "";
  const names = entries.map(({ name = "" }) => name);
  const places = legendPlaces(names, plot.right - plot.left);
  const rows = Math.max(0, ...places.map(({ row }) => row + 1));
  return entries.map((trace, i) => {
    const x = plot.left + places[i].x;
    const y = plot.top - 16 - 20 * (rows - 1 - places[i].row);
    const look = { size: 12, color: ink.text, anchor: "start", valign: "middle" } as const;
    return drawSample(trace, x, y) + textAt(names[i], x + 34, y, look);
  }).join("");
}
