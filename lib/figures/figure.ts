/**
 * A figure: plotly's data and layout made from a plain record, with a drawn fallback for viewers
 * without plotly, and shown by Jupyter as a cell's value.
 *
 * @module
 */

import { InputError } from "../common/errors.ts";
import type { Annotation, Axis, Layout, PlacedImage, Shape } from "./layout_spec.ts";
import type { Trace } from "./spec.ts";
import { keepResultsInPlace } from "./jupyter_results.ts";
import { drawSvg } from "./static_svg.ts";
import { legendPlaces } from "./svg_legend.ts";
import { escapeHtml, plotlyText, wrapLines } from "./text.ts";
import { fontFamily, ink } from "./theme.ts";

/** What Jupyter shows, by media type. */
export type MimeBundle = Readonly<Record<string, unknown>>;

/** The symbol under which Jupyter's Deno kernel looks for a value's display. */
export const jupyterDisplay: unique symbol = Symbol.for("Jupyter.display") as never;

keepResultsInPlace(globalThis);

/** Anything that a notebook or a report can show. */
export interface Displayable {
  /** Heading, plain text. */
  readonly title: string;
  /** What is shown, how many samples, which interval; plain text. */
  readonly caption: string;
  /** A fragment of HTML that stands by itself, without scripts that run. */
  toHtml(): string;
  /** Plain text. */
  toText(): string;
  /** What Jupyter shows. */
  [jupyterDisplay](): MimeBundle;
}

/** A figure in plotly's own form, ready for JSON. */
export interface PlotlySpec {
  /** Traces. */
  readonly data: readonly unknown[];
  /** Axes, titles, shapes. */
  readonly layout: Readonly<Record<string, unknown>>;
  /** Behaviour of the plot. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** A copy of plain data; typed arrays become lists. Throws on NaN and infinities. */
function plainCopy(value: unknown, path: string): unknown {
  if (typeof value === "number") {
    if (Number.isFinite(value)) return value;
    throw new InputError(`Cannot draw the figure: ${path} is ${value}, wanted a finite number`);
  }
  if (ArrayBuffer.isView(value)) value = Array.from(value as unknown as ArrayLike<number>);
  if (Array.isArray(value)) return value.map((item, i) => plainCopy(item, `${path}[${i}]`));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([key, item]) => [key, plainCopy(item, `${path}.${key}`)]),
    );
  }
  return value;
}

/**
 * A figure of plotly traces. Functions such as `headMap` make them; this class only shows them.
 *
 * @example
 * ```ts
 * import { curves } from "./curves.ts";
 * import { assert } from "@std/assert";
 * const figure = curves([{ name: "core", x: [0, 0.05], y: [0.98, 0.41] }], {
 *   title: "Accuracy after ablation",
 *   xTitle: "heads removed (share)",
 *   yTitle: "accuracy",
 * });
 * assert(figure.toHtml().startsWith("<figure"));
 * ```
 */
export class Figure implements Displayable {
  /** Traces. */
  readonly data: readonly Trace[];
  /** Axes, titles, shapes. */
  readonly layout: Layout;
  /** Heading, plain text. */
  readonly title: string;
  /** What is shown, how many samples, which interval; plain text. */
  readonly caption: string;
  readonly #summary: readonly string[];

  /**
   * Takes what is drawn, checks that every number is finite.
   *
   * @param parts traces, layout, and the same in words: title, caption, and lines for viewers that
   * show text only
   * @throws {InputError} when a number of the figure is NaN or infinite
   */
  constructor(parts: {
    readonly data: readonly Trace[];
    readonly layout: Layout;
    readonly title: string;
    readonly caption: string;
    readonly summary: readonly string[];
  }) {
    this.data = plainCopy(parts.data, "data") as Trace[];
    this.layout = plainCopy(parts.layout, "layout") as Layout;
    this.title = parts.title;
    this.caption = parts.caption;
    this.#summary = parts.summary;
  }

  /** The figure in plotly's own form, as saved to JSON. */
  toSpec(): PlotlySpec {
    const { axes, ...rest } = this.layout;
    return {
      data: this.data,
      layout: { ...rest, ...axes },
      config: {
        displaylogo: false,
        modeBarButtonsToRemove: ["lasso2d", "select2d", "sendChartToCloud", "sendDataToCloud"],
      },
    };
  }

  /** The figure as a drawing, a complete SVG document. */
  toSvg(): string {
    return drawSvg(this.data, this.layout, this.title);
  }

  /** The drawing as an HTML figure; a report's script replaces it by the interactive one. */
  toHtml(): string {
    const { width, height } = this.layout;
    const source = `data:image/svg+xml,${encodeURIComponent(this.toSvg())}`;
    const alt = escapeHtml([this.title, this.caption].filter((text) => text !== "").join(". "));
    return `<figure class="corelens-figure" style="margin:0 0 1em">` +
      `<img src="${source}" width="${width}" height="${height}" alt="${alt}" ` +
      `style="max-width:100%;height:auto"></figure>`;
  }

