/**
 * The table that the statistics work on: one row per sample, one column per head.
 *
 * @module
 */

import { InputError } from "../common/errors.ts";

/**
 * Values by sample and column, row-major: `data[row * columns + column]`.
 *
 * Head scores of shape `[samples, layers, heads]` are such a matrix as they lie in memory, with
 * `columns = layers * heads`.
 */
export interface SampleMatrix {
  /** Number of samples. */
  readonly rows: number;
  /** Number of values per sample, e.g. layers times heads. */
  readonly columns: number;
  /** The values, `[rows, columns]`, all finite. */
  readonly data: Float32Array | Float64Array;
}

/**
 * A matrix over existing memory, checked: the length fits and every value is finite.
 *
 * @param data values, `[rows, columns]`; kept, not copied
 * @param rows number of samples, at least 1
 * @param columns number of columns, at least 1
 * @throws {InputError} when the length differs from rows times columns or a value is not finite
 *
 * @example
 * ```ts
 * import { sampleMatrix } from "./matrix.ts";
 * import { assertEquals } from "@std/assert";
 * const scores = sampleMatrix(new Float32Array([0.1, 0.9, 0.3, 0.7]), 2, 2);
 * assertEquals(scores.columns, 2);
 * ```
 */
export function sampleMatrix(
  data: Float32Array | Float64Array,
  rows: number,
  columns: number,
): SampleMatrix {
  if (!(Number.isInteger(rows) && rows > 0 && Number.isInteger(columns) && columns > 0)) {
    throw new InputError(
      `Cannot make a sample matrix of ${rows} rows and ${columns} columns: both must be at least 1`,
    );
  }
  if (data.length !== rows * columns) {
    throw new InputError(
      `Cannot make a sample matrix of ${rows} rows and ${columns} columns from ${data.length} ` +
        `values: wanted ${rows * columns}`,
    );
  }
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new InputError(
      `Cannot make a sample matrix: the value at row ${Math.floor(bad / columns)}, column ` +
        `${bad % columns} is ${data[bad]}, wanted a finite number`,
    );
  }
  return { rows, columns, data };
}

/**
 * Mean of each column over all rows, or over the given rows (a row may be named more than once).
 *
 * @param matrix values by sample, `[rows, columns]`
 * @param rows row indices to average over; all rows when left out
 * @returns `[columns]`
 * @throws {InputError} when `rows` is empty
 *
 * @example
 * ```ts
 * import { columnMeans, sampleMatrix } from "./matrix.ts";
 * import { assertEquals } from "@std/assert";
 * const matrix = sampleMatrix(new Float64Array([1, 10, 3, 20]), 2, 2);
 * assertEquals([...columnMeans(matrix)], [2, 15]);
 * assertEquals([...columnMeans(matrix, [1])], [3, 20]);
 * ```
 */
export function columnMeans(matrix: SampleMatrix, rows?: ArrayLike<number>): Float64Array {
  const { columns, data } = matrix;
  const count = rows?.length ?? matrix.rows;
  if (count === 0) throw new InputError("Cannot average 0 rows: at least 1 row is needed");
  const means = new Float64Array(columns);
  for (let i = 0; i < count; i++) {
    const start = (rows === undefined ? i : rows[i]) * columns;
    for (let c = 0; c < columns; c++) means[c] += data[start + c];
  }
  for (let c = 0; c < columns; c++) means[c] /= count;
  return means;
}
