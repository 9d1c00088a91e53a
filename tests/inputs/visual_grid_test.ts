import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  gridBox,
  gridLength,
  type PlacedGrid,
  visualTokens,
} from "../../lib/inputs/visual_grid.ts";

/** Grids of any kind at any place. */
export const grids: fc.Arbitrary<PlacedGrid> = fc.record({
  kind: fc.constant("image" as const),
  media: fc.constant(0),
  size: fc.tuple(fc.integer({ min: 1, max: 900 }), fc.integer({ min: 1, max: 900 })),
  frames: fc.constant([]),
  rows: fc.integer({ min: 1, max: 9 }),
  columns: fc.integer({ min: 1, max: 9 }),
  newline: fc.constantFrom("none" as const, "row" as const, "end" as const),
  start: fc.nat(50),
}).map((grid) => ({ ...grid, region: [0, 0, grid.size[0], grid.size[1]] as const }));

Deno.test("tokens of a grid: distinct, within its length, without the newlines", () => {
  fc.assert(fc.property(grids, (grid) => {
    const tokens = visualTokens([grid]).map(({ token }) => token);
    assertEquals(new Set(tokens).size, grid.rows * grid.columns);
    const end = grid.start + gridLength(grid);
    assert(
      tokens.every((token, i) =>
        token >= grid.start && token < end && (i === 0 || token > tokens[i - 1])
      ),
    );
    const newlines = { none: 0, row: grid.rows, end: 1 }[grid.newline];
    assertEquals(gridLength(grid) - tokens.length, newlines);
    if (grid.newline === "row") {
      assertEquals(tokens[grid.columns], grid.rows > 1 ? tokens[0] + grid.columns + 1 : undefined);
    }
  }));
});

Deno.test("boxes of a grid fill its region without gaps", () => {
  fc.assert(fc.property(grids, (grid) => {
    let area = 0;
    for (let row = 0; row < grid.rows; row++) {
      for (let column = 0; column < grid.columns; column++) {
        const [x0, y0, x1, y1] = gridBox(grid, row, column);
        area += (x1 - x0) * (y1 - y0);
        if (column > 0) assertEquals(gridBox(grid, row, column - 1)[2], x0);
        if (row > 0) assertEquals(gridBox(grid, row - 1, column)[3], y0);
      }
    }
    const [width, height] = grid.size;
    assertAlmostEquals(area, width * height, 1e-6 * width * height);
    const last = gridBox(grid, grid.rows - 1, grid.columns - 1);
    assertEquals([last[2], last[3]], [width, height]);
  }));
});
