/**
 * Rows of tensors by their positions: taken out, mixed, repeated for several variants.
 *
 * @module
 */
import type { Kernels, Tensor } from "../../nn/kernels.ts";

/** Ascending numbers as half-open runs. */
function runsOf(rows: readonly number[]): [start: number, end: number][] {
  const runs: [number, number][] = [];
  for (const row of rows) {
    const last = runs.at(-1);
    if (last && last[1] === row) last[1]++;
    else runs.push([row, row + 1]);
  }
  return runs;
}

function part(k: Kernels, x: Tensor, axis: number, start: number, end: number): Tensor {
  if (start === 0 && end === x.shape[axis]) return x;
  return k.slice(
    x,
    x.shape.map((_, i) => i === axis ? start : 0),
    x.shape.map((_, i) => i === axis ? end - start : -1),
  );
}

const joined = (k: Kernels, parts: readonly Tensor[], axis: number): Tensor =>
  parts.length === 1 ? parts[0] : k.concat(parts, axis);

/** The rows of an axis, ascending; the tensor itself where they are all. */
export function takeRows(k: Kernels, x: Tensor, axis: number, rows: readonly number[]): Tensor {
  return joined(k, runsOf(rows).map(([start, end]) => part(k, x, axis, start, end)), axis);
}

/** Rows of `[B, heads, rows, H]` and the positions of the first. */
export interface PlacedRows {
  readonly x: Tensor;
  /** Positions, ascending. */
  readonly rows: readonly number[];
}

/**
 * Rows with others in the place of some: `sent` where a position is wanted and both have it, `own`
 * elsewhere. Nothing is computed, so values stay as they are to the last bit.
 */
export function replaceRows(
  k: Kernels,
  own: PlacedRows,
  sent: PlacedRows,
  wanted: readonly number[],
): Tensor {
  const inSent = new Map(sent.rows.map((row, i) => [row, i])), chosen = new Set(wanted);
  const parts: { from: Tensor; rows: number[] }[] = [];
  own.rows.forEach((row, i) => {
    const there = chosen.has(row) ? inSent.get(row) : undefined;
    const from = there === undefined ? own.x : sent.x;
    const last = parts.at(-1);
    if (last?.from === from) last.rows.push(there ?? i);
    else parts.push({ from, rows: [there ?? i] });
  });
  return joined(k, parts.map(({ from, rows }) => takeRows(k, from, 2, rows)), 2);
}

/** A tensor `[1, ..]` for several variants, `[variants, ..]`, as a handle of its own. */
export function forVariants(k: Kernels, x: Tensor, variants: number): Tensor {
  return variants === 1 ? k.reshape(x, x.shape) : k.broadcastBatch(x, variants);
}

/**
 * Two tensors `[1, ..]` mixed element by element: `b` where the mask is 1, `a` where it is 0, in the
 * element type of `a`.
 *
 * @param mask broadcast to the tensors, with an axis of variants in front
 */
export function mix(
  k: Kernels,
  a: Tensor,
  b: Tensor,
  mask: Float32Array<ArrayBuffer>,
  shape: readonly number[],
): Tensor {
  return k.scope(() => {
    const taken = k.mul(k.cast(b, "float32"), k.tensor(mask, shape));
    const left = k.mul(k.cast(a, "float32"), k.tensor(mask.map((value) => 1 - value), shape));
    return k.cast(k.add(left, taken), a.dtype);
  });
}
