/**
 * What point clouds share: checks of points and whiskers to their intervals.
 *
 * @module
 */

import { InputError } from "../common/errors.ts";
import { checkValues } from "./check.ts";
import type { ErrorBars, TextSide } from "./spec.ts";

/** A value with an optional interval. */
export interface Measured {
  /** The value. */
  readonly value: number;
  /** Lower end of its interval. */
  readonly low?: number;
  /** Upper end of its interval. */
  readonly high?: number;
}

/**
 * Throws unless every value and interval end is finite and each interval holds its value's order.
 *
 * @throws {InputError} naming the first value that is not drawable
 */
export function checkMeasured(figure: string, what: string, values: readonly Measured[]): void {
  checkValues(figure, what, values.map(({ value }) => value));
  checkValues(figure, `low of ${what}`, values.flatMap(({ low }) => low ?? []));
  checkValues(figure, `high of ${what}`, values.flatMap(({ high }) => high ?? []));
  const turned = values.findIndex(({ low, high }) =>
    low !== undefined && high !== undefined && low > high
  );
  if (turned >= 0) {
    throw new InputError(
      `Cannot draw ${figure}: interval ${turned} of ${what} is [${values[turned].low}, ` +
        `${values[turned].high}], wanted low <= high`,
    );
  }
}

/**
 * Whiskers from values to the ends of their intervals; undefined when no value has one.
 *
 * @param values with their intervals
 * @param color any CSS colour
 * @param unit factor from a value to what the axis counts, e.g. 100 for percent
 */
export function whiskers(
  values: readonly Measured[],
  color: string,
  unit = 1,
): ErrorBars | undefined {
  if (values.every(({ low, high }) => low === undefined && high === undefined)) return undefined;
  return {
    type: "data",
    symmetric: false,
    array: values.map(({ value, high }) => unit * Math.max(0, (high ?? value) - value)),
    arrayminus: values.map(({ value, low }) => unit * Math.max(0, value - (low ?? value))),
    color,
    thickness: 1.3,
    width: 3,
  };
}

/** Every number that must be visible: values and interval ends. */
export function spanOf(values: readonly Measured[]): number[] {
  return values.flatMap(({ value, low, high }) => [value, low ?? value, high ?? value]);
}

/** A point on the drawing, in pixels from the plot's top left, with its label (may be empty). */
export interface LabelledPoint {
  /** Pixels from the left. */
  readonly x: number;
  /** Pixels from the top. */
  readonly y: number;
  /** The label; no room is kept for an empty one. */
  readonly label: string;
}

/** Left, top, right, bottom of a label beside its point. */
function labelBox({ x, y, label }: LabelledPoint, side: TextSide): number[] {
  const [width, height] = [6.2 * label.length, 13];
  if (side === "middle right") return [x + 7, y - height / 2, x + 7 + width, y + height / 2];
  if (side === "middle left") return [x - 7 - width, y - height / 2, x - 7, y + height / 2];
  const top = side === "top center" ? y - 7 - height : y + 7;
  return [x - width / 2, top, x + width / 2, top + height];
}

/**
 * Sides on which labels overlap least with points, with each other and with the plot's edge; each
 * label takes its best side in turn.
 *
 * @param points all points of the plot, labelled or not
 * @param width of the plot in pixels
 * @param height of the plot in pixels
 * @param sides all sides, the preferred one first
 * @returns a side per point
 */
export function placeLabels(
  points: readonly LabelledPoint[],
  width: number,
  height: number,
  sides: readonly TextSide[] = ["middle right", "middle left", "top center", "bottom center"],
): TextSide[] {
  const taken: number[][] = [];
  return points.map((point) => {
    if (point.label === "") return sides[0];
    const costs = sides.map((side) => {
      const [left, top, right, bottom] = labelBox(point, side);
      const outside = left < 0 || top < 0 || right > width || bottom > height ? 1000 : 0;
      const covered = points.filter(({ x, y }) =>
        x > left - 4 && x < right + 4 && y > top - 4 && y < bottom + 4
      ).length;
      const overlap = taken.reduce(
        (sum, [l, t, r, b]) =>
          sum + Math.max(0, Math.min(right, r) - Math.max(left, l)) *
            Math.max(0, Math.min(bottom, b) - Math.max(top, t)),
        0,
      );
      return outside + 40 * covered + overlap;
    });
    const side = sides[costs.indexOf(Math.min(...costs))];
    taken.push(labelBox(point, side));
    return side;
  });
}
