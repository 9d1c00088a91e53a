/**
 * A head's attention over visual tokens, drawn on the images.
 *
 * @module
 */

import { InputError } from "../common/errors.ts";
import { checkNotEmpty, checkValues, extent } from "./check.ts";
import { type Figure, makeFigure } from "./figure.ts";
import { imageUrl, muted, type OverlayImage, shrink } from "./overlay_image.ts";
import { type PanelCell, placePanels } from "./panel_places.ts";
import { joinSentences } from "./records.ts";
import type { Annotation, Axis, PlacedImage, Shape } from "./layout_spec.ts";
import type { Trace } from "./spec.ts";
import { formatNumber, plotlyText, shorten } from "./text.ts";
import { evidenceColour, ink, overlay } from "./theme.ts";

/** A rectangle in pixels, half-open: left, top, right, bottom. */
export type PixelBox = readonly [x0: number, y0: number, x1: number, y1: number];

/** Values of visual tokens that lie on a grid over an image. */
export interface AttentionGrid {
  /** Number of token rows. */
  readonly rows: number;
  /** Number of token columns. */
  readonly columns: number;
  /** Values from 0 up, `[rows * columns]`, row by row from the top left. */
  readonly values: ArrayLike<number>;
  /** Which part of the image the grid covers; all of it by default. */
  readonly box?: PixelBox;
}

/** An image, a frame or a page with what is drawn on it. */
export interface AttentionPanel {
  /** The image as it was asked about. */
  readonly image: OverlayImage;
  /** The tokens' values; several grids where an image is cut into tiles. */
  readonly grids: readonly AttentionGrid[];
  /** Line above the image, e.g. the head's name or the frame's time. */
  readonly title?: string;
  /** Rectangles to outline, e.g. the evidence, in pixels of the image. */
  readonly boxes?: readonly PixelBox[];
}

/** Options of {@link attentionOverlay}. */
export interface AttentionOverlayOptions {
  /** Heading. */
  readonly title?: string;
  /** What the values are, with their unit; `attention (share of the row)` by default. */
  readonly quantity?: string;
  /** Images side by side; up to 3 by default, 4 when there are more than 6. */
  readonly columns?: number;
  /**
   * `shared` (default): one colour scale for all images; `panel`: each image's largest value
   * has the strongest colour, and is written above it.
   */
  readonly scale?: "shared" | "panel";
  /** Sentences for the caption. */
  readonly caption?: string;
  /** Width of the figure in pixels, 860 by default. */
  readonly width?: number;
  /** Largest height of an image in pixels, 420 by default. */
  readonly imageHeight?: number;
  /** How strongly the images show under the attention, 0 to 1; 0.7 by default. */
  readonly imageOpacity?: number;
  /** Largest side of images given as pixels; by default twice that shown, at most 640. */
  readonly resolution?: number;
}

/** Throws unless a panel can be drawn. */
function checkPanel(panel: AttentionPanel, index: number): void {
  const figure = `the attention over image ${index}`;
  const { width, height } = panel.image;
  for (const { rows, columns, values } of panel.grids) {
    if (!(Number.isInteger(rows) && Number.isInteger(columns) && rows > 0 && columns > 0)) {
      throw new InputError(`Cannot draw ${figure} on ${rows} x ${columns} tokens`);
    }
    checkValues(figure, "the grid", values, rows * columns);
    const negative = Array.from(values).findIndex((value) => value < 0);
    if (negative >= 0) {
      throw new InputError(
        `Cannot draw ${figure}: value ${negative} is ${values[negative]}, wanted 0 or more`,
      );
    }
  }
  const boxes = [...panel.boxes ?? [], ...panel.grids.flatMap(({ box }) => box ? [box] : [])];
  for (const [x0, y0, x1, y1] of boxes) {
    if (!(x0 < x1 && y0 < y1 && x0 < width && y0 < height && x1 > 0 && y1 > 0)) {
      throw new InputError(
        `Cannot draw box [${x0}, ${y0}, ${x1}, ${y1}] on image ${index} of ${width} x ` +
          `${height} pixels: wanted [x0, y0, x1, y1] with x0 < x1 and y0 < y1, within it`,
      );
    }
  }
}

/** Pixels for an image that is sharp on screens with two pixels per point, but not too large. */
function sharpSide({ width, height }: PanelCell): number {
  return Math.min(640, Math.ceil(2 * Math.max(width, height)));
}

/** The image's URL; pale under attention, as long as its pixels are known. */
function shownImage({ image, grids }: AttentionPanel, side: number): string {
  if ("url" in image || grids.length === 0) return imageUrl(image, side);
  return imageUrl(muted(shrink(image, side)), side);
}

/** Edges of equal cells between two positions. */
function edges(from: number, to: number, count: number): number[] {
  return Array.from({ length: count + 1 }, (_, i) => from + (to - from) * i / count);
}

/**
 * A head's attention over visual tokens, drawn on the images: transparent where there is none,
 * yellow to red where there is much. Images below it are pale, so that only attention is vivid
 * (those given as URLs stay as they are). Hovering shows each token's value; boxes (the evidence) are
 * outlined.
 *
 * @param panels images with their values, at least one
 * @param options title, quantity, arrangement, colour scale
 * @throws {InputError} when there is no image, a grid's values do not fit or are negative or not
 * finite, or a box lies outside its image
 *
 * @example
 * ```ts
 * import { attentionOverlay } from "./attention_overlay.ts";
 * import { assertEquals } from "@std/assert";
 * const image = { width: 4, height: 2, data: new Uint8Array(24).fill(200) };
 * const figure = attentionOverlay([{
 *   image,
 *   grids: [{ rows: 1, columns: 2, values: [0.1, 0.6] }],
 *   boxes: [[2, 0, 4, 2]],
 *   title: "L3H1",
 * }]);
 * assertEquals(figure.layout.images.length, 1);
 * ```
 */
