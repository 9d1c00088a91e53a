/**
 * Pictured things for the cells of a page: closed outlines, filled, and lines on them.
 *
 * @module
 */
import { InputError } from "../../lib/common/errors.ts";
import { drawSegments, type InkMask } from "./stroke_font.ts";

/** A drawing on a square of 20 units, x to the right and y downwards. */
interface Drawing {
  /** Closed outlines, points `x,y` separated by spaces; filled by the even-odd rule. */
  readonly fill: readonly string[];
  /** Open lines. */
  readonly lines?: readonly string[];
}

/** Points of a regular polygon or star. */
function around(count: number, radius: (i: number) => number, turn = -90, [cx, cy] = [10, 10]) {
  return Array.from({ length: count }, (_, i) => {
    const angle = (turn + i * 360 / count) * Math.PI / 180;
    return `${(cx + radius(i) * Math.cos(angle)).toFixed(2)},` +
      `${(cy + radius(i) * Math.sin(angle)).toFixed(2)}`;
  }).join(" ");
}

const disc = (radius: number, centre?: [number, number]) => around(24, () => radius, 0, centre);

const DRAWINGS: Readonly<Record<string, Drawing>> = {
  star: { fill: [around(10, (i) => i % 2 === 0 ? 9.5 : 4)] },
  heart: { fill: ["10,18 2,10 1,6 3,3 6,2 10,6 14,2 17,3 19,6 18,10"] },
  circle: { fill: [disc(8.5)] },
  ring: { fill: [disc(9), disc(5.5)] },
  square: { fill: ["3,3 17,3 17,17 3,17"] },
  triangle: { fill: ["10,2 19,17 1,17"] },
  diamond: { fill: ["10,1 17,10 10,19 3,10"] },
  cross: { fill: ["7,1 13,1 13,7 19,7 19,13 13,13 13,19 7,19 7,13 1,13 1,7 7,7"] },
  moon: { fill: ["13,1 8,2 4,6 3,10 4,14 8,18 13,19 10,15 9,10 10,5"] },
  sun: {
    fill: [disc(5)],
    lines: [
      "10,0 10,3",
      "10,17 10,20",
      "0,10 3,10",
      "17,10 20,10",
      "3,3 5,5",
      "15,15 17,17",
      "3,17 5,15",
      "15,5 17,3",
    ],
  },
  tree: { fill: ["10,1 16,8 13,8 18,14 2,14 7,8 4,8", "8.5,14 11.5,14 11.5,19 8.5,19"] },
  house: { fill: ["10,2 19,10 16,10 16,18 4,18 4,10 1,10", "8,12 12,12 12,18 8,18"] },
  fish: { fill: ["1,10 5,6 10,5 14,8 19,4 19,16 14,12 10,15 5,14", disc(1, [5, 9])] },
  boat: { fill: ["1,13 19,13 15,18 5,18", "9,2 9,11 3,11", "11,4 17,11 11,11"] },
  key: {
    fill: [disc(5, [6, 10]), disc(2, [6, 10])],
    lines: ["11,10 19,10", "19,10 19,14", "15,10 15,13"],
  },
  bell: { fill: ["10,2 14,4 15,9 16,14 18,16 2,16 4,14 5,9 6,4", disc(2, [10, 18])] },
  cup: { fill: ["3,5 14,5 13,17 4,17"], lines: ["14,7 18,8 18,12 14,13"] },
  flag: { fill: ["5,2 18,3 14,7 18,11 5,11"], lines: ["4,1 4,19"] },
  flower: {
    fill: [
      disc(3, [10, 4]),
      disc(3, [4.5, 8]),
      disc(3, [15.5, 8]),
      disc(3, [7, 13]),
      disc(3, [13, 13]),
    ],
    lines: ["10,10 10,10", "10,14 10,19"],
  },
  umbrella: {
    fill: ["1,10 3,5 7,2 10,1 13,2 17,5 19,10 16,9 13,10 10,9 7,10 4,9"],
    lines: ["10,10 10,17 12,19 14,17"],
  },
  ladder: {
    fill: [],
    lines: ["6,1 6,19", "14,1 14,19", "6,4 14,4", "6,8 14,8", "6,12 14,12", "6,16 14,16"],
  },
  clock: { fill: [disc(9), disc(7.5)], lines: ["10,10 10,5", "10,10 14,12"] },
  arrow: { fill: ["19,10 11,3 11,7 1,7 1,13 11,13 11,17"] },
  hammer: { fill: ["3,2 15,2 18,6 15,7 3,7"], lines: ["9,7 9,19", "10,7 10,19"] },
  crown: { fill: ["1,5 6,10 10,3 14,10 19,5 17,17 3,17"] },
  anchor: {
    fill: [disc(2.5, [10, 3.5]), disc(1, [10, 3.5])],
    lines: ["10,6 10,18", "6,8 14,8", "2,12 4,16 10,18 16,16 18,12"],
  },
  tent: { fill: ["10,2 19,18 12,18 10,10 8,18 1,18"] },
  sword: { fill: ["16,1 19,1 19,4 9,13 7,11"], lines: ["4,9 11,16", "7,13 2,18"] },
  cloud: { fill: ["3,15 1,12 3,9 6,9 8,5 12,5 14,8 17,8 19,11 18,15"] },
  lamp: { fill: ["7,2 13,2 17,10 3,10"], lines: ["10,10 10,17", "5,18 15,18"] },
  table: { fill: ["1,6 19,6 19,9 1,9"], lines: ["4,9 4,18", "16,9 16,18"] },
  chair: { fill: [], lines: ["5,1 5,19", "5,10 15,10", "15,10 15,19", "5,2 7,2", "5,11 15,11"] },
};