  /** Title, the numbers in short, and the caption. */
  toText(): string {
    return [this.title, ...this.#summary, this.caption].filter((line) => line !== "").join("\n");
  }

  /** Interactive where plotly is there, drawn elsewhere, text at last. */
  [jupyterDisplay](): MimeBundle {
    return {
      "application/vnd.plotly.v1+json": this.toSpec(),
      "text/html": this.toHtml(),
      "text/plain": this.toText(),
    };
  }
}

/** What a figure function gives to {@link makeFigure}. */
export interface FigureParts {
  /** Heading, plain text. */
  readonly title: string;
  /** What is shown, how many samples, which interval; plain text. */
  readonly caption?: string;
  /** Traces. */
  readonly data: readonly Trace[];
  /** Axes by name. */
  readonly axes: Readonly<Record<string, Axis>>;
  /** Width of the whole figure in pixels. */
  readonly width: number;
  /** Height of the plot without title, legend, axis labels and caption, in pixels. */
  readonly plotHeight: number;
  /** Space for labels beside and below the plot, in pixels. */
  readonly space: { readonly left: number; readonly right: number; readonly bottom: number };
  /** Names in the legend, to make room for them; no legend when empty. */
  readonly legend?: readonly string[];
  /** Extra space above the plot, in pixels, e.g. for the titles of panels. */
  readonly top?: number;
  /** Rectangles and lines. */
  readonly shapes?: readonly Shape[];
  /** Texts. */
  readonly annotations?: readonly Annotation[];
  /** Images under the traces. */
  readonly images?: readonly PlacedImage[];
  /** Which point answers to the pointer; the closest by default. */
  readonly hovermode?: Layout["hovermode"];
  /** Space between categories of bars. */
  readonly bargap?: number;
  /** Lines for viewers that show text only. */
  readonly summary: readonly string[];
}

/** Number of rows that a legend takes. */
function legendRows(names: readonly string[], width: number): number {
  return Math.max(0, ...legendPlaces(names, width).map(({ row }) => row + 1));
}

/**
 * A figure in the common look: title on top, legend below it, caption at the bottom.
 *
 * @throws {InputError} when a number of the figure is NaN or infinite
 */
export function makeFigure(parts: FigureParts): Figure {
  const { title, caption = "", width, plotHeight, space, legend = [] } = parts;
  const titleLines = title === "" ? [] : wrapLines(title, Math.floor((width - 24) / 8.2));
  const captionLines = caption === "" ? [] : wrapLines(caption, Math.floor((width - 24) / 6.1));
  const rows = legendRows(legend, width - space.left - space.right);
  const margin = {
    l: space.left,
    r: space.right,
    t: 16 + 20 * titleLines.length + (rows > 0 ? 10 + 20 * rows : 6) + (parts.top ?? 0),
    b: space.bottom + (captionLines.length > 0 ? 12 + 15 * captionLines.length : 0),
  };
  const captions: Annotation[] = captionLines.length === 0 ? [] : [{
    text: captionLines.map(plotlyText).join("<br>"),
    xref: "paper",
    yref: "paper",
    x: 0,
    y: 0,
    xanchor: "left",
    yanchor: "top",
    xshift: 12 - space.left,
    yshift: -space.bottom,
    align: "left",
    showarrow: false,
    font: { size: 11, color: ink.muted },
  }];
  const layout: Layout = {
    width,
    height: plotHeight + margin.t + margin.b,
    margin,
    title: {
      text: titleLines.map(plotlyText).join("<br>"),
      x: 0,
      xref: "container",
      xanchor: "left",
      y: 1,
      yref: "container",
      yanchor: "top",
      font: { size: 15, color: ink.strong },
      pad: { l: 12, t: 12 },
    },
    font: { family: fontFamily, size: 12, color: ink.text },
    paper_bgcolor: ink.paper,
    plot_bgcolor: ink.paper,
    showlegend: legend.length > 0,
    legend: {
      orientation: "h",
      x: 0,
      xanchor: "left",
      y: 1 + 6 / plotHeight,
      yanchor: "bottom",
      font: { size: 12 },
    },
    hoverlabel: {
      bgcolor: ink.paper,
      bordercolor: ink.axis,
      align: "left",
      font: { size: 12, color: ink.strong },
    },
    hovermode: parts.hovermode ?? "closest",
    ...(parts.bargap === undefined ? {} : { barmode: "group" as const, bargap: parts.bargap }),
    axes: Object.fromEntries(
      Object.entries(parts.axes).map(([name, axis]) => [name, {
        ...axisLook,
        ...axis,
        ...(axis.title === undefined ? {} : { title: { standoff: 8, ...axis.title } }),
      }]),
    ),
    shapes: parts.shapes ?? [],
    annotations: [...parts.annotations ?? [], ...captions],
    images: parts.images ?? [],
  };
  return new Figure({ data: parts.data, layout, title, caption, summary: parts.summary });
}

/** Look of every axis. */
const axisLook = {
  gridcolor: ink.grid,
  linecolor: ink.axis,
  tickcolor: ink.axis,
  ticks: "outside",
  ticklen: 4,
  showline: true,
  zeroline: false,
  showgrid: true,
} as const;