export function attentionOverlay(
  panels: readonly AttentionPanel[],
  options: AttentionOverlayOptions = {},
): Figure {
  checkNotEmpty("the attention", "images", panels);
  panels.forEach(checkPanel);
  const { title = "Attention over the image", quantity = "attention (share of the row)" } = options;
  const width = options.width ?? 860;
  const columns = Math.min(panels.length, options.columns ?? (panels.length > 6 ? 4 : 3));
  const shared = (options.scale ?? "shared") === "shared";
  const space = { left: 12, right: shared ? 96 : 12, bottom: 8 };
  const plotWidth = width - space.left - space.right;
  const { cells, height } = placePanels(panels, columns, plotWidth, options.imageHeight ?? 420);
  const peaks = panels.map(({ grids }) => extent([0], ...grids.map(({ values }) => values))[1]);
  const peak = Math.max(...peaks);
  const edge = Math.min(1, Math.max(...cells.map(({ left, width }) => left + width)) / plotWidth);
  const axes: Record<string, Axis> = {};
  const data: Trace[] = [];
  const images: PlacedImage[] = [];
  const shapes: Shape[] = [];
  const annotations: Annotation[] = [];
  panels.forEach((panel, i) => {
    const suffix = i === 0 ? "" : String(i + 1);
    const [xref, yref] = [`x${suffix}`, `y${suffix}`];
    const { image } = panel;
    const cell = cells[i];
    const hidden = { visible: false, showgrid: false } as const;
    axes[`xaxis${suffix}`] = {
      ...hidden,
      range: [0, image.width],
      domain: [cell.left / plotWidth, Math.min(1, (cell.left + cell.width) / plotWidth)],
      anchor: yref,
    };
    axes[`yaxis${suffix}`] = {
      ...hidden,
      range: [image.height, 0],
      domain: [Math.max(0, 1 - (cell.top + cell.height) / height), 1 - cell.top / height],
      anchor: xref,
    };
    images.push({
      source: shownImage(panel, options.resolution ?? sharpSide(cell)),
      xref,
      yref,
      x: 0,
      y: 0,
      sizex: image.width,
      sizey: image.height,
      sizing: "stretch",
      layer: "below",
      opacity: options.imageOpacity ?? 0.7,
    });
    panel.grids.forEach(({ rows, columns: across, values, box }) => {
      const [x0, y0, x1, y1] = box ?? [0, 0, image.width, image.height];
      const cellsOf = <T>(make: (value: number, row: number, column: number) => T): T[][] =>
        Array.from(
          { length: rows },
          (_, row) =>
            Array.from(
              { length: across },
              (_, column) => make(values[row * across + column], row, column),
            ),
        );
      data.push({
        type: "heatmap",
        xaxis: xref,
        yaxis: yref,
        x: edges(x0, x1, across),
        y: edges(y0, y1, rows),
        z: cellsOf((value) => value),
        text: cellsOf((value, row, column) =>
          `row ${row}, column ${column}<br>${plotlyText(quantity)}: ${formatNumber(value)}`
        ),
        hovertemplate: "%{text}<extra></extra>",
        colorscale: overlay,
        zmin: 0,
        zmax: (shared ? peak : peaks[i]) || 1,
        showscale: shared && data.length === 0,
        colorbar: {
          title: { text: plotlyText(quantity), side: "right" },
          thickness: 12,
          len: Math.min(1, 320 / height),
          x: edge + 0.005,
          outlinewidth: 0,
          nticks: 6,
        },
      });
    });
    for (const [x0, y0, x1, y1] of panel.boxes ?? []) {
      const outline = { type: "rect", xref, yref, x0, x1, y0, y1 } as const;
      const fillcolor = "rgba(0,0,0,0)";
      shapes.push({ ...outline, fillcolor, line: { color: "#ffffff", width: 4 } });
      shapes.push({ ...outline, fillcolor, line: { color: evidenceColour, width: 2 } });
    }
    const largest = shared ? "" : `largest ${formatNumber(peaks[i])}`;
    const limit = Math.max(8, Math.floor(cell.width / 6.6));
    const heading = [panel.title, largest].filter((part) => part).join(", ");
    if (heading !== "") {
      annotations.push({
        text: plotlyText(shorten(heading, limit)),
        xref: "paper",
        yref: "paper",
        x: cell.left / plotWidth,
        y: 1 - cell.top / height,
        xanchor: "left",
        yanchor: "bottom",
        yshift: 2,
        showarrow: false,
        font: { size: 12, color: ink.text },
      });
    }
  });
  const outlined = panels.some(({ boxes }) => boxes !== undefined && boxes.length > 0);
  return makeFigure({
    title,
    caption: joinSentences(outlined ? "Blue outline: evidence" : undefined, options.caption),
    data,
    axes,
    width,
    plotHeight: Math.round(height),
    space,
    shapes,
    annotations,
    images,
    summary: panels.map(({ title: heading, grids }, i) =>
      (heading ?? `image ${i}`) +
      (grids.length === 0 ? "" : `: largest ${quantity} ${formatNumber(peaks[i])}`)
    ),
  });
}
