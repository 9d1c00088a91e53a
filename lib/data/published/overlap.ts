/**
 * Answers that are boxes or stretches of time: written as text, and compared by how much they overlap.
 *
 * @module
 */
import type { Box } from "../sample.ts";
import type { Size } from "./media_folder.ts";

/** A box as an answer: thousandths of the image's width and height, e.g. `[250, 0, 750.5, 1000]`. */
export function boxText(box: Box, size: Size): string {
  return `[${box.map((place, i) => Math.round(place / size[i % 2] * 10_000) / 10).join(", ")}]`;
}

/** A stretch of time as an answer: seconds, e.g. `1.5 to 3`. */
export function intervalText(start: number, end: number): string {
  return `${Math.round(start * 100) / 100} to ${Math.round(end * 100) / 100}`;
}

/**
 * Intersection over union of two boxes or stretches: first all starts, then all ends.
 *
 * @returns 0 where one has no extent
 *
 * @example
 * ```ts
 * import { overlapShare } from "./overlap.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(overlapShare([0, 0, 2, 2], [1, 0, 3, 2]), 1 / 3);
 * assertEquals(overlapShare([0, 4], [1, 3]), 0.5);
 * ```
 */
export function overlapShare(a: readonly number[], b: readonly number[]): number {
  const axes = a.length / 2;
  let both = 1, first = 1, second = 1;
  for (let i = 0; i < axes; i++) {
    both *= Math.max(0, Math.min(a[axes + i], b[axes + i]) - Math.max(a[i], b[i]));
    first *= Math.max(0, a[axes + i] - a[i]);
    second *= Math.max(0, b[axes + i] - b[i]);
  }
  return both > 0 ? both / (first + second - both) : 0;
}

const number = String.raw`(-?\d+(?:\.\d+)?)`;
const fourNumbers = new RegExp(Array(4).fill(number).join(String.raw`[\s,()\[\]]+`));

/**
 * The first box in a text, in thousandths: four numbers with nothing but commas, spaces and brackets
 * between them. Four numbers of which none is above 1 are shares of the image.
 *
 * @returns null where there is none
 *
 * @example
 * ```ts
 * import { boxIn } from "./overlap.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(boxIn('{"bbox_2d": [10, 20, 30, 40]}'), [10, 20, 30, 40]);
 * assertEquals(boxIn("(0.1, 0.2), (0.5, 1)"), [100, 200, 500, 1000]);
 * ```
 */
export function boxIn(text: string): readonly number[] | null {
  const found = fourNumbers.exec(text)?.slice(1).map(Number);
  if (!found) return null;
  return found.every((place) => place <= 1) ? found.map((place) => place * 1000) : found;
}

/**
 * The first two times in a text, in seconds: `1.5`, or minutes and seconds, `1:05`.
 *
 * @returns null where there are fewer
 */
export function intervalIn(text: string): readonly number[] | null {
  const found = [...text.matchAll(/(?:(\d+):)?(\d+(?:\.\d+)?)/g)].slice(0, 2)
    .map(([, minutes = "0", seconds]) => 60 * Number(minutes) + Number(seconds));
  return found.length === 2 ? found : null;
}

/** Whether a predicted box overlaps the right one by at least 0.5 of their union. */
export function isSameBox(prediction: string, answer: string): boolean {
  const given = boxIn(prediction), right = boxIn(answer);
  return given !== null && right !== null && overlapShare(given, right) >= 0.5;
}

/** Whether a predicted stretch of time overlaps the right one by at least 0.5 of their union. */
export function isSameInterval(prediction: string, answer: string): boolean {
  const given = intervalIn(prediction), right = intervalIn(answer);
  return given !== null && right !== null && overlapShare(given, right) >= 0.5;
}
