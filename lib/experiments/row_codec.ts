/**
 * Rows of results as JSON and back, without loss: numbers, texts, lists, objects and float32 arrays.
 *
 * @module
 */
import type { Json } from "./journal.ts";

/** Name under which the bytes of a float32 array stand, in base64. */
const floats = "float32";

/**
 * A row as JSON. Float32 arrays keep every bit, numbers that are not finite included.
 *
 * @example
 * ```ts
 * import { decodeRow, encodeRow } from "./row_codec.ts";
 * import { assertEquals } from "@std/assert";
 * const row = { id: "a", map: Float32Array.of(0.1, NaN) };
 * assertEquals(decodeRow(JSON.parse(JSON.stringify(encodeRow(row)))), row);
 * ```
 */
export function encodeRow(row: unknown): Json {
  if (row instanceof Float32Array) {
    return { [floats]: new Uint8Array(row.buffer, row.byteOffset, row.byteLength).toBase64() };
  }
  if (Array.isArray(row)) return row.map(encodeRow);
  if (typeof row !== "object" || row === null) return row as Json;
  return Object.fromEntries(Object.entries(row).map(([key, value]) => [key, encodeRow(value)]));
}

/** The row that {@link encodeRow} made JSON of. */
export function decodeRow<Row>(json: Json): Row {
  const decode = (value: Json): unknown => {
    if (Array.isArray(value)) return value.map(decode);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value as { readonly [key: string]: Json });
    if (entries.length === 1 && entries[0][0] === floats) {
      return new Float32Array(Uint8Array.fromBase64(entries[0][1] as string).buffer);
    }
    return Object.fromEntries(entries.map(([key, entry]) => [key, decode(entry)]));
  };
  return decode(json) as Row;
}
