/**
 * Layer x head heat map of a value per head, with the chosen heads outlined.
 *
 * @module
 */

import { extent } from "./check.ts";
import { type Figure, makeFigure } from "./figure.ts";
import { checkOptions } from "../common/values.ts";
import { checkHeads, headAt, type HeadId, headName } from "../common/head_id.ts";
import { checkRecord, type HeadRecord, joinSentences, sampleNote } from "./records.ts";
import type { Axis, Shape } from "./layout_spec.ts";
import type { HeatmapTrace, Trace } from "./spec.ts";
import { formatInterval, formatNumber, formatPercent, plotlyText } from "./text.ts";
import { accent, diverging, ink, sequential, withOpacity } from "./theme.ts";

/** Options of {@link headMap}. */
export interface HeadMapOptions {
  /** Heading. */
  readonly title?: string;
  /** What the value is, with its unit, as on the colour bar; `RAM (share of attention)` by default. */
  readonly quantity?: string;
  /** Heads to outline. */
  readonly chosen?: readonly HeadId[];
  /** What the outlined heads are, for the caption; `chosen heads` by default. */
  readonly chosenLabel?: string;
  /**
   * Colours: `sequential` from zero up, or `diverging` around zero for effects that may be
   * negative. By default diverging when a value is negative.
   */
  readonly scale?: "sequential" | "diverging";
  /** Largest absolute value of the scale; that of the data by default. Set it to compare maps. */
  readonly limit?: number;
  /** Bars of each layer's share of the total, right of the map; on by default for sequential. */
  readonly depthProfile?: boolean;
  /** Confidence level of the record's interval, 0.95 by default. */
  readonly level?: number;
  /** What the probability of membership refers to, e.g. `top 5%`; `top` by default. */
  readonly membershipLabel?: string;
  /** More sentences for the caption. */
  readonly caption?: string;
  /** Width of the figure in pixels, 720 by default. */
  readonly width?: number;
}

const optionNames: Readonly<Record<keyof HeadMapOptions, true>> = {
  title: true,
  quantity: true,
  chosen: true,
  chosenLabel: true,
  scale: true,
  limit: true,
  depthProfile: true,
  level: true,
  membershipLabel: true,
  caption: true,
  width: true,
};

/** Text on hover for each head. */
function hoverTexts(record: HeadRecord, options: HeadMapOptions): string[][] {
  const [layers, heads] = record.shape;
  const quantity = plotlyText(options.quantity ?? defaultQuantity);
  return Array.from({ length: layers }, (_, layer) =>
    Array.from({ length: heads }, (_, head) => {
      const i = layer * heads + head;
      const lines = [
        `<b>${headName({ layer, head })}</b>`,
        `${quantity}: ${formatInterval(record.values[i], record.low?.[i], record.high?.[i])}`,
      ];
      if (record.membership !== undefined) {
        const label = plotlyText(options.membershipLabel ?? "top");
        lines.push(`${label} in ${formatPercent(record.membership[i])} of resamples`);
      }
      return lines.join("<br>");
    }));
}

const defaultQuantity = "RAM (share of attention)";

/** Sum of the values of each layer as a share of the total. */
function layerShares(record: HeadRecord): number[] {
  const [layers, heads] = record.shape;
  const sums = Array.from({ length: layers }, (_, layer) => {
    let sum = 0;
    for (let head = 0; head < heads; head++) sum += record.values[layer * heads + head];
    return sum;
  });
  const total = sums.reduce((a, b) => a + b, 0);
  return sums.map((sum) => total > 0 ? sum / total : 0);
}

/** The heads with the largest values, in words. */
function leaders(record: HeadRecord, count: number): string {
  const heads = record.shape[1];
  return Array.from({ length: record.values.length }, (_, i) => i)
    .sort((a, b) => record.values[b] - record.values[a] || a - b)
    .slice(0, count)
    .map((i) =>
      `${headName(headAt(i, heads))} ` +
      formatInterval(record.values[i], record.low?.[i], record.high?.[i])
    )
    .join(", ");
}

/**
 * Heat map of one value per head: layers upwards, heads to the right.
 *
 * Hovering over a cell shows the head's name, value, interval and probability of membership.
 * Chosen heads are outlined. Bars at the right show where in depth the total sits.
 *
 * @param record values by head, `[layers, heads]`, with intervals where known; for `scores.json`
 * use `headRecord`
 * @param options title, quantity, chosen heads, colours, width
 * @throws {InputError} when there is no head, a list does not fit, a value is not finite, or a
 * chosen head does not exist
 *
 * @example
 * ```ts
 * import { headMap } from "./head_map.ts";
 * import { assertEquals } from "@std/assert";
 * const figure = headMap(
 *   { shape: [2, 2], values: [0.1, 0.7, 0.05, 0.2], samples: 40 },
 *   { title: "RAM by head", chosen: [{ layer: 0, head: 1 }] },
 * );
 * assertEquals(figure.layout.shapes.length, 1);
 * ```
 */
