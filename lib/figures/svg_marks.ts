/**
 * Draws the marks of traces as SVG: cells, bars, lines, bands, points, whiskers, colour bars.
 *
 * @module
 */

import type { Layout } from "./layout_spec.ts";
import type {
  BarTrace,
  Coordinate,
  ErrorBars,
  HeatmapTrace,
  MarkerSymbol,
  ScatterTrace,
  Trace,
} from "./spec.ts";
import { px, strokeOf, textAt } from "./svg_text.ts";
import { layOutAxis, type Scale } from "./svg_scale.ts";
import { colourAt, ink, textColourOn } from "./theme.ts";

/** Which of several bar traces this is. */
interface BarGroup {
  readonly index: number;
  readonly count: number;
}

/** Pixel edges of cells, from centres or edges. */
function cellEdges(scale: Scale, positions: readonly Coordinate[], count: number): number[] {
  const at = positions.map((position) => scale.at(position));
  if (at.length === count + 1) return at;
  const half = count > 1
    ? Math.abs(at[1] - at[0]) / 2
    : Math.abs(scale.at(Number(scale.axis.range[0]) + 1) - scale.start) / 2;
  const forward = count > 1 ? Math.sign(at[1] - at[0]) : Math.sign(scale.end - scale.start);
  return [at[0] - forward * half, ...at.map((middle) => middle + forward * half)];
}

/** The cells of a heat map, with their texts. */
function drawHeatmap(trace: HeatmapTrace, x: Scale, y: Scale): string {
  const columns = trace.z[0].length;
  const [edgesX, edgesY] = [cellEdges(x, trace.x, columns), cellEdges(y, trace.y, trace.z.length)];
  const [gapX, gapY] = [trace.xgap ?? 0, trace.ygap ?? 0];
  const parts: string[] = [];
  trace.z.forEach((row, r) =>
    row.forEach((value, c) => {
      const colour = value === null
        ? ink.paper
        : colourAt(trace.colorscale, (value - trace.zmin) / (trace.zmax - trace.zmin || 1));
      const [left, right] = [edgesX[c], edgesX[c + 1]].sort((a, b) => a - b);
      const [top, bottom] = [edgesY[r], edgesY[r + 1]].sort((a, b) => a - b);
      parts.push(
        `<rect x="${px(left + gapX / 2)}" y="${px(top + gapY / 2)}" ` +
          `width="${px(right - left - gapX)}" height="${px(bottom - top - gapY)}" ` +
          `fill="${colour}"/>`,
      );
      if (trace.texttemplate !== undefined && trace.text !== undefined) {
        parts.push(textAt(trace.text[r][c], (left + right) / 2, (top + bottom) / 2, {
          size: trace.textfont?.size ?? 12,
          color: textColourOn(colour),
          anchor: "middle",
          valign: "middle",
        }));
      }
    })
  );
  return parts.join("");
}

/** Whiskers of points, along one direction. */
function drawWhiskers(
  bars: ErrorBars | undefined,
  centres: readonly (readonly [number, number])[],
  along: Scale,
  values: readonly Coordinate[],
  horizontal: boolean,
): string {
  if (bars === undefined) return "";
  return centres.map(([cx, cy], i) => {
    const from = along.at(Number(values[i]) - bars.arrayminus[i]);
    const to = along.at(Number(values[i]) + bars.array[i]);
    const half = bars.width;
    const path = horizontal
      ? `M${px(from)} ${px(cy)}H${px(to)}M${px(from)} ${px(cy - half)}v${2 * half}` +
        `M${px(to)} ${px(cy - half)}v${2 * half}`
      : `M${px(cx)} ${px(from)}V${px(to)}M${px(cx - half)} ${px(from)}h${2 * half}` +
        `M${px(cx - half)} ${px(to)}h${2 * half}`;
    return `<path d="${path}" fill="none" stroke="${bars.color}" ` +
      `stroke-width="${bars.thickness}"/>`;
  }).join("");
}

/** The bars of one trace, side by side with those of the others. */
function drawBars(trace: BarTrace, x: Scale, y: Scale, group: BarGroup, gap: number): string {
  const across = trace.orientation === "h";
  const [places, lengths] = across ? [y, x] : [x, y];
  const [positions, values] = across ? [trace.y, trace.x] : [trace.x, trace.y];
  const unit = Math.abs(places.at(1) - places.at(0));
  const thick = unit * (1 - gap) / group.count;
  const zero = lengths.at(0);
  const centres: [number, number][] = [];
  const down = places.axis.range[0] > places.axis.range[1] === across ? -1 : 1;
  const rects = positions.map((position, i) => {
    const middle = places.at(position) +
      (across ? -down : 1) * (group.index - (group.count - 1) / 2) * thick;
    const end = lengths.at(values[i]);
    const from = Math.min(zero, end);
    const size = Math.abs(end - zero);
    centres.push(across ? [end, middle] : [middle, end]);
    return across
      ? `<rect x="${px(from)}" y="${px(middle - thick / 2)}" width="${px(size)}" ` +
        `height="${px(thick)}" fill="${trace.marker.color}"/>`
      : `<rect x="${px(middle - thick / 2)}" y="${px(from)}" width="${px(thick)}" ` +
        `height="${px(size)}" fill="${trace.marker.color}"/>`;
  });
  return rects.join("") + drawWhiskers(trace.error_x, centres, x, trace.x, true) +
    drawWhiskers(trace.error_y, centres, y, trace.y, false);
}