/** Words of the things that can be drawn. */
export const drawnObjects: readonly string[] = Object.freeze(Object.keys(DRAWINGS));

const pointsOf = (text: string): number[] => text.split(/[ ,]/).map(Number);

/** Coverage of closed outlines by the even-odd rule, `[side, side]`, 3 x 3 samples a pixel. */
function fillOutlines(outlines: readonly number[][], side: number): Float32Array {
  const ink = new Float32Array(side * side), fine = 3;
  for (let row = 0; row < side * fine; row++) {
    const y = (row + 0.5) / fine;
    const crossings: number[] = [];
    for (const points of outlines) {
      for (let i = 0; i < points.length; i += 2) {
        const next = (i + 2) % points.length;
        const [x0, y0, x1, y1] = [points[i], points[i + 1], points[next], points[next + 1]];
        if ((y0 <= y) !== (y1 <= y)) crossings.push(x0 + (y - y0) / (y1 - y0) * (x1 - x0));
      }
    }
    crossings.sort((a, b) => a - b);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const from = Math.max(0, Math.ceil(crossings[i] * fine - 0.5));
      const to = Math.min(side * fine, Math.ceil(crossings[i + 1] * fine - 0.5));
      for (let x = from; x < to; x++) {
        ink[Math.floor(row / fine) * side + Math.floor(x / fine)] += 1 / fine ** 2;
      }
    }
  }
  return ink;
}

/**
 * Draws a thing.
 *
 * @param name one of {@link drawnObjects}
 * @param side in pixels
 * @param mirrored left and right exchanged
 * @throws {InputError} when it cannot be drawn
 *
 * @example
 * ```ts
 * import { drawObject } from "./drawn_objects.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * const { ink } = drawObject("square", 20); // 14 by 14 of 20 by 20 units
 * assertAlmostEquals(ink.reduce((a, b) => a + b), 14 * 14, 1e-3);
 * ```
 */
export function drawObject(name: string, side: number, mirrored = false): InkMask {
  const drawing = DRAWINGS[name];
  if (!drawing) {
    throw new InputError(`Cannot draw "${name}": wanted one of ${drawnObjects.join(", ")}`);
  }
  const unit = side / 20;
  const placed = (text: string) =>
    pointsOf(text).map((value, i) => unit * (mirrored && i % 2 === 0 ? 20 - value : value));
  const ink = fillOutlines(drawing.fill.map(placed), side);
  const segments = (drawing.lines ?? []).flatMap((line) => {
    const points = placed(line);
    return Array.from({ length: points.length / 2 - 1 }, (_, i) => points.slice(2 * i, 2 * i + 4))
      .flat();
  });
  const lines = drawSegments(segments, [side, side], Math.max(0.8, unit * 0.8));
  return { width: side, height: side, ink: ink.map((value, i) => Math.max(value, lines[i])) };
}
