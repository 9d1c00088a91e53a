import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  frameLengths,
  patchCoordinates,
  patchGrids,
  samplePositionTable,
  windowOrder,
} from "../../lib/model/vision_grid.ts";

const grids = fc.array(
  fc.tuple(
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 1, max: 4 }),
  )
    .map(([t, h, w]) => [t, 2 * h, 2 * w] as const),
  { minLength: 1, maxLength: 3 },
);

Deno.test("every patch of every frame has its own place, blocks of four together", () => {
  fc.assert(fc.property(grids, (list) => {
    const coordinates = patchCoordinates(list, 2);
    let at = 0;
    for (const [frames, rows, columns] of list) {
      for (let frame = 0; frame < frames; frame++) {
        const seen = new Set<string>();
        for (let i = 0; i < rows * columns; i++, at++) {
          const [row, column] = [coordinates[2 * at], coordinates[2 * at + 1]];
          assert(row < rows && column < columns);
          seen.add(`${row},${column}`);
          const first = at - i % 4; // the block's first patch
          assertEquals(row >> 1, coordinates[2 * first] >> 1);
          assertEquals(column >> 1, coordinates[2 * first + 1] >> 1);
        }
        assertEquals(seen.size, rows * columns);
      }
    }
    assertEquals(2 * frameLengths(list).reduce((a, b) => a + b, 0), coordinates.length);
  }));
});

Deno.test("the position table is sampled so that linear tables come out exact", () => {
  const side = 6;
  fc.assert(fc.property(grids, (list) => {
    const { rows, weights } = samplePositionTable(list, 2, side);
    const coordinates = patchCoordinates(list, 2);
    const total = rows.length / 4;
    let patch = 0;
    for (const [frames, gridRows, gridColumns] of list) {
      for (let i = 0; i < frames * gridRows * gridColumns; i++, patch++) {
        let y = 0, x = 0, share = 0;
        for (let corner = 0; corner < 4; corner++) {
          const weight = weights[corner * total + patch];
          share += weight;
          y += weight * Math.floor(rows[corner * total + patch] / side);
          x += weight * (rows[corner * total + patch] % side);
        }
        const wanted = (index: number, count: number) =>
          count === 1 ? 0 : index * (side - 1) / (count - 1);
        assert(Math.abs(share - 1) < 1e-5);
        assert(Math.abs(y - wanted(coordinates[2 * patch], gridRows)) < 1e-4);
        assert(Math.abs(x - wanted(coordinates[2 * patch + 1], gridColumns)) < 1e-4);
      }
    }
  }));
});

Deno.test("a grid tensor is read row by row", () => {
  assertEquals(patchGrids(Int32Array.of(1, 4, 6, 2, 8, 2)), [[1, 4, 6], [2, 8, 2]]);
});

Deno.test("windows hold every token once, none wider or higher than a window", () => {
  fc.assert(fc.property(grids, fc.integer({ min: 1, max: 5 }), (list, side) => {
    const { order, lengths } = windowOrder(list, 2, side);
    const tokens = list.reduce((sum, [t, h, w]) => sum + t * h * w / 4, 0);
    assertEquals([...order].sort((a, b) => a - b), [...Array(tokens).keys()]);
    assertEquals(lengths.reduce((a, b) => a + b, 0), 4 * tokens);
    // a token's frame, row and column, from its place in the input
    const places = list.flatMap(([frames, rows, columns], picture) =>
      Array.from({ length: frames * rows * columns / 4 }, (_, i) => {
        const perFrame = rows * columns / 4, within = i % perFrame;
        const frame = `${picture}.${Math.floor(i / perFrame)}`;
        return { frame, row: Math.floor(2 * within / columns), column: within % (columns / 2) };
      })
    );
    let start = 0;
    for (const length of lengths) {
      const own = [...order.subarray(start, start + length / 4)].map((token) => places[token]);
      assert(own.every(({ frame }) => frame === own[0].frame));
      for (const key of ["row", "column"] as const) {
        const values = own.map((place) => place[key]);
        assertEquals(Math.min(...values) % side, 0);
        assert(Math.max(...values) - Math.min(...values) < side);
      }
      start += length / 4;
    }
  }));
});
