/**
 * Two maps of one value per head side by side, and their difference.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { headName } from "../common/head_id.ts";
import { extent } from "./check.ts";
import { type Figure, makeFigure } from "./figure.ts";
import { tickPlaces } from "./head_map.ts";
import type { Annotation, Axis } from "./layout_spec.ts";
import { checkRecord, type HeadRecord, joinSentences } from "./records.ts";
import type { Trace } from "./spec.ts";
import { formatNumber, plotlyText } from "./text.ts";
import { diverging, ink, sequential } from "./theme.ts";

/** Options of {@link comparedMaps}. */
export interface ComparedMapsOptions {
  /** Heading. */
  readonly title?: string;
  /** What the value is, with its unit; `RAM (share of attention)` by default. */
  readonly quantity?: string;
  /** Names of the two maps, above them; `first` and `second` by default. */
  readonly names?: readonly [first: string, second: string];
  /** More sentences for the caption. */
  readonly caption?: string;
  /** Width of the figure in pixels, 980 by default. */
  readonly width?: number;
}

/**
 * Two head maps on one colour scale, and the second minus the first around zero: two models of the
 * same sizes, two data sets, or somebody else's list beside one's own.
 *
 * @param first values by head
 * @param second values by head, of as many layers and heads
 * @throws {InputError} for maps of other sizes, or values that are not finite
 *
 * @example
 * ```ts
 * import { comparedMaps } from "./compared_maps.ts";
 * import { assertEquals } from "@std/assert";
 * const figure = comparedMaps(
 *   { shape: [1, 2], values: [0.1, 0.7] },
 *   { shape: [1, 2], values: [0.4, 0.2] },
 *   { names: ["scenes", "pages"] },
 * );
 * assertEquals(figure.data.length, 3);
 * ```
 */
export function comparedMaps(
  first: HeadRecord,
  second: HeadRecord,
  options: ComparedMapsOptions = {},
): Figure {
  checkRecord("the first head map", first);
  checkRecord("the second head map", second);
  const [layers, heads] = first.shape;
  if (String(first.shape) !== String(second.shape)) {
    throw new InputError(
      `Cannot compare head maps of ${layers} x ${heads} and ${second.shape[0]} x ` +
        `${second.shape[1]} heads: wanted the same sizes`,
    );
  }
  const { quantity = "RAM (share of attention)", names = ["first", "second"] } = options;
  const difference = Float64Array.from(
    { length: layers * heads },
    (_, i) => second.values[i] - first.values[i],
  );
  const [least, most] = extent(first.values, second.values);
  const signed = least < 0;
  const limit = Math.max(Math.abs(least), Math.abs(most)) || 1;
  const change = Math.max(...extent(difference).map(Math.abs)) || 1;
  const height = Math.max(210, Math.round(Math.min(34, Math.max(9, 420 / layers)) * layers));
  const titles = [...names, `${names[1]} minus ${names[0]}`];
  const panels = [first.values, second.values, difference];
  const data: Trace[] = [], annotations: Annotation[] = [];
  const axes: Record<string, Axis> = {};
  const starts = [0, 0.3, 0.7], share = 0.27;
  panels.forEach((values, panel) => {
    const suffix = panel === 0 ? "" : String(panel + 1);
    const isDifference = panel === 2;
    const centred = isDifference || signed;
    const own = isDifference ? change : limit;
    const rows = <T>(make: (i: number, layer: number, head: number) => T): T[][] =>
      Array.from(
        { length: layers },
        (_, layer) =>
          Array.from({ length: heads }, (_, head) => make(layer * heads + head, layer, head)),
      );
    data.push({
      type: "heatmap",
      xaxis: `x${suffix}`,
      yaxis: `y${suffix}`,
      x: Array.from({ length: heads }, (_, head) => head),
      y: Array.from({ length: layers }, (_, layer) => layer),
      z: rows((i) => values[i]),
      text: rows((i, layer, head) =>
        [
          `<b>${headName({ layer, head })}</b>`,
          ...panels.map((map, p) => `${plotlyText(titles[p])}: ${formatNumber(map[i])}`),
        ].join("<br>")
      ),
      hovertemplate: "%{text}<extra></extra>",
      colorscale: centred ? diverging : sequential,
      zmin: centred ? -own : 0,
      zmax: own,
      showscale: panel > 0, // the first two share one bar
      colorbar: {
        title: { text: plotlyText(isDifference ? "difference" : quantity), side: "right" },
        thickness: 12,
        len: 1,
        x: starts[panel] + share + 0.01,
        outlinewidth: 0,
      },
      xgap: heads > 40 ? 0 : 1,
      ygap: layers > 40 ? 0 : 1,
    });
    axes[`xaxis${suffix}`] = {
      title: { text: "head" },
      range: [-0.5, heads - 0.5],
      domain: [starts[panel], starts[panel] + share],
      tickvals: tickPlaces(heads, 10),
      anchor: `y${suffix}`,
      showgrid: false,
    };
    axes[`yaxis${suffix}`] = {
      ...(panel === 0 ? { title: { text: "layer" } } : { showticklabels: false }),
      range: [-0.5, layers - 0.5],
      tickvals: tickPlaces(layers, Math.floor(height / 16)),
      anchor: `x${suffix}`,
      showgrid: false,
    };
    annotations.push({
      text: plotlyText(titles[panel]),
      xref: "paper",
      yref: "paper",
      x: starts[panel],
      y: 1,
      xanchor: "left",
      yanchor: "bottom",
      yshift: 4,
      showarrow: false,
      font: { size: 12, color: ink.text },
    });
  });
  const largest = [...difference.keys()]
    .sort((a, b) => Math.abs(difference[b]) - Math.abs(difference[a]) || a - b).slice(0, 5)
    .map((i) =>
      `${headName({ layer: Math.floor(i / heads), head: i % heads })} ${
        formatNumber(difference[i])
      }`
    );
  return makeFigure({
    title: options.title ?? `${names[0]} and ${names[1]}`,
    caption: joinSentences("The two maps share one colour scale", options.caption),
    data,
    axes,
    width: options.width ?? 980,
    plotHeight: height,
    space: { left: 62, right: 92, bottom: 54 },
    annotations,
    summary: [
      `${quantity}; layers x heads: ${layers} x ${heads}`,
      `largest differences, ${titles[2]}: ${largest.join(", ")}`,
    ],
  });
}
