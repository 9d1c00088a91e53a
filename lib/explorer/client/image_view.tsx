/**
 * One image with attention over it: a token grid or a smooth overlay, evidence outlined.
 *
 * @module
 */
/** @jsxRuntime automatic */
/** @jsxImportSource preact */
import { useMemo, useRef, useState } from "preact/hooks";
import type { ExplorerGrid, ExplorerPanel, ExplorerSample } from "../data.ts";
import { css, evidenceColour, overlayColour } from "./colours.ts";
import { SaveButtons } from "./controls.tsx";
import { number, percent } from "./format.ts";
import { inSpans, type Overlay } from "./view.ts";

/** What a image is drawn with. */
export interface ImageProps {
  readonly sample: ExplorerSample;
  readonly panel: ExplorerPanel;
  readonly url: string;
  /** Attention by token, hidden sinks as 0; null where there is none to show. */
  readonly values: Float32Array | null;
  /** The value with the strongest colour. */
  readonly peak: number;
  readonly overlay: Overlay;
  readonly strength: number;
  readonly evidence: boolean;
  readonly dark: boolean;
  readonly name: string;
  readonly alt: string;
}

/** Longer side of a drawing, in its own units. */
const side = 640;

/** The token at a row and column. */
export const tokenAt = ({ start, stride }: ExplorerGrid, row: number, column: number): number =>
  start + row * stride + column;

/** A grid's values between its tokens, as a image. */
function smoothImage(grid: ExplorerGrid, values: Float32Array, peak: number, strength: number) {
  const { rows, columns } = grid,
    fine = Math.max(1, Math.min(12, Math.floor(480 / Math.max(rows, columns))));
  const canvas = document.createElement("canvas");
  canvas.width = columns * fine;
  canvas.height = rows * fine;
  const context = canvas.getContext("2d")!;
  const image = context.createImageData(canvas.width, canvas.height);
  const table = Array.from({ length: 256 }, (_, i) => overlayColour(i / 255, strength));
  const value = (row: number, column: number) =>
    values[
      tokenAt(
        grid,
        Math.min(rows - 1, Math.max(0, row)),
        Math.min(columns - 1, Math.max(0, column)),
      )
    ];
  for (let y = 0; y < canvas.height; y++) {
    const v = (y + 0.5) / fine - 0.5, row = Math.floor(v), down = v - row;
    for (let x = 0; x < canvas.width; x++) {
      const u = (x + 0.5) / fine - 0.5, column = Math.floor(u), right = u - column;
      const above = value(row, column) * (1 - right) + value(row, column + 1) * right;
      const below = value(row + 1, column) * (1 - right) + value(row + 1, column + 1) * right;
      const share = (above * (1 - down) + below * down) / peak;
      const [red, green, blue, opacity] = table[Math.min(255, Math.round(255 * share))];
      image.data.set([red, green, blue, 255 * opacity], 4 * (y * canvas.width + x));
    }
  }
  context.putImageData(image, 0, 0);
  return canvas.toDataURL();
}

/** The outline of tokens that lie in spans, as a path. */
function outline(grid: ExplorerGrid, spans: ExplorerSample["evidence"], scale: number): string {
  const { rows, columns, box: [x0, y0, x1, y1] } = grid, parts: string[] = [];
  const isIn = (row: number, column: number) =>
    row >= 0 && row < rows && column >= 0 && column < columns &&
    inSpans(tokenAt(grid, row, column), spans);
  const x = (column: number) => ((x0 + (x1 - x0) * column / columns) * scale).toFixed(1);
  const y = (row: number) => ((y0 + (y1 - y0) * row / rows) * scale).toFixed(1);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      if (!isIn(row, column)) continue;
      if (!isIn(row - 1, column)) parts.push(`M${x(column)} ${y(row)}H${x(column + 1)}`);
      if (!isIn(row + 1, column)) parts.push(`M${x(column)} ${y(row + 1)}H${x(column + 1)}`);
      if (!isIn(row, column - 1)) parts.push(`M${x(column)} ${y(row)}V${y(row + 1)}`);
      if (!isIn(row, column + 1)) parts.push(`M${x(column + 1)} ${y(row)}V${y(row + 1)}`);
    }
  }
  return parts.join("");
}

/** A place on the image. */
interface Spot {
  readonly grid: number;
  readonly row: number;
  readonly column: number;
}

