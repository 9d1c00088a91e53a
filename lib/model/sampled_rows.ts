/**
 * Rows of a table at places between its rows: how learned positions and maps of tokens are resampled.
 *
 * @module
 */
import type { Kernels, Tensor } from "../nn/kernels.ts";

/** Four table rows and weights for every sample, which is their weighted sum. */
export interface RowSamples {
  /** Rows of the table, four runs of the number of samples. */
  readonly rows: Int32Array;
  /** Their weights, four runs as well. */
  readonly weights: Float32Array;
}

/** Height and width of a map of rows. */
type Size = readonly [height: number, width: number];

/** The two places of an axis next to a place between them, and the share of the second. */
export interface Between {
  /** The place before. */
  readonly low: number;
  /** The place after, or the last one. */
  readonly high: number;
  /** How much of it, 0 to 1. */
  readonly fraction: number;
}

/** The places of an axis of `size` next to a place between them. */
export function placeBetween(exact: number, size: number): Between {
  const low = Math.min(Math.floor(exact), size - 1);
  return { low, high: Math.min(low + 1, size - 1), fraction: Math.fround(exact - low) };
}

/** Output places of one axis among its input places, as PyTorch computes them in float32. */
function placesBetween(from: number, to: number): Between[] {
  const step = Math.fround(from / to);
  return Array.from({ length: to }, (_, i) => {
    const exact = Math.max(0, Math.fround(Math.fround(step * (i + 0.5)) - 0.5));
    return placeBetween(exact, from);
  });
}

/**
 * Samples of a map of rows, each from the four rows around its place.
 *
 * @param count number of samples
 * @param placeOf where each sample lies in the map
 * @param rowAt row of the table at a place of the map
 */
export function cornerSamples(
  count: number,
  placeOf: (sample: number) => readonly [y: Between, x: Between],
  rowAt: (y: number, x: number) => number,
): RowSamples {
  const rows = new Int32Array(4 * count), weights = new Float32Array(4 * count);
  for (let sample = 0; sample < count; sample++) {
    const [y, x] = placeOf(sample);
    const corners = [
      [y.low, x.low, (1 - y.fraction) * (1 - x.fraction)],
      [y.low, x.high, (1 - y.fraction) * x.fraction],
      [y.high, x.low, y.fraction * (1 - x.fraction)],
      [y.high, x.high, y.fraction * x.fraction],
    ];
    corners.forEach(([row, column, weight], corner) => {
      rows[corner * count + sample] = rowAt(row, column);
      weights[corner * count + sample] = weight;
    });
  }
  return { rows, weights };
}

/**
 * Bilinear samples of a map of rows at another size, pixel centres aligned (not the corners).
 *
 * Source: PyTorch `interpolate(mode="bilinear")`, as LLaVA-OneVision uses it.
 *
 * @param from height and width of the map
 * @param to height and width wanted
 * @param rowAt row of the table at a place of the map; row by row by default
 *
 * @example
 * ```ts
 * import { bilinearSamples } from "./sampled_rows.ts";
 * import { assertEquals } from "@std/assert";
 * const { rows, weights } = bilinearSamples([1, 2], [1, 1]); // one sample amid two rows
 * assertEquals([[...rows], [...weights]], [[0, 1, 0, 1], [0.5, 0.5, 0, 0]]);
 * ```
 */
export function bilinearSamples(
  from: Size,
  to: Size,
  rowAt: (y: number, x: number) => number = (y, x) => y * from[1] + x,
): RowSamples {
  const ys = placesBetween(from[0], to[0]), xs = placesBetween(from[1], to[1]);
  return cornerSamples(
    to[0] * to[1],
    (sample) => [ys[Math.floor(sample / to[1])], xs[sample % to[1]]],
    rowAt,
  );
}

/** The samples of a float32 table `[R, D]`: `[samples, D]`. */
export function sampleRows(k: Kernels, table: Tensor, { rows, weights }: RowSamples): Tensor {
  const count = rows.length / 4;
  return k.scope(() => {
    const corners = [0, 1, 2, 3].map((corner) => {
      const [start, end] = [corner * count, (corner + 1) * count];
      const taken = k.gather(table, k.tensor(rows.slice(start, end), [count]));
      return k.mul(taken, k.tensor(weights.slice(start, end), [count, 1]));
    });
    return corners.reduce((sum, corner) => k.add(sum, corner));
  });
}
