/**
 * The traces of plotly's figure format that our figures use, as types. Names are plotly's.
 *
 * @module
 */

/** A value on an axis: a number, or the name of a category. */
export type Coordinate = number | string;

/** Colours at positions from 0 to 1. */
export type Colorscale = readonly (readonly [position: number, colour: string])[];

/** A title or label; `text` may hold `<br>` and escaped characters. */
export interface Label {
  /** Escaped text. */
  readonly text: string;
  /** Distance from the axis in pixels. */
  readonly standoff?: number;
  /** On which side of a colour bar. */
  readonly side?: "right" | "top";
}

/** How lines are drawn. */
export interface Line {
  /** Any CSS colour. */
  readonly color?: string;
  /** In pixels. */
  readonly width?: number;
  /** Dash pattern. */
  readonly dash?: "solid" | "dash" | "dot" | "dashdot";
}

/** Whiskers from each point, as distances. */
export interface ErrorBars {
  /** Distances are given by point. */
  readonly type: "data";
  /** Ends may differ. */
  readonly symmetric: false;
  /** Distances upwards. */
  readonly array: readonly number[];
  /** Distances downwards. */
  readonly arrayminus: readonly number[];
  /** Any CSS colour. */
  readonly color: string;
  /** Line width in pixels. */
  readonly thickness: number;
  /** Width of the caps in pixels. */
  readonly width: number;
}

/** What all traces share. */
export interface TraceBase {
  /** Name in the legend. */
  readonly name?: string;
  /** Which horizontal axis: `x`, `x2`, ... */
  readonly xaxis?: string;
  /** Which vertical axis: `y`, `y2`, ... */
  readonly yaxis?: string;
  /** Text on hover, with `%{x}` and the like. */
  readonly hovertemplate?: string;
  /** `skip` for traces that do not answer to the pointer. */
  readonly hoverinfo?: "skip";
  /** Whether the legend lists it. */
  readonly showlegend?: boolean;
  /** Traces of one group are shown and hidden together. */
  readonly legendgroup?: string;
}

/** A grid of coloured cells. */
export interface HeatmapTrace extends TraceBase {
  /** Plotly's name of the trace type. */
  readonly type: "heatmap";
  /** Column centres, or edges (one more than columns). */
  readonly x: readonly Coordinate[];
  /** Row centres, or edges (one more than rows). */
  readonly y: readonly Coordinate[];
  /** Values by row and column; null where there is none. */
  readonly z: readonly (readonly (number | null)[])[];
  /** Text by row and column, for hover or `texttemplate`. */
  readonly text?: readonly (readonly string[])[];
  /** More text by row and column, for hover where `text` is drawn. */
  readonly customdata?: readonly (readonly string[])[];
  /** What is written in each cell, e.g. `%{text}`. */
  readonly texttemplate?: string;
  /** Font of the cell texts. */
  readonly textfont?: { readonly size: number };
  /** Colours from `zmin` to `zmax`. */
  readonly colorscale: Colorscale;
  /** Value of the first colour. */
  readonly zmin: number;
  /** Value of the last colour. */
  readonly zmax: number;
  /** Whether a colour bar is drawn. */
  readonly showscale: boolean;
  /** The colour bar. */
  readonly colorbar?: {
    readonly title: Label;
    readonly thickness: number;
    readonly len: number;
    readonly x: number;
    readonly outlinewidth: number;
    readonly nticks?: number;
  };
  /** Gap between columns in pixels. */
  readonly xgap?: number;
  /** Gap between rows in pixels. */
  readonly ygap?: number;
}

/** Marker shapes in use. */
export type MarkerSymbol = "circle" | "square" | "diamond" | "triangle-up" | "cross" | "x";

/** Where a text may stand beside its point. */
export type TextSide = "middle right" | "middle left" | "top center" | "bottom center";

/** Points, lines, or a filled outline. */
export interface ScatterTrace extends TraceBase {
  /** Plotly's name of the trace type. */
  readonly type: "scatter";
  /** What is drawn. */
  readonly mode: "lines" | "markers" | "lines+markers" | "markers+text";
  /** Horizontal positions. */
  readonly x: readonly Coordinate[];
  /** Vertical positions. */
  readonly y: readonly Coordinate[];
  /** The line. */
  readonly line?: Line & { readonly shape?: "linear" | "hv" };
  /** The markers. */
  readonly marker?: {
    readonly color: string;
    readonly size: number;
    readonly symbol?: MarkerSymbol;
    readonly opacity?: number;
    readonly line?: Line;
  };
  /** Fills the outline. */
  readonly fill?: "toself";
  /** Any CSS colour. */
  readonly fillcolor?: string;
  /** Text by point. */
  readonly text?: readonly string[];
  /** More text by point, for hover where `text` is drawn. */
  readonly customdata?: readonly string[];
  /** Where texts stand, by point. */
  readonly textposition?: readonly TextSide[];
  /** Font of the texts. */
  readonly textfont?: { readonly size: number; readonly color: string };
  /** Horizontal whiskers. */
  readonly error_x?: ErrorBars;
  /** Vertical whiskers. */
  readonly error_y?: ErrorBars;
  /** Whether markers are cut at the edge of the plot. */
  readonly cliponaxis?: boolean;
}

/** Bars from zero. */
export interface BarTrace extends TraceBase {
  /** Plotly's name of the trace type. */
  readonly type: "bar";
  /** `h` for bars to the right; positions are then in `y`. */
  readonly orientation?: "h" | "v";
  /** Horizontal positions or lengths. */
  readonly x: readonly Coordinate[];
  /** Lengths or vertical positions. */
  readonly y: readonly Coordinate[];
  /** The fill. */
  readonly marker: { readonly color: string };
  /** Text by bar, for hover. */
  readonly text?: readonly string[];
  /** `none` keeps the texts out of the bars. */
  readonly textposition?: "none";
  /** Horizontal whiskers. */
  readonly error_x?: ErrorBars;
  /** Vertical whiskers. */
  readonly error_y?: ErrorBars;
}

/** Any of our traces. */
export type Trace = HeatmapTrace | ScatterTrace | BarTrace;
