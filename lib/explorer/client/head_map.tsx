/**
 * The head map: layers upwards, heads to the right; choose by pointer, touch or keyboard.
 *
 * @module
 */
/** @jsxRuntime automatic */
/** @jsxImportSource preact */
import { useMemo, useRef } from "preact/hooks";
import type { ExplorerData, ExplorerMap } from "../data.ts";
import { accent, inks, mapColour } from "./colours.ts";
import { SaveButtons } from "./controls.tsx";
import { number } from "./format.ts";
import { headName } from "./view.ts";

/** Which head the pointer is on, and which the keyboard. */
export interface Marks {
  readonly pointed: number | null;
  readonly cursor: number | null;
}

/** What the map is drawn from. */
export interface HeadMapProps {
  readonly data: ExplorerData;
  readonly map: ExplorerMap;
  /** How its cells' names begin: two maps on a page have unlike ones. */
  readonly name: string;
  /** Shared by maps that stand side by side. */
  readonly marks: Marks;
  readonly mark: (part: Partial<Marks>) => void;
  readonly chosen: readonly number[];
  readonly several: boolean;
  readonly dark: boolean;
  readonly choose: (heads: readonly number[]) => void;
}

const left = 30, top = 6, bottom = 24, plot = 360;

/** One line about a head: its name, the value with its interval, and where it stands. */
export function headLine(data: ExplorerData, map: ExplorerMap, head: number): string {
  const value = map.values[head], interval = map.ci95?.[head];
  const rank = data.ranking.indexOf(head) + 1;
  const members = data.maps.find(({ id }) => id === "membership");
  return [
    `${headName(head, data.heads)}: ${map.label} ${
      value === null ? "not measured" : number(value)
    }` +
    (interval ? ` [${number(interval[0])}, ${number(interval[1])}]` : ""),
    `rank ${rank} of ${data.ranking.length}`,
    ...(members && map !== members && members.values[head] !== null
      ? [
        `top ${Number((100 * data.fraction).toFixed(1))}% in ${
          Math.round(100 * members.values[head]!)
        }% of resamples`,
      ]
      : []),
    ...(data.kept.includes(head) ? [] : ["its attention is not in this file"]),
  ].join(" · ");
}

/** The largest magnitude of a map. */
export function limitOf({ values }: ExplorerMap): number {
  return Math.max(0, ...values.map((value) => Math.abs(value ?? 0)));
}

