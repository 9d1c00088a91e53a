/**
 * How records become the cells of the tables in docs/benchmarks.md.
 *
 * @module
 */
import type { RecordRow } from "./page.ts";

/** Rows of cells, the header first. */
export type Table = readonly (readonly string[])[];

/** Where there is nothing. */
export const dash = "-";

/** A number with two digits after the point, or as many as are given. */
export const number = (value: unknown, digits = 2) => (value as number).toFixed(digits);

/** A whole number with commas. */
export const whole = (value: unknown) => Math.round(value as number).toLocaleString("en");

/** An estimate with its interval; a dash where there is none. */
export function ratio(value: unknown, digits = 2): string {
  if (!Array.isArray(value)) return dash;
  const [estimate, low, high] = value.map((x) => number(x, digits));
  return `${estimate} (${low}-${high})`;
}

/** The value of a column in the first of some rows; a dash where there is none. */
export function cell(
  rows: readonly RecordRow[],
  column: string,
  show: (value: unknown) => string = ratio,
): string {
  const value = rows[0]?.[column];
  return value === undefined || value === null ? dash : show(value);
}

/** A table without the columns in which there is nothing. */
export function filledColumns([header, ...rows]: Table): Table {
  const filled = header.map((_, i) => rows.some((row) => row[i] !== dash));
  return [header, ...rows].map((row) => row.filter((_, i) => filled[i]));
}
