/**
 * The layout of plotly's figure format as far as our figures use it: axes, texts, shapes,
 * images. Names are plotly's.
 *
 * @module
 */

import type { Coordinate, Label, Line } from "./spec.ts";

/** One axis. Ranges are always given, so that every renderer draws the same. */
export interface Axis {
  /** What the axis shows, with its unit. */
  readonly title?: Label;
  /** Ends of the axis, the start first; in log10 for `log`, in category indices for `category`. */
  readonly range: readonly [number, number];
  /** How values map to positions. */
  readonly type?: "linear" | "log" | "category";
  /** Names of the categories, in order. */
  readonly categoryarray?: readonly string[];
  /** Where ticks stand; chosen by the renderer when left out. */
  readonly tickvals?: readonly Coordinate[];
  /** What ticks say. */
  readonly ticktext?: readonly string[];
  /** Angle of the labels in degrees; by default they turn when they would touch. */
  readonly tickangle?: number;
  /** Unit written after each number. */
  readonly ticksuffix?: "%";
  /** Part of the plot's width or height, 0 to 1. */
  readonly domain?: readonly [number, number];
  /** The axis that it stands on. */
  readonly anchor?: string;
  /** False hides line, ticks and labels. */
  readonly visible?: boolean;
  /** Whether grid lines are drawn. */
  readonly showgrid?: boolean;
  /** Whether tick labels are drawn. */
  readonly showticklabels?: boolean;
  /** Keeps the user from zooming. */
  readonly fixedrange?: boolean;
  /** Makes room for long tick labels. */
  readonly automargin?: boolean;
}

/** A rectangle or a line. Positions refer to axes (`x`, `y2`) or to the plot (`paper`). */
export interface Shape {
  /** What is drawn. */
  readonly type: "rect" | "line";
  /** Horizontal reference. */
  readonly xref: string;
  /** Vertical reference. */
  readonly yref: string;
  /** Start. */
  readonly x0: number;
  /** End. */
  readonly x1: number;
  /** Start. */
  readonly y0: number;
  /** End. */
  readonly y1: number;
  /** Outline. */
  readonly line: Line;
  /** Fill, for rectangles. */
  readonly fillcolor?: string;
  /** In front of or behind the traces. */
  readonly layer?: "above" | "below";
}

/** A text on the figure. */
export interface Annotation {
  /** Escaped text. */
  readonly text: string;
  /** Horizontal reference. */
  readonly xref: string;
  /** Vertical reference. */
  readonly yref: string;
  /** Position. */
  readonly x: number;
  /** Position. */
  readonly y: number;
  /** Which part of the text stands at x. */
  readonly xanchor: "left" | "center" | "right";
  /** Which part of the text stands at y. */
  readonly yanchor: "top" | "middle" | "bottom";
  /** Pixels to the right. */
  readonly xshift?: number;
  /** Pixels up. */
  readonly yshift?: number;
  /** Alignment of several lines. */
  readonly align?: "left" | "center" | "right";
  /** No arrow. */
  readonly showarrow: false;
  /** Font. */
  readonly font: { readonly size: number; readonly color: string };
}

/** An image under the traces. */
export interface PlacedImage {
  /** A data URL. */
  readonly source: string;
  /** Horizontal axis. */
  readonly xref: string;
  /** Vertical axis. */
  readonly yref: string;
  /** Left edge. */
  readonly x: number;
  /** Top edge. */
  readonly y: number;
  /** Width in axis units. */
  readonly sizex: number;
  /** Height in axis units. */
  readonly sizey: number;
  /** Fills the given size. */
  readonly sizing: "stretch";
  /** Under the traces. */
  readonly layer: "below";
  /** 0 to 1. */
  readonly opacity?: number;
}

/** Everything around the traces. Axes are `xaxis`, `yaxis`, `xaxis2`, `yaxis2`, ... */
export interface Layout {
  /** Width in pixels. */
  readonly width: number;
  /** Height in pixels. */
  readonly height: number;
  /** Space around the plot, in pixels. */
  readonly margin: {
    readonly l: number;
    readonly r: number;
    readonly t: number;
    readonly b: number;
  };
  /** The figure's title. */
  readonly title: {
    readonly text: string;
    readonly x: number;
    readonly xref: "container";
    readonly xanchor: "left";
    readonly y: number;
    readonly yref: "container";
    readonly yanchor: "top";
    readonly font: { readonly size: number; readonly color: string };
    readonly pad: { readonly l: number; readonly t: number };
  };
  /** Base font. */
  readonly font: { readonly family: string; readonly size: number; readonly color: string };
  /** Behind everything. */
  readonly paper_bgcolor: string;
  /** Behind the plot. */
  readonly plot_bgcolor: string;
  /** Whether a legend is drawn. */
  readonly showlegend: boolean;
  /** Where the legend stands. */
  readonly legend: {
    readonly orientation: "h";
    readonly x: number;
    readonly xanchor: "left";
    readonly y: number;
    readonly yanchor: "bottom";
    readonly font: { readonly size: number };
  };
  /** Look of the hover text. */
  readonly hoverlabel: {
    readonly bgcolor: string;
    readonly bordercolor: string;
    readonly align: "left";
    readonly font: { readonly size: number; readonly color: string };
  };
  /** Which point answers to the pointer. */
  readonly hovermode: "closest" | "x unified";
  /** Bars of one category side by side. */
  readonly barmode?: "group";
  /** Space between categories, 0 to 1. */
  readonly bargap?: number;
  /** Axes by name. */
  readonly axes: Readonly<Record<string, Axis>>;
  /** Rectangles and lines. */
  readonly shapes: readonly Shape[];
  /** Texts. */
  readonly annotations: readonly Annotation[];
  /** Images. */
  readonly images: readonly PlacedImage[];
}
