import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { nearestRows } from "../../../lab/studies/read_cells.ts";

Deno.test("the nearest row is the one that a row was made of by a small shift", () => {
  const shift = fc.double({ min: -0.2, max: 0.2, noNaN: true });
  const width = 6,
    table = Float32Array.from({ length: 8 * width }, (_, i) => (i * 7 + (i >> 2)) % 5);
  const cells = fc.array(fc.record({ word: fc.integer({ min: 0, max: 7 }), shift }), {
    minLength: 1,
  });
  const distinct = new Set(
    Array.from({ length: 8 }, (_, word) => `${table.subarray(word * width, (word + 1) * width)}`),
  );
  assertEquals(distinct.size, 8);
  fc.assert(fc.property(cells, (given) => {
    const rows = Float32Array.from(
      given.flatMap(({ word, shift }) =>
        [...table.subarray(word * width, (word + 1) * width)].map((value) => value + shift)
      ),
    );
    assertEquals([...nearestRows(rows, table, width)], given.map(({ word }) => word));
  }));
});
