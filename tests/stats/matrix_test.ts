import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { columnMeans, sampleMatrix } from "../../lib/stats/matrix.ts";

const matrix = sampleMatrix(new Float32Array([1, 2, 3, 4, 5, 6]), 3, 2);

Deno.test("column means weigh each named row", () => {
  assertEquals([...columnMeans(matrix)], [3, 4]);
  assertEquals([...columnMeans(matrix, [0, 2, 2, 0])], [3, 4]);
  assertEquals([...columnMeans(matrix, [2, 2, 2, 0])], [4, 5]);
  assertThrows(() => columnMeans(matrix, []), InputError, "0 rows");
});

Deno.test("a matrix of wrong size or with a missing value is refused", () => {
  assertThrows(() => sampleMatrix(new Float32Array(5), 3, 2), InputError, "wanted 6");
  assertThrows(() => sampleMatrix(new Float32Array(0), 0, 2), InputError, "at least 1");
  const bad = new Float32Array([0, 1, NaN, 3]);
  assertThrows(() => sampleMatrix(bad, 2, 2), InputError, "row 1, column 0 is NaN");
});
