/**
 * A reader that knows only the forms of letters and shapes and what people call which colour. It
 * names the word in a cell by fitting three free colours (background, plate or outline, ink) to each
 * form at each place.
 */
import {
  type Box,
  type Evidence,
  imagesOf,
  type RgbImage,
  type Sample,
} from "../../lib/data/sample.ts";
import { maskMargin, maskSide, shapeMasks, textMasks } from "../../lab/synthetic/shapes.ts";
import { categories, type Section, shapes } from "../../lab/synthetic/vocabulary.ts";

const CELL = 16;
const PIXELS = CELL * CELL;
const SHIFTS = [-2, -1, 0, 1, 2];

/** A form at one place: how much each region covers each pixel, `[3][256]`, and a solver. */
interface Form {
  readonly name: string;
  readonly isShape: boolean;
  readonly regions: readonly Float64Array[];
  readonly inverse: readonly (readonly number[])[];
}

/** The inverse of a symmetric 3 x 3 matrix. */
function inverse([[a, b, c], [, d, e], [, , f]]: number[][]): number[][] {
  const minors = [d * f - e * e, c * e - b * f, b * e - c * d];
  const determinant = a * minors[0] + b * minors[1] + c * minors[2] || 1e-12;
  const rest = [a * f - c * c, b * c - a * e, a * d - b * b];
  return [minors, [minors[1], rest[0], rest[1]], [minors[2], rest[1], rest[2]]]
    .map((row) => row.map((value) => value / determinant));
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};

function formsOf(name: string, isShape: boolean, lower: Uint8Array, upper: Uint8Array): Form[] {
  return SHIFTS.flatMap((dx) =>
    SHIFTS.map((dy) => {
      const regions = [0, 1, 2].map(() => new Float64Array(PIXELS));
      for (let i = 0; i < PIXELS; i++) {
        const row = maskMargin + Math.floor(i / CELL) - dy;
        const m = row * maskSide + maskMargin + i % CELL - dx;
        const ink = upper[m] / 255;
        const plate = (1 - ink) * lower[m] / 255;
        regions[0][i] = 1 - ink - plate;
        regions[1][i] = plate;
        regions[2][i] = ink;
      }
      const products = regions.map((a, j) =>
        regions.map((b, k) => dot(a, b) + (j === k ? 1e-3 : 0))
      );
      return { name, isShape, regions, inverse: inverse(products) };
    })
  );
}

let allForms: readonly Form[] | undefined;

function forms(): readonly Form[] {
  const sections: readonly Section[] = ["keys", "values", "marks", "stamps", "pages"];
  return allForms ??= [
    ...shapes.flatMap((name, i) =>
      shapeMasks(i).flatMap(({ lower, upper }) => formsOf(name, true, lower, upper))
    ),
    ...sections.flatMap((section) =>
      categories[section].flatMap((word) => {
        const { lower, upper } = textMasks(section === "stamps" ? word : word.toUpperCase());
        return formsOf(word, false, lower, upper);
      })
    ),
  ];
}

/** What a person calls a colour. */
function colourName(red: number, green: number, blue: number): string {
  const most = Math.max(red, green, blue);
  const range = most - Math.min(red, green, blue);
  if (most < 85) return "black";
  const hue = 60 *
    (most === red
      ? ((green - blue) / range + 6) % 6
      : most === green
      ? 2 + (blue - red) / range
      : 4 + (red - green) / range);
  const names: readonly (readonly [number, string])[] = [
    [17, "red"],
    [41, "orange"],
    [75, "yellow"],
    [165, "green"],
    [205, "cyan"],
    [255, "blue"],
    [330, "purple"],
    [361, "red"],
  ];
  return names.find(([end]) => hue < end)![1];
}

/** The word that a cell shows, textures excepted. */
export function readCell(image: RgbImage, x0: number, y0: number): string {
  const channels = [0, 1, 2].map((channel) =>
    Float64Array.from({ length: PIXELS }, (_, i) => {
      const pixel = (y0 + Math.floor(i / CELL)) * image.width + x0 + i % CELL;
      return image.data[pixel * 3 + channel];
    })
  );
  const spread = channels.map((values) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / PIXELS;
    return dot(values, values) - PIXELS * mean * mean;
  });
  const clearest = channels[spread.indexOf(Math.max(...spread))];
  let best: Form | undefined;
  let most = -Infinity;
  for (const form of forms()) {
    const sums = form.regions.map((region) => dot(region, clearest));
    const explained = dot(sums, form.inverse.map((row) => dot(row, sums)));
    if (explained > most) [most, best] = [explained, form];
  }
  if (!best!.isShape) return best!.name;
  const ink = channels.map((values) =>
    dot(best!.inverse[2], best!.regions.map((region) => dot(region, values)))
  );
  return colourName(ink[0], ink[1], ink[2]) + best!.name;
}

/** The words in a box, from left to right. */
export function readBox(image: RgbImage, [x0, y0, x1]: Box): string[] {
  const cells = (x1 - x0) / CELL;
  return Array.from({ length: cells }, (_, i) => readCell(image, x0 + i * CELL, y0));
}

/** The image and the box that a piece of evidence names; throws where it names none. */
export function placeOf(
  sample: Sample,
  piece: Evidence,
): { image: RgbImage; first: number; box: Box } {
  if ("text" in piece || !piece.box) throw new Error(`evidence of ${sample.id} has no box`);
  const first = "image" in piece ? piece.image : piece.frames[0];
  return { image: imagesOf(sample)[first], first, box: piece.box };
}
