/**
 * Columns of Arrow tables that several records share.
 *
 * @module
 */
import * as arrow from "apache-arrow";

/**
 * A column of repeated texts, stored once each: every text `repeats` times, in order.
 *
 * @param id number of its dictionary, different for each such column of a table
 *
 * @example
 * ```ts
 * import { textColumn } from "./arrow_columns.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([...textColumn(0, ["a", "b"], 2)], ["a", "a", "b", "b"]);
 * ```
 */
export function textColumn(
  id: number,
  texts: readonly string[],
  repeats = 1,
): arrow.Vector<arrow.Dictionary<arrow.Utf8, arrow.Int32>> {
  const values = [...new Set(texts)];
  const place = new Map(values.map((value, i) => [value, i]));
  const indices = new Int32Array(texts.length * repeats);
  texts.forEach((text, i) => indices.fill(place.get(text)!, i * repeats, (i + 1) * repeats));
  return arrow.makeVector({
    type: new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32(), id, false),
    data: indices,
    dictionary: arrow.vectorFromArray(values, new arrow.Utf8()),
  });
}
