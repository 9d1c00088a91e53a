/**
 * How near numbers must be to the reference: errors, bounds that follow from the arithmetic, and
 * assertions that say what they compared.
 *
 * Rounding to the nearest moves a value by at most its unit roundoff u, relative to itself; in the root
 * mean square over many values by 0.42 u (a uniform error over a logarithmic mantissa). Cutting digits
 * off moves it by twice as much: so does TensorFlow with products of bfloat16 on processors that have
 * no instructions for them. Errors that do not depend on each other add up like a random walk, n of them
 * to sqrt(n) times one (Higham and Mary, "A new approach to probabilistic rounding error analysis",
 * 2019).
 * @module
 */
import { AssertionError } from "@std/assert";

/** Largest relative change by rounding to the nearest: 2^-24 and 2^-8, as the significands are long. */
export const unitRoundoff = { float32: 2 ** -24, bfloat16: 2 ** -8 } as const;

/** Element types that a model computes in. */
export type ComputeDType = keyof typeof unitRoundoff;

/** Largest difference divided by the largest reference value. */
export function relativeError(found: ArrayLike<number>, wanted: ArrayLike<number>): number {
  if (found.length !== wanted.length) {
    throw new Error(`lengths differ: found ${found.length}, wanted ${wanted.length}`);
  }
  let difference = 0, scale = 0;
  for (let i = 0; i < wanted.length; i++) {
    const gap = Math.abs(found[i] - wanted[i]);
    if (!(gap <= difference)) difference = gap; // NaN counts as a difference
    scale = Math.max(scale, Math.abs(wanted[i]));
  }
  return difference / scale;
}

/** Root mean square of the differences divided by that of the reference. */
export function rmsError(found: ArrayLike<number>, wanted: ArrayLike<number>): number {
  let difference = 0, scale = 0;
  for (let i = 0; i < wanted.length; i++) {
    difference += (found[i] - wanted[i]) ** 2;
    scale += wanted[i] ** 2;
  }
  return Math.sqrt(difference / scale);
}

/**
 * Bound on {@link rmsError} after roundings one after the other: sqrt(n) u, where sqrt(n) 0.42 u is
 * expected, and sqrt(n) 0.85 u if all of them cut off.
 */
export const driftBound = (dtype: ComputeDType, roundings: number): number =>
  unitRoundoff[dtype] * Math.sqrt(roundings);

/**
 * Roundings to the element type on the way through layers of a transformer, for {@link driftBound}: in
 * each the norm, query and key, their rotation, scores, pattern, mixed values, output, then norm, gate,
 * up, their product and the way down; and a last norm and product.
 */
export const transformerRoundings = (layers: number): number => 12 * layers + 2;

/**
 * Fails unless the largest difference is less than `bound` times the largest reference value.
 *
 * @param what what is compared, for the message
 */
export function assertNear(
  found: ArrayLike<number>,
  wanted: ArrayLike<number>,
  bound: number,
  what = "values",
): void {
  const error = relativeError(found, wanted);
  if (error < bound) return;
  let worst = 0;
  for (let i = 0; i < wanted.length; i++) {
    if (!(Math.abs(found[i] - wanted[i]) <= Math.abs(found[worst] - wanted[worst]))) worst = i;
  }
  throw new AssertionError(
    `${what}: ${error.toExponential(2)} of the largest value apart, at most ${bound} allowed; ` +
      `number ${worst} of ${wanted.length} is ${found[worst]}, wanted ${wanted[worst]}`,
  );
}

/** Fails unless the largest difference is more than `bound` times the largest reference value. */
export function assertDiffers(
  found: ArrayLike<number>,
  other: ArrayLike<number>,
  bound: number,
  what = "values",
): void {
  const error = relativeError(found, other);
  if (error > bound) return;
  throw new AssertionError(`${what}: only ${error} of the largest value apart, wanted ${bound}`);
}

/** Fails unless a number is less than a bound. */
export function assertBelow(found: number, bound: number, what: string): void {
  if (!(found < bound)) throw new AssertionError(`${what}: ${found}, wanted less than ${bound}`);
}