/** Outline of a marker of the given radius around the origin. */
export function markerPath(symbol: MarkerSymbol, r: number): string {
  const t = r * 0.4;
  switch (symbol) {
    case "square":
      return `M${-r} ${-r}h${2 * r}v${2 * r}h${-2 * r}z`;
    case "diamond":
      return `M0 ${-1.3 * r}L${1.3 * r} 0L0 ${1.3 * r}L${-1.3 * r} 0z`;
    case "triangle-up":
      return `M0 ${-1.2 * r}L${1.15 * r} ${0.8 * r}L${-1.15 * r} ${0.8 * r}z`;
    case "cross":
    case "x": {
      const turn = symbol === "x" ? Math.SQRT1_2 : 1;
      const point = (a: number, b: number): string =>
        symbol === "x" ? `${px((a - b) * turn)} ${px((a + b) * turn)}` : `${px(a)} ${px(b)}`;
      const corners: [number, number][] = [[-r, -t], [-t, -t], [-t, -r], [t, -r], [t, -t], [r, -t]];
      const outline = [...corners, ...corners.map(([a, b]): [number, number] => [-a, -b])];
      return `M${outline.map(([a, b]) => point(a, b)).join("L")}z`;
    }
    default:
      return `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`;
  }
}

const textPlaces = {
  "top center": [0, -7, "middle", "bottom"],
  "bottom center": [0, 7, "middle", "top"],
  "middle right": [8, 0, "start", "middle"],
  "middle left": [-8, 0, "end", "middle"],
} as const;

/** A line, band or cloud of points. */
function drawScatter(trace: ScatterTrace, x: Scale, y: Scale): string {
  const centres = trace.x.map((value, i): [number, number] => [x.at(value), y.at(trace.y[i])]);
  const parts: string[] = [];
  if (trace.fill === "toself" || trace.mode.includes("lines")) {
    const steps = trace.line?.shape === "hv";
    const path = centres.map(([cx, cy], i) =>
      i === 0 ? `M${px(cx)} ${px(cy)}` : steps ? `H${px(cx)}V${px(cy)}` : `L${px(cx)} ${px(cy)}`
    ).join("");
    const filled = trace.fill === "toself" ? trace.fillcolor ?? ink.grid : "none";
    const stroke = (trace.line?.width ?? 2) > 0 ? strokeOf({ width: 2, ...trace.line }) : "";
    parts.push(`<path d="${path}" fill="${filled}" stroke-linejoin="round" ${stroke}/>`);
  }
  parts.push(drawWhiskers(trace.error_x, centres, x, trace.x, true));
  parts.push(drawWhiskers(trace.error_y, centres, y, trace.y, false));
  const marker = trace.marker;
  if (trace.mode.includes("markers") && marker !== undefined) {
    const path = markerPath(marker.symbol ?? "circle", marker.size / 2);
    const outline = marker.line === undefined ? "" : ` ${strokeOf(marker.line)}`;
    for (const [cx, cy] of centres) {
      parts.push(
        `<path d="${path}" transform="translate(${px(cx)} ${px(cy)})" fill="${marker.color}" ` +
          `opacity="${marker.opacity ?? 1}"${outline}/>`,
      );
    }
  }
  if (trace.mode.includes("text")) {
    trace.text?.forEach((text, i) => {
      const [dx, dy, anchor, valign] = textPlaces[trace.textposition?.[i] ?? "top center"];
      const look = { size: trace.textfont?.size ?? 11, color: trace.textfont?.color ?? ink.text };
      if (text !== "") {
        parts.push(
          textAt(text, centres[i][0] + dx, centres[i][1] + dy, { ...look, anchor, valign }),
        );
      }
    });
  }
  return parts.join("");
}

/**
 * The marks of one trace.
 *
 * @param trace what is drawn
 * @param x its horizontal axis
 * @param y its vertical axis
 * @param group which of several bar traces it is
 * @param layout the figure's layout
 */
export function drawTrace(
  trace: Trace,
  x: Scale,
  y: Scale,
  group: BarGroup,
  layout: Layout,
): string {
  if (trace.type === "heatmap") return drawHeatmap(trace, x, y);
  if (trace.type === "bar") return drawBars(trace, x, y, group, layout.bargap ?? 0.2);
  return drawScatter(trace, x, y);
}

/** The colour bar of a heat map, right of the plot. */
export function drawColorbar(
  trace: HeatmapTrace,
  plot: {
    readonly left: number;
    readonly right: number;
    readonly top: number;
    readonly bottom: number;
  },
): string {
  const bar = trace.colorbar;
  if (bar === undefined) return "";
  const left = plot.left + bar.x * (plot.right - plot.left) + 10;
  const length = bar.len * (plot.bottom - plot.top);
  const top = (plot.top + plot.bottom - length) / 2;
  const steps = 64;
  const cells = Array.from(
    { length: steps },
    (_, i) =>
      `<rect x="${px(left)}" y="${px(top + length * (1 - (i + 1) / steps))}" ` +
      `width="${bar.thickness}" height="${px(length / steps + 0.5)}" ` +
      `fill="${colourAt(trace.colorscale, (i + 0.5) / steps)}"/>`,
  );
  const range: [number, number] = [trace.zmin, trace.zmax === trace.zmin ? 1 : trace.zmax];
  const { ticks } = layOutAxis({ range }, top + length, top);
  const labels = ticks.map(({ at, label }) =>
    textAt(label, left + bar.thickness + 5, at, {
      size: 11.5,
      color: ink.text,
      anchor: "start",
      valign: "middle",
    })
  );
  const widest = Math.max(0, ...ticks.map(({ label }) => label.length * 6.4));
  const title = textAt(bar.title.text, left + bar.thickness + widest + 12, top + length / 2, {
    size: 12,
    color: ink.text,
    anchor: "middle",
    rotate: -90,
  });
  return cells.join("") + labels.join("") + title;
}
