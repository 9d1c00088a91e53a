/**
 * Draws a figure's traces and layout as SVG, for viewers without plotly: the same ranges, colours
 * and texts, without interaction.
 *
 * @module
 */

import type { Annotation, Axis, Layout, Shape } from "./layout_spec.ts";
import type { Coordinate, Trace } from "./spec.ts";
import { px, strokeOf, textAt } from "./svg_text.ts";
import { drawLegend } from "./svg_legend.ts";
import { drawColorbar, drawTrace } from "./svg_marks.ts";
import { layOutAxis, type Scale } from "./svg_scale.ts";
import { escapeHtml } from "./text.ts";
import { ink } from "./theme.ts";

const anchors = { left: "start", center: "middle", right: "end" } as const;

/** All axes laid out, by the name that traces use (`x`, `y2`), and the plot's edges. */
interface Frame {
  readonly scales: ReadonlyMap<string, Scale>;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Lays out every axis of the figure. */
function layOut(layout: Layout): Frame {
  const { width, height, margin } = layout;
  const [left, right, top, bottom] = [margin.l, width - margin.r, margin.t, height - margin.b];
  const scales = new Map<string, Scale>();
  for (const [name, axis] of Object.entries(layout.axes)) {
    const [from, to] = axis.domain ?? [0, 1];
    const id = name.replace("axis", "");
    scales.set(
      id,
      id.startsWith("x")
        ? layOutAxis(axis, left + from * (right - left), left + to * (right - left))
        : layOutAxis(axis, bottom - from * (bottom - top), bottom - to * (bottom - top)),
    );
  }
  return { scales, left, right, top, bottom };
}

/** Pixel of a position that refers to an axis or to the plot as a whole. */
function place(frame: Frame, ref: string, value: Coordinate, horizontal: boolean): number {
  const scale = frame.scales.get(ref);
  if (scale !== undefined) return scale.at(value);
  const share = Number(value);
  return horizontal
    ? frame.left + share * (frame.right - frame.left)
    : frame.bottom - share * (frame.bottom - frame.top);
}

/** Grid, line, ticks and title of one axis. */
function drawAxis(scale: Scale, other: Scale, horizontal: boolean): string {
  const { axis, start, end, ticks } = scale;
  if (axis.visible === false) return "";
  const foot = other.start;
  const parts: string[] = [];
  const line = (x1: number, y1: number, x2: number, y2: number, color: string): string =>
    `<line x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}" stroke="${color}"/>`;
  let widest = 0;
  for (const { at, label } of ticks) {
    const grid = axis.showgrid ?? true;
    if (grid) {
      parts.push(
        horizontal
          ? line(at, foot, at, other.end, ink.grid)
          : line(foot, at, other.end, at, ink.grid),
      );
    }
    parts.push(
      horizontal ? line(at, foot, at, foot + 4, ink.axis) : line(foot - 4, at, foot, at, ink.axis),
    );
    if (axis.showticklabels === false) continue;
    const look = { size: 11.5, color: ink.text };
    parts.push(
      horizontal
        ? textAt(label, at, foot + 7, { ...look, anchor: "middle" })
        : textAt(label, foot - 7, at, { ...look, anchor: "end", valign: "middle" }),
    );
    for (const row of label.split("<br>")) widest = Math.max(widest, row.length * 6.4);
  }
  parts.push(
    horizontal ? line(start, foot, end, foot, ink.axis) : line(foot, start, foot, end, ink.axis),
  );
  if (axis.title !== undefined) {
    const middle = (start + end) / 2;
    const look = { size: 12.5, color: ink.text, anchor: "middle" as const };
    parts.push(
      horizontal
        ? textAt(axis.title.text, middle, foot + 26, look)
        : textAt(axis.title.text, foot - widest - 30, middle, { ...look, rotate: -90 }),
    );
  }
  return parts.join("");
}

/** A rectangle or line of the layout. */
function drawShape(shape: Shape, frame: Frame): string {
  const [xa, xb] = [shape.x0, shape.x1].map((x) => place(frame, shape.xref, x, true));
  const [ya, yb] = [shape.y0, shape.y1].map((y) => place(frame, shape.yref, y, false));
  if (shape.type === "line") {
    return `<line x1="${px(xa)}" y1="${px(ya)}" x2="${px(xb)}" y2="${px(yb)}" ` +
      `${strokeOf(shape.line)}/>`;
  }
  return `<rect x="${px(Math.min(xa, xb))}" y="${px(Math.min(ya, yb))}" ` +
    `width="${px(Math.abs(xb - xa))}" height="${px(Math.abs(yb - ya))}" ` +
    `fill="${shape.fillcolor ?? "none"}" ${strokeOf(shape.line)}/>`;
}

/** A text of the layout. */
function drawAnnotation(annotation: Annotation, frame: Frame): string {
  // On a logarithmic axis plotly takes the exponents of annotations, but the values of shapes.
  const value = (ref: string, at: number): number =>
    frame.scales.get(ref)?.axis.type === "log" ? 10 ** at : at;
  const { xref, yref, xshift = 0, yshift = 0 } = annotation;
  const x = place(frame, xref, value(xref, annotation.x), true) + xshift;
  const y = place(frame, yref, value(yref, annotation.y), false) - yshift;
  return textAt(annotation.text, x, y, {
    ...annotation.font,
    anchor: anchors[annotation.xanchor],
    valign: annotation.yanchor,
  });
}

/**
 * A figure as a complete SVG document.
 *
 * @param data traces
 * @param layout axes, texts, shapes
 * @param title accessible title, plain text
 */
export function drawSvg(data: readonly Trace[], layout: Layout, title: string): string {
  const frame = layOut(layout);
  const axes: string[] = [];
  const clips: string[] = [];
  const scaleOf = (id: string): Scale => {
    const scale = frame.scales.get(id);
    if (scale === undefined) throw new Error(`The figure has no axis ${id}`);
    return scale;
  };
  const anchorOf = (axis: Axis, byDefault: string): Scale => scaleOf(axis.anchor ?? byDefault);
  for (const [id, scale] of frame.scales) {
    const horizontal = id.startsWith("x");
    axes.push(drawAxis(scale, anchorOf(scale.axis, horizontal ? "y" : "x"), horizontal));
  }
  const bars = data.filter((trace) => trace.type === "bar");
  const traces = data.map((trace, i) => {
    const [x, y] = [scaleOf(trace.xaxis ?? "x"), scaleOf(trace.yaxis ?? "y")];
    const grow = 7; // markers at the edge stay whole
    clips.push(
      `<clipPath id="clip${i}"><rect x="${px(x.start - grow)}" y="${px(y.end - grow)}" ` +
        `width="${px(x.end - x.start + 2 * grow)}" ` +
        `height="${px(y.start - y.end + 2 * grow)}"/></clipPath>`,
    );
    const group = { index: bars.indexOf(trace as never), count: bars.length };
    return `<g clip-path="url(#clip${i})">${drawTrace(trace, x, y, group, layout)}</g>`;
  });
  const images = layout.images.map((image) => {
    const [x, y] = [scaleOf(image.xref), scaleOf(image.yref)];
    const [left, top] = [x.at(image.x), y.at(image.y)];
    const right = x.at(image.x + image.sizex);
    const bottom = y.at(image.y + image.sizey);
    return `<image href="${escapeHtml(image.source)}" x="${px(left)}" y="${px(top)}" ` +
      `width="${px(right - left)}" height="${px(Math.abs(bottom - top))}" ` +
      `preserveAspectRatio="none" opacity="${image.opacity ?? 1}"/>`;
  });
  const shapes = (layer: "above" | "below"): string =>
    layout.shapes.filter((shape) => (shape.layer ?? "above") === layer)
      .map((shape) => drawShape(shape, frame)).join("");
  const bar = data.map((trace) =>
    trace.type === "heatmap" && trace.showscale ? drawColorbar(trace, frame) : ""
  );
  const { width, height } = layout;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `viewBox="0 0 ${width} ${height}" font-family="${escapeHtml(layout.font.family)}">` +
    `<title>${escapeHtml(title)}</title><defs>${clips.join("")}</defs>` +
    `<rect width="${width}" height="${height}" fill="${layout.paper_bgcolor}"/>` +
    images.join("") + axes.join("") + shapes("below") + traces.join("") + shapes("above") +
    bar.join("") + drawLegend(data, layout, frame) +
    layout.annotations.map((annotation) => drawAnnotation(annotation, frame)).join("") +
    textAt(layout.title.text, 12, 12, {
      size: 15,
      color: ink.strong,
      anchor: "start",
      weight: 500,
    }) + "</svg>";
}