export function ImageView(props: ImageProps) {
  const { sample, panel, url, values, peak, overlay, strength, dark, name, alt } = props;
  const svg = useRef<SVGSVGElement>(null), [spot, setSpot] = useState<Spot | null>(null);
  const scale = side / Math.max(panel.width, panel.height);
  const width = panel.width * scale, height = panel.height * scale;
  const placed = (grid: ExplorerGrid) => {
    const [x0, y0, x1, y1] = grid.box.map((value) => value * scale);
    return { x0, y0, w: (x1 - x0) / grid.columns, h: (y1 - y0) / grid.rows };
  };
  const drawn = useMemo(() => {
    if (!values || overlay === "off" || peak <= 0) return null;
    return panel.grids.map((grid, i) => {
      const { x0, y0, w, h } = placed(grid);
      if (overlay === "smooth") {
        return (
          <image
            key={i}
            href={smoothImage(grid, values, peak, strength)}
            x={x0}
            y={y0}
            width={w * grid.columns}
            height={h * grid.rows}
            preserveAspectRatio="none"
          />
        );
      }
      return (
        <g key={i}>
          {Array.from({ length: grid.rows * grid.columns }, (_, at) => {
            const row = Math.floor(at / grid.columns), column = at % grid.columns;
            const share = values[tokenAt(grid, row, column)] / peak;
            if (share < 0.01) return null;
            return (
              <rect
                key={at}
                x={x0 + column * w}
                y={y0 + row * h}
                width={w}
                height={h}
                fill={css(overlayColour(share, strength))}
              />
            );
          })}
        </g>
      );
    });
  }, [panel, values, peak, overlay, strength]);
  const edges = useMemo(
    () => panel.grids.map((grid) => outline(grid, sample.evidence, scale)).join(""),
    [panel, sample],
  );
  const under = (event: PointerEvent): Spot | null => {
    const box = svg.current!.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width * width;
    const y = (event.clientY - box.top) / box.height * height;
    for (let grid = panel.grids.length - 1; grid >= 0; grid--) {
      const { x0, y0, w, h } = placed(panel.grids[grid]);
      const row = Math.floor((y - y0) / h), column = Math.floor((x - x0) / w);
      const { rows, columns } = panel.grids[grid];
      if (row >= 0 && column >= 0 && row < rows && column < columns) return { grid, row, column };
    }
    return null;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const { grid, row, column } = spot ?? { grid: 0, row: 0, column: 0 };
    const { rows, columns } = panel.grids[grid] ?? { rows: 1, columns: 1 };
    const moves: Record<string, Spot> = {
      ArrowLeft: { grid, row, column: Math.max(0, column - 1) },
      ArrowRight: { grid, row, column: Math.min(columns - 1, column + 1) },
      ArrowUp: { grid, row: Math.max(0, row - 1), column },
      ArrowDown: { grid, row: Math.min(rows - 1, row + 1), column },
    };
    if (!(event.key in moves) || panel.grids.length === 0) return;
    setSpot(moves[event.key]);
    event.preventDefault();
    event.stopPropagation();
  };
  const at = spot && panel.grids[spot.grid];
  const token = at && spot ? tokenAt(at, spot.row, spot.column) : null;
  const size = at ? placed(at) : null;
  return (
    <figure class="image">
      <svg
        ref={svg}
        viewBox={`0 0 ${width} ${height}`}
        tabindex={0}
        role="img"
        aria-label={`${alt}. Arrow keys read the tokens.`}
        style={{ maxHeight: "min(62vh, 640px)", aspectRatio: `${panel.width} / ${panel.height}` }}
        onPointerMove={(event) => setSpot(under(event))}
        onPointerDown={(event) => setSpot(under(event))}
        onPointerLeave={() => setSpot(null)}
        onKeyDown={onKeyDown}
      >
        <image
          href={url}
          width={width}
          height={height}
          preserveAspectRatio="none"
          image-rendering={scale > 2.5 ? "pixelated" : "auto"}
        />
        {drawn}
        {props.evidence && edges !== "" && (
          <g fill="none" stroke-linecap="square">
            <path d={edges} stroke="#ffffff" stroke-width="6" />
            <path class="evidence" d={edges} stroke={evidenceColour} stroke-width="3" />
          </g>
        )}
        {at && spot && size && (
          <rect
            data-unsaved
            x={size.x0 + spot.column * size.w}
            y={size.y0 + spot.row * size.h}
            width={size.w}
            height={size.h}
            fill="none"
            stroke="#000000"
            stroke-width="2"
            stroke-dasharray="5 3"
          />
        )}
      </svg>
      <figcaption class="row">
        <span class="readout grow" id="token-readout" aria-live="polite">
          {token === null || !spot || !values
            ? `${panel.label}, ${panel.width} × ${panel.height} pixels`
            : `row ${spot.row}, column ${spot.column}: ${number(values[token])} (${
              percent(values[token])
            } of the row)` +
              (inSpans(token, sample.evidence) ? " · evidence" : "") +
              (sample.sinks.includes(token) ? " · sink" : "")}
        </span>
        <SaveButtons target={svg} name={name} dark={dark} />
      </figcaption>
    </figure>
  );
}
