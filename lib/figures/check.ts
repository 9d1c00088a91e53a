/**
 * Checks of what figures are drawn from.
 *
 * @module
 */

import { InputError } from "../common/errors.ts";
import { kindOf } from "../common/values.ts";

/**
 * Throws unless a list has at least one entry.
 *
 * @param figure what is drawn, for the message
 * @param what what the entries are, in the plural
 * @param list the entries
 * @throws {InputError} when the list is empty
 */
export function checkNotEmpty(figure: string, what: string, list: ArrayLike<unknown>): void {
  if (typeof list?.length !== "number") {
    throw new InputError(`Cannot draw ${figure} of ${kindOf(list)}: wanted a list of ${what}`);
  }
  if (list.length === 0) {
    throw new InputError(`Cannot draw ${figure} of 0 ${what}: at least 1 is needed`);
  }
}

/**
 * Throws unless every value is a finite number.
 *
 * @param figure what is drawn, for the message
 * @param what which values, for the message
 * @param values the values
 * @param count the length that is wanted; any when left out
 * @throws {InputError} when the length differs or a value is NaN or infinite
 */
export function checkValues(
  figure: string,
  what: string,
  values: ArrayLike<number>,
  count = values.length,
): void {
  if (values.length !== count) {
    throw new InputError(
      `Cannot draw ${figure}: ${what} has ${values.length} values, wanted ${count}`,
    );
  }
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      throw new InputError(
        `Cannot draw ${figure}: value ${i} of ${what} is ${values[i]}, wanted a finite number`,
      );
    }
  }
}

/** Smallest and largest of some lists of finite numbers. */
export function extent(...lists: ArrayLike<number>[]): [low: number, high: number] {
  let low = Infinity;
  let high = -Infinity;
  for (const list of lists) {
    for (let i = 0; i < list.length; i++) {
      low = Math.min(low, list[i]);
      high = Math.max(high, list[i]);
    }
  }
  return [low, high];
}

/**
 * Ends of a linear axis that shows all values with a little space around them.
 *
 * @param values at least one, finite
 * @param zero whether zero must be on the axis; the axis then ends there, if no value is beyond
 */
export function axisRange(values: ArrayLike<number>, zero = false): [number, number] {
  const [least, most] = zero ? extent(values, [0]) : extent(values);
  if (zero && least === most) return [0, 1];
  const space = least === most ? Math.abs(least) * 0.1 || 1 : (most - least) * 0.06;
  return [
    zero && least === 0 ? 0 : least - space,
    zero && most === 0 ? 0 : most + space,
  ];
}

/** Ends of a logarithmic axis, in log10, that shows all values, which must be above 0. */
export function logAxisRange(values: ArrayLike<number>): [number, number] {
  const [least, most] = extent(Array.from(values, Math.log10));
  const space = least === most ? 0.2 : (most - least) * 0.06;
  return [least - space, most + space];
}