export function headMap(record: HeadRecord, options: HeadMapOptions = {}): Figure {
  checkRecord("the head map", record);
  checkOptions("draw the head map", options, optionNames);
  const [layers, heads] = record.shape;
  const chosen = options.chosen ?? [];
  checkHeads(chosen, { layers, heads }, "outline");
  const { title = "Value by head", width = 720 } = options;
  const quantity = record.quantity ?? options.quantity ?? defaultQuantity;
  const [least, most] = extent([...Array.from(record.values), ...Array.from(record.raw ?? [])]);
  const kind = options.scale ?? (least < 0 ? "diverging" : "sequential");
  const limit = options.limit ?? (Math.max(Math.abs(least), Math.abs(most)) || 1);
  const { raw } = record;
  const profile = !raw &&
    (options.depthProfile ?? (kind === "sequential" && least >= 0 && layers > 1));
  const cell = Math.min(34, Math.max(9, 420 / layers));
  const plotHeight = Math.max(210, Math.round(cell * layers));
  const gap = layers > 40 || heads > 40 ? 0 : 1;
  const split = raw ? 0.48 : profile ? 0.76 : 1;
  const data: Trace[] = [{
    type: "heatmap",
    x: Array.from({ length: heads }, (_, head) => head),
    y: Array.from({ length: layers }, (_, layer) => layer),
    z: Array.from(
      { length: layers },
      (_, layer) => Array.from({ length: heads }, (_, head) => record.values[layer * heads + head]),
    ),
    text: hoverTexts(record, { ...options, quantity }),
    hovertemplate: "%{text}<extra></extra>",
    colorscale: kind === "diverging" ? diverging : sequential,
    zmin: kind === "diverging" ? -limit : 0,
    zmax: limit,
    showscale: true,
    colorbar: {
      title: { text: plotlyText(quantity), side: "right" },
      thickness: 12,
      len: 1,
      x: 1.01,
      outlinewidth: 0,
    },
    xgap: gap,
    ygap: gap,
  }];
  const axes: Record<string, Axis> = {
    xaxis: {
      title: { text: "head" },
      range: [-0.5, heads - 0.5],
      domain: [0, split],
      tickvals: tickPlaces(heads, 24),
      showgrid: false,
    },
    yaxis: {
      title: { text: "layer" },
      range: [-0.5, layers - 0.5],
      tickvals: tickPlaces(layers, Math.floor(plotHeight / 16)),
      showgrid: false,
    },
  };
  if (profile) {
    const shares = layerShares(record).map((share) => 100 * share);
    data.push({
      type: "bar",
      orientation: "h",
      x: shares,
      y: shares.map((_, layer) => layer),
      xaxis: "x2",
      yaxis: "y2",
      marker: { color: withOpacity("#225ea8", 0.55) },
      text: shares.map((share, layer) => `layer ${layer}: ${formatNumber(share)}% of the total`),
      textposition: "none",
      hovertemplate: "%{text}<extra></extra>",
      showlegend: false,
    });
    axes.xaxis2 = {
      title: { text: "% of total" },
      range: [0, Math.max(...shares) * 1.08 || 1],
      domain: [split + 0.02, 0.985],
      anchor: "y2",
    };
    axes.yaxis2 = {
      range: [-0.5, layers - 0.5],
      tickvals: tickPlaces(layers, Math.floor(plotHeight / 16)),
      anchor: "x2",
      showticklabels: false,
      showgrid: false,
    };
  }
  if (raw) {
    data.push(rawMap(data[0] as HeatmapTrace, record, raw));
    axes.xaxis = { ...axes.xaxis, title: { text: "head: calibrated (RAM minus null query)" } };
    axes.xaxis2 = {
      ...axes.xaxis,
      title: { text: "head: raw RAM" },
      domain: [0.52, 1],
      anchor: "y2",
      tickvals: tickPlaces(heads, 12),
    };
    axes.yaxis2 = { ...axes.yaxis, title: { text: "" }, anchor: "x2", showticklabels: false };
  }
  const interval = record.low !== undefined && record.high !== undefined
    ? `${formatPercent(options.level ?? 0.95)} intervals on hover`
    : undefined;
  return makeFigure({
    title,
    caption: joinSentences(
      sampleNote(record.samples, interval),
      chosen.length > 0
        ? `Outlined: ${options.chosenLabel ?? "chosen heads"} (${chosen.length} of ${
          layers * heads
        })`
        : undefined,
      options.caption,
    ),
    data,
    axes,
    width,
    plotHeight,
    space: { left: 62, right: 92, bottom: 54 },
    shapes: chosen.map((place) => outline(place, kind === "diverging" ? ink.strong : accent)),
    bargap: profile ? 0.25 : undefined,
    summary: [`${quantity}; layers x heads: ${layers} x ${heads}`, `top: ${leaders(record, 5)}`],
  });
}

/** The same map of raw RAM, on the same colours. */
function rawMap(map: HeatmapTrace, record: HeadRecord, raw: ArrayLike<number>): HeatmapTrace {
  const plain: HeadRecord = { shape: record.shape, values: raw };
  const [layers, heads] = record.shape;
  return {
    ...map,
    z: Array.from(
      { length: layers },
      (_, layer) => Array.from({ length: heads }, (_, head) => raw[layer * heads + head]),
    ),
    text: hoverTexts(plain, { quantity: "raw RAM" }),
    showscale: false,
    xaxis: "x2",
    yaxis: "y2",
  };
}

/** Outline of one head's cell. */
function outline({ layer, head }: HeadId, color: string): Shape {
  return {
    type: "rect",
    xref: "x",
    yref: "y",
    x0: head - 0.5,
    x1: head + 0.5,
    y0: layer - 0.5,
    y1: layer + 0.5,
    line: { color, width: 2 },
    fillcolor: "rgba(0,0,0,0)",
  };
}

/** Whole numbers from 0 to `count - 1`, every first, second, fifth ... so that at most `most`. */
export function tickPlaces(count: number, most: number): number[] {
  const step = [1, 2, 4, 5, 10, 20, 50, 100].find((size) => count / size <= Math.max(2, most)) ??
    200;
  return Array.from({ length: Math.ceil(count / step) }, (_, i) => i * step);
}
