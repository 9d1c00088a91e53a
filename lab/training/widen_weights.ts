/**
 * Weights of a network as those of a network twice as wide that computes the same: every feature is there twice. A
 * matrix reads half of a feature from each copy, one more and one less by a random amount that cancels, so
 * that the copies' gradients differ and training makes other features of them.
 *
 * @module
 */
import { InputError } from "../../lib/common/errors.ts";
import type { Random } from "../../lib/stats/random.ts";

/** A weight and its shape. */
export interface ShapedWeight {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Repeats a weight along an axis. */
function repeated({ data, shape }: ShapedWeight, axis: number): ShapedWeight {
  const block = sizeOf(shape.slice(axis)), out = new Float32Array(2 * data.length);
  for (let at = 0; at < data.length; at += block) {
    const part = data.subarray(at, at + block);
    out.set(part, 2 * at);
    out.set(part, 2 * at + block);
  }
  return { data: out, shape: shape.map((size, i) => i === axis ? 2 * size : size) };
}

/** Splits what a matrix `[out, in]` reads between two copies of its inputs. */
function divided({ data, shape: [rows, columns] }: ShapedWeight, random: Random): ShapedWeight {
  const deviation = Math.sqrt(data.reduce((sum, value) => sum + value * value, 0) / data.length);
  const out = new Float32Array(2 * data.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const half = data[row * columns + column] / 2, apart = random.normal(0, deviation / 2);
      const at = 2 * row * columns + column;
      out[at] = half + apart;
      out[at + columns] = half - apart;
    }
  }
  return { data: out, shape: [rows, 2 * columns] };
}

/**
 * A weight of the wider network: the axes that double are repeated, but for the inputs of a matrix, which are divided.
 *
 * @param shape wanted; each size is the weight's own or twice that
 * @param isMatrix whether its second axis is what it reads
 * @throws {InputError} for any other shape
 *
 * @example
 * ```ts
 * import { widened } from "./widen_weights.ts";
 * import { Random } from "../../lib/stats/random.ts";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 * const bias = { data: Float32Array.of(1, 2), shape: [2] };
 * assertEquals([...widened(bias, [4], false, new Random(1))], [1, 2, 1, 2]);
 * const matrix = { data: Float32Array.of(3), shape: [1, 1] };
 * const [a, b] = widened(matrix, [1, 2], true, new Random(1));
 * assertAlmostEquals(a + b, 3, 1e-6);
 * ```
 */
export function widened(
  weight: ShapedWeight,
  shape: readonly number[],
  isMatrix: boolean,
  random: Random,
): Float32Array {
  const fits = shape.length === weight.shape.length &&
    shape.every((size, i) => size === weight.shape[i] || size === 2 * weight.shape[i]);
  if (!fits) {
    throw new InputError(
      `Cannot widen a weight of [${weight.shape}] to [${shape}]: each size must stay or double`,
    );
  }
  return shape.reduce<ShapedWeight>((own, size, axis) => {
    if (size === own.shape[axis]) return own;
    return isMatrix && axis === 1 ? divided(own, random) : repeated(own, axis);
  }, weight).data;
}