/** The map. */
export function HeadMap(props: HeadMapProps) {
  const { data, map, name, marks: { pointed, cursor }, mark, chosen, several, dark, choose } =
    props;
  const { layers, heads } = data, svg = useRef<SVGSVGElement>(null);
  const ink = inks[dark ? "dark" : "light"];
  const w = plot / heads, h = Math.min(26, Math.max(plot / layers * 0.75, Math.min(w, 14), 5));
  const width = left + plot + 4, height = top + layers * h + bottom;
  const gap = w > 8 && h > 8 ? 1 : 0, limit = limitOf(map);
  const place = (index: number) => ({
    x: left + index % heads * w,
    y: top + (layers - 1 - Math.floor(index / heads)) * h,
  });
  const cells = useMemo(() =>
    Array.from({ length: layers }, (_, row) => {
      const layer = layers - 1 - row;
      return (
        <g role="row" key={layer}>
          {Array.from({ length: heads }, (_, head) => {
            const index = layer * heads + head, value = map.values[index], { x, y } = place(index);
            return (
              <rect
                key={index}
                id={`${name}-${index}`}
                role="gridcell"
                aria-label={`${headName(index, heads)} ${
                  value === null ? "not measured" : number(value)
                }`}
                aria-selected={chosen.includes(index)}
                x={x}
                y={y}
                width={w - gap}
                height={h - gap}
                fill={value === null ? "transparent" : mapColour(value, limit, map.diverging, dark)}
              />
            );
          })}
        </g>
      );
    }), [map, dark, data, chosen]);
  const under = (event: PointerEvent): number | null => {
    const box = svg.current!.getBoundingClientRect(), scale = width / box.width;
    const column = Math.floor(((event.clientX - box.left) * scale - left) / w);
    const row = Math.floor(((event.clientY - box.top) * scale - top) / h);
    if (column < 0 || column >= heads || row < 0 || row >= layers) return null;
    return (layers - 1 - row) * heads + column;
  };
  const toggle = (head: number, adds: boolean) => {
    if (!adds) choose([head]);
    else if (chosen.includes(head)) choose(chosen.filter((other) => other !== head));
    else choose([...chosen, head]);
  };
  const layerOf = (event: PointerEvent): number | null => {
    const box = svg.current!.getBoundingClientRect(), scale = width / box.width;
    const row = Math.floor(((event.clientY - box.top) * scale - top) / h);
    const isLabel = (event.clientX - box.left) * scale < left;
    return isLabel && row >= 0 && row < layers ? layers - 1 - row : null;
  };
  const chooseLayer = (layer: number, adds: boolean) => {
    const own = Array.from({ length: heads }, (_, head) => layer * heads + head);
    choose(adds ? [...new Set([...chosen, ...own])] : own);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const at = cursor ?? chosen[0] ?? data.ranking[0];
    const layer = Math.floor(at / heads), head = at % heads;
    const moves: Record<string, number> = {
      ArrowLeft: head > 0 ? at - 1 : at,
      ArrowRight: head < heads - 1 ? at + 1 : at,
      ArrowUp: layer < layers - 1 ? at + heads : at,
      ArrowDown: layer > 0 ? at - heads : at,
      Home: layer * heads,
      End: layer * heads + heads - 1,
    };
    const adds = several || event.shiftKey || event.ctrlKey || event.metaKey;
    if (event.key in moves) mark({ cursor: moves[event.key] });
    else if (event.key === "Enter" || event.key === " ") toggle(at, adds);
    else if (event.key === "l") chooseLayer(layer, adds);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const every = [1, 2, 4, 5, 8, 10, 16, 20].find((step) => heads / step * 20 <= plot) ?? 32;
  const everyLayer = [1, 2, 4, 5, 8, 10].find((step) => step * h >= 11) ?? 16;
  const marked = pointed ?? cursor;
  return (
    <div class="map">
      <svg
        ref={svg}
        viewBox={`0 0 ${width} ${height}`}
        role="grid"
        tabindex={0}
        aria-label={`${map.label} by layer and head. Arrow keys move, Enter chooses, Shift and Enter adds, l chooses the layer.`}
        aria-multiselectable="true"
        aria-activedescendant={cursor === null ? undefined : `${name}-${cursor}`}
        onPointerMove={(event) => mark({ pointed: under(event) })}
        onPointerLeave={() => mark({ pointed: null })}
        onPointerDown={(event) => {
          const adds = several || event.shiftKey || event.ctrlKey || event.metaKey;
          const head = under(event), layer = layerOf(event);
          if (head !== null) {
            mark({ cursor: head });
            toggle(head, adds);
          } else if (layer !== null) chooseLayer(layer, adds);
        }}
        onKeyDown={onKeyDown}
        onFocus={() => cursor === null && mark({ cursor: chosen[0] ?? data.ranking[0] })}
      >
        {cells}
        <g fill="none" pointer-events="none">
          {chosen.map((head) => {
            const { x, y } = place(head);
            const size = { x, y, width: w - gap, height: h - gap };
            return (
              <g key={head}>
                <rect {...size} stroke={ink.paper} stroke-width="3.5" />
                <rect {...size} stroke={accent} stroke-width="2" />
              </g>
            );
          })}
          {marked !== null && (
            <rect
              data-unsaved
              x={place(marked).x - 1}
              y={place(marked).y - 1}
              width={w - gap + 2}
              height={h - gap + 2}
              stroke={ink.strong}
              stroke-width="1.5"
            />
          )}
        </g>
        <g font-size="9.5" fill={ink.muted} aria-hidden="true">
          {Array.from({ length: layers }, (_, layer) =>
            layer % everyLayer === 0 && (
              <text
                key={layer}
                class="layer"
                x={left - 5}
                y={place(layer * heads).y + h / 2 + 3}
                text-anchor="end"
              >
                {layer}
              </text>
            ))}
          {Array.from({ length: heads }, (_, head) =>
            head % every === 0 && (
              <text
                key={head}
                x={left + (head + 0.5) * w}
                y={top + layers * h + 11}
                text-anchor="middle"
              >
                {head}
              </text>
            ))}
          <text x={left + plot / 2} y={height - 2} text-anchor="middle">head</text>
          <text transform={`translate(8 ${top + layers * h / 2}) rotate(-90)`} text-anchor="middle">
            layer
          </text>
        </g>
      </svg>
      <p class="readout" id={`${name}-readout`} aria-live="polite">
        {marked === null
          ? "Point at a head, or move with the arrow keys."
          : headLine(data, map, marked)}
      </p>
      <Legend map={map} limit={limit} dark={dark} />
      <SaveButtons target={svg} name={`heads-${map.id}`} dark={dark} />
    </div>
  );
}

/** The colours and what they mean. */
function Legend({ map, limit, dark }: { map: ExplorerMap; limit: number; dark: boolean }) {
  const steps = 32;
  return (
    <div class="legend" aria-hidden="true">
      <span>{map.diverging ? number(-limit) : "0"}</span>
      <svg viewBox={`0 0 ${steps} 1`} preserveAspectRatio="none">
        {Array.from({ length: steps }, (_, i) => {
          const share = i / (steps - 1);
          const value = map.diverging ? (2 * share - 1) * limit : share * limit;
          return (
            <rect
              key={i}
              x={i}
              width="1.05"
              height="1"
              fill={mapColour(value, limit, map.diverging, dark)}
            />
          );
        })}
      </svg>
      <span>{number(limit)}</span>
    </div>
  );
}
