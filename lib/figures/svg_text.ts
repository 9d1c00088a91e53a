/**
 * Texts and strokes of the drawn fallback of figures.
 *
 * @module
 */

import type { Line } from "./spec.ts";
import { ink } from "./theme.ts";

/** Rounds to a hundredth of a pixel. */
export function px(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** Attributes that draw an outline. */
export function strokeOf(line: Line): string {
  const width = line.width ?? 1;
  const dashes = { solid: "", dash: "6 4", dot: "2 3", dashdot: "7 3 2 3" }[line.dash ?? "solid"];
  return `stroke="${line.color ?? ink.text}" stroke-width="${width}"` +
    (dashes === "" ? "" : ` stroke-dasharray="${dashes}"`);
}

/**
 * Text of one or several lines (`<br>`). The text is escaped already; bold marks are dropped.
 */
export function textAt(
  text: string,
  x: number,
  y: number,
  look: {
    readonly size: number;
    readonly color: string;
    readonly anchor: "start" | "middle" | "end";
    readonly valign?: "top" | "middle" | "bottom";
    readonly weight?: number;
    readonly rotate?: number;
  },
): string {
  const lines = text.replace(/<\/?b>/g, "").split("<br>");
  const height = look.size * 1.3;
  const above = { top: 0, middle: lines.length / 2, bottom: lines.length }[look.valign ?? "top"];
  const turn = look.rotate === undefined
    ? ""
    : ` transform="rotate(${look.rotate} ${px(x)} ${px(y)})"`;
  const weight = look.weight === undefined ? "" : ` font-weight="${look.weight}"`;
  const spans = lines.map((line, i) => {
    const at = y + (i - above) * height + look.size * 0.98;
    return `<tspan x="${px(x)}" y="${px(at)}">${line}</tspan>`;
  });
  return `<text text-anchor="${look.anchor}" font-size="${look.size}" fill="${look.color}"` +
    `${weight}${turn}>${spans.join("")}</text>`;
}
