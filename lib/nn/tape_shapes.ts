/**
 * The ways back through operations that only move or repeat values.
 *
 * @module
 */
import type { Kernels, Tensor } from "./kernels.ts";

/** A gradient summed over the axes along which its tensor was repeated. */
export function shapedLike(k: Kernels, dy: Tensor, shape: readonly number[]): Tensor {
  let own = dy;
  while (own.shape.length > shape.length) own = k.sum(own, 0);
  shape.forEach((size, axis) => {
    if (size === 1 && own.shape[axis] !== 1) own = k.sum(own, axis, true);
  });
  return own;
}

/** Axes put back into the order that they had before `order`. */
export function turnedBack(k: Kernels, dy: Tensor, order: readonly number[]): Tensor {
  return k.transpose(dy, order.map((_, axis) => order.indexOf(axis)));
}

/** The box at `begin` of a tensor of zeros. */
export function padded(
  k: Kernels,
  box: Tensor,
  begin: readonly number[],
  shape: readonly number[],
): Tensor {
  let own = box;
  shape.forEach((size, axis) => {
    const before = begin[axis], after = size - before - own.shape[axis];
    const zeros = (count: number) =>
      count > 0 ? [k.zeros(own.shape.map((other, a) => a === axis ? count : other))] : [];
    const parts = [...zeros(before), own, ...zeros(after)];
    if (parts.length > 1) own = k.concat(parts, axis);
  });
  return own;
}

/**
 * Gradients of gathered rows at the rows that they came from, summed where one was gathered several
 * times.
 *
 * @param from the row of `shape` that each row of `dy` came from
 */
export function rowsBack(
  k: Kernels,
  dy: Tensor,
  from: Int32Array,
  shape: readonly number[],
): Tensor {
  // passes[n][row] is where a row was gathered for the n-th time; dy.shape[0] stands for nowhere
  const times = new Int32Array(shape[0]), passes: Int32Array[] = [];
  from.forEach((row, place) => {
    const pass = times[row]++;
    (passes[pass] ??= new Int32Array(shape[0]).fill(dy.shape[0]))[row] = place;
  });
  if (passes.length === 0) return k.zeros(shape);
  const rows = k.concat([dy, k.zeros([1, ...shape.slice(1)])], 0);
  return passes.map((places) => k.gather(rows, k.tensor(places, [places.length])))
    .reduce((sum, part) => k.add(sum, part));
}
