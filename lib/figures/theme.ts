/**
 * One look for all figures: calm, readable in print, safe for colour-blind readers.
 *
 * @module
 */

import type { Colorscale, Line, MarkerSymbol } from "./spec.ts";

/** Fonts of every figure. */
export const fontFamily =
  "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif";

/** Colours that do not carry data. */
export const ink = {
  /** Titles. */
  strong: "#1f2733",
  /** Axis labels and texts. */
  text: "#3d4754",
  /** Captions and reference lines. */
  muted: "#6b7683",
  /** Grid lines. */
  grid: "#e6e9ed",
  /** Axis lines. */
  axis: "#b4bcc6",
  paper: "#ffffff",
} as const;

/** Outline of chosen heads, colour of the CoRe heads. */
export const accent = "#d55e00";

/** Outline of evidence. */
export const evidenceColour = "#0072b2";

/** How one series is told from others: by colour, dash and marker together. */
export interface SeriesStyle {
  /** CSS colour. */
  readonly color: string;
  /** Dash pattern. */
  readonly dash: NonNullable<Line["dash"]>;
  /** Marker shape. */
  readonly symbol: MarkerSymbol;
}

/** Styles by position, after Okabe and Ito's colour-blind-safe palette. */
const styles: readonly SeriesStyle[] = [
  { color: "#0072b2", dash: "solid", symbol: "square" },
  { color: "#009e73", dash: "dash", symbol: "diamond" },
  { color: "#cc79a7", dash: "dashdot", symbol: "triangle-up" },
  { color: "#56b4e9", dash: "dot", symbol: "cross" },
  { color: "#a6761d", dash: "dash", symbol: "x" },
  { color: "#5f4b8b", dash: "solid", symbol: "circle" },
];

/** Series that mean the same in every figure look the same in every figure. */
const known: Readonly<Record<string, SeriesStyle>> = {
  "core": { color: accent, dash: "solid", symbol: "circle" },
  "random": styles[0],
  "layer-matched": styles[1],
  "score-matched": styles[2],
  "bottom": { color: "#7a7a7a", dash: "dot", symbol: "x" },
  "none": { color: ink.strong, dash: "solid", symbol: "circle" },
  "dense": { color: ink.strong, dash: "solid", symbol: "circle" },
  "all-local": styles[3],
};

/**
 * Style of a series: by its name where the name is one of the analyses' conditions (`core`,
 * `random`, `layer-matched`, `score-matched`, `bottom`, `none`, `dense`, `all-local`), else by its
 * place among the other names.
 *
 * @param names all series of the figure, in order
 * @returns a style for each; unlike names get unlike styles, as long as there are enough
 *
 * @example
 * ```ts
 * import { accent, seriesStyles } from "./theme.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(seriesStyles(["mine", "core"])[1].color, accent);
 * ```
 */
export function seriesStyles(names: readonly string[]): SeriesStyle[] {
  const taken = new Set(names.flatMap((name) => Object.hasOwn(known, name) ? [known[name]] : []));
  const free = styles.filter((style) => !taken.has(style));
  const pool = free.length > 0 ? free : styles;
  let next = 0;
  return names.map((name) => Object.hasOwn(known, name) ? known[name] : pool[next++ % pool.length]);
}

/** A hex colour made transparent, e.g. for interval bands. */
export function withOpacity(hex: string, opacity: number): string {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  return `rgba(${r},${g},${b},${opacity})`;
}

/** Light to dark, for values from zero up (ColorBrewer's YlGnBu). */
export const sequential: Colorscale = evenly([
  "#fdfee8",
  "#edf8b1",
  "#c7e9b4",
  "#7fcdbb",
  "#41b6c4",
  "#1d91c0",
  "#225ea8",
  "#253494",
  "#081d58",
]);

/** Purple below, orange above, near-white at the middle (ColorBrewer's PuOr). */
export const diverging: Colorscale = evenly([
  "#542788",
  "#8073ac",
  "#b2abd2",
  "#d8daeb",
  "#f7f7f7",
  "#fee0b6",
  "#fdb863",
  "#e08214",
  "#b35806",
]);

/**
 * From transparent to strong, for values drawn over an image: more vivid than any colour of a
 * muted image (`muted` in `overlay_image.ts`), and never so dense that a word below cannot be read:
 * black on white keeps a contrast of 3 to 1.
 */
export const overlay: Colorscale = [
  [0, "rgba(255,190,0,0)"],
  [0.05, "rgba(255,175,0,0.2)"],
  [0.3, "rgba(255,125,0,0.4)"],
  [0.65, "rgba(245,70,0,0.46)"],
  [1, "rgba(215,15,0,0.5)"],
];

/** Colours at equal distances from 0 to 1. */
function evenly(colours: readonly string[]): Colorscale {
  return colours.map((colour, i) => [i / (colours.length - 1), colour] as const);
}

/** Red, green, blue (0 to 255) and opacity (0 to 1) of a hex or rgba colour. */
function channels(colour: string): [number, number, number, number] {
  if (colour.startsWith("#")) {
    const [r, g, b] = [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
    return [r, g, b, 1];
  }
  const [r, g, b, opacity] = colour.slice(colour.indexOf("(") + 1, -1).split(",").map(Number);
  return [r, g, b, opacity];
}

/**
 * Colour of a value on a scale, interpolated; values outside take the end colours.
 *
 * @param scale colours at positions from 0 to 1
 * @param position 0 to 1
 * @returns `rgba(r,g,b,opacity)`
 *
 * @example
 * ```ts
 * import { colourAt } from "./theme.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(colourAt([[0, "#000000"], [1, "#ffffff"]], 0.5), "rgba(128,128,128,1)");
 * ```
 */
export function colourAt(scale: Colorscale, position: number): string {
  const at = Math.min(1, Math.max(0, position));
  const above = Math.max(1, scale.findIndex(([end]) => end >= at));
  const [[start, from], [end, to]] = [scale[above - 1], scale[above]];
  const share = (at - start) / (end - start);
  const [a, b] = [channels(from), channels(to)];
  const mixed = a.map((value, i) => value + share * (b[i] - value));
  const rgb = mixed.slice(0, 3).map(Math.round);
  return `rgba(${rgb.join(",")},${Number(mixed[3].toFixed(3))})`;
}

/** Black or white, whichever reads better on a colour. */
export function textColourOn(colour: string): string {
  const [r, g, b, opacity] = channels(colour);
  const onPaper = [r, g, b].map((value) => opacity * value + (1 - opacity) * 255);
  const luminance = 0.299 * onPaper[0] + 0.587 * onPaper[1] + 0.114 * onPaper[2];
  return luminance > 140 ? ink.strong : "#ffffff";
}
