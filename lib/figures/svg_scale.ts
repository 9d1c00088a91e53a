/**
 * Positions and ticks of axes, for the drawn fallback of figures.
 *
 * @module
 */

import type { Axis } from "./layout_spec.ts";
import type { Coordinate } from "./spec.ts";

/** A tick: where it stands, in pixels, and what it says (escaped). */
export interface Tick {
  /** Pixels along the axis. */
  readonly at: number;
  /** Escaped text. */
  readonly label: string;
}

/** An axis laid out on the drawing. */
export interface Scale {
  readonly axis: Axis;
  /** Pixel at which it starts. */
  readonly start: number;
  /** Pixel at which it ends; smaller than the start for upward axes. */
  readonly end: number;
  /** Pixel of a value. */
  at(value: Coordinate): number;
  /** Ticks within the range. */
  readonly ticks: readonly Tick[];
}

/** Multiples of 1, 2 or 5 times a power of ten, about `count` of them between two values. */
export function niceTicks(low: number, high: number, count: number): number[] {
  const rough = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough * 0.75) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from(
    { length: Math.max(0, last - first + 1) },
    (_, i) => Number(((first + i) * step).toPrecision(12)),
  );
}

/** Powers of ten between two exponents, with 2 and 5 times them when there are few. */
function logTicks(low: number, high: number): number[] {
  const factors = high - low > 2.5 ? [1] : [1, 2, 5];
  const ticks: number[] = [];
  for (let power = Math.floor(low); power <= Math.ceil(high); power++) {
    for (const factor of factors) {
      const at = power + Math.log10(factor);
      if (at >= low - 1e-9 && at <= high + 1e-9) ticks.push(factor * 10 ** power);
    }
  }
  return ticks;
}

/** A tick's number as plotly writes it: large numbers shortened, the unit behind. */
function tickLabel(value: number, suffix = ""): string {
  const size = Math.abs(value);
  const text = size >= 10000 && value % 1000 === 0 ? `${value / 1000}k` : String(value);
  return text.replace("-", "−") + suffix;
}

/**
 * Lays out an axis between two pixels.
 *
 * @param axis the axis
 * @param start pixel of the range's first end
 * @param end pixel of its second end
 */
export function layOutAxis(axis: Axis, start: number, end: number): Scale {
  const [first, last] = axis.range;
  const category = (value: Coordinate): number =>
    typeof value === "string" ? axis.categoryarray?.indexOf(value) ?? 0 : value;
  const number = (value: Coordinate): number =>
    axis.type === "log" ? Math.log10(Number(value)) : category(value);
  const at = (value: Coordinate): number =>
    start + (number(value) - first) / (last - first) * (end - start);
  const [low, high] = first < last ? [first, last] : [last, first];
  const length = Math.abs(end - start);
  let values: readonly Coordinate[];
  if (axis.tickvals !== undefined) values = axis.tickvals;
  else if (axis.type === "log") values = logTicks(low, high);
  else if (axis.type === "category") values = axis.categoryarray ?? [];
  else values = niceTicks(low, high, Math.max(2, Math.min(7, length / 60)));
  const ticks = values
    .map((value, i) => ({
      at: at(value),
      within: number(value) >= low - 1e-9 && number(value) <= high + 1e-9,
      label: axis.ticktext?.[i] ??
        (typeof value === "string" ? value : tickLabel(value, axis.ticksuffix)),
    }))
    .filter(({ within }) => within)
    .map(({ at, label }) => ({ at, label }));
  return { axis, start, end, at, ticks };
}
