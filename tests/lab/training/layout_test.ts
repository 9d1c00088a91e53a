import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { mropePositions } from "../../../lib/inputs/position_ids.ts";
import {
  patchGridsOf,
  sequenceLayout,
  sequenceLength,
  stampTokens,
  type TokenGrid,
} from "../../../lab/training/layout.ts";

const grid = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }));

Deno.test("positions are those of the processor's rule, for the context and every block", () => {
  fc.assert(
    fc.property(
      fc.array(grid, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 3 }),
      fc.constantFrom("images" as const, "video" as const),
      (grids: TokenGrid[], block, blocks, format) => {
        const layout = sequenceLayout({ grids, format }, block, blocks);
        const length = sequenceLength(layout);
        const video = format === "video";
        let start = video ? 3 : 2;
        const placed = grids.map(([rows, columns], media) => {
          start += video ? stampTokens + 1 : 1;
          const own = {
            ...{
              kind: "image" as const,
              media,
              frames: [],
              newline: "none" as const,
              rows,
              columns,
            },
            ...{ region: [0, 0, columns, rows] as const, size: [columns, rows] as const, start },
          };
          start += rows * columns + 1;
          return own;
        });
        const alone = layout.context + block;
        const { positionIds } = mropePositions()(alone, placed, {});
        for (let axis = 0; axis < 3; axis++) {
          for (let b = 0; b < blocks; b++) {
            for (let i = 0; i < alone; i++) {
              const token = i < layout.context ? i : i + b * block;
              assertEquals(
                layout.positionIds[axis * length + token],
                positionIds[axis * alone + i],
              );
            }
          }
        }
        const wanted = placed.flatMap((one) =>
          Array.from({ length: one.rows * one.columns }, (_, i) => one.start + i)
        );
        assertEquals([...layout.visual], wanted);
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("gaps move everything that follows, and no token", () => {
  const grids: TokenGrid[] = [[1, 2], [2, 1]];
  const plain = sequenceLayout({ grids, format: "images" }, 2, 1);
  const moved = sequenceLayout({ grids, format: "images", gaps: [0, 5] }, 2, 1);
  assertEquals(moved.visual, plain.visual);
  const second = plain.visual[2] - 1; // the second image's start marker
  assertEquals(
    [...moved.positionIds].map((p, i) => p - plain.positionIds[i]),
    [...plain.positionIds].map((_, i) => i % sequenceLength(plain) < second ? 0 : 5),
  );
});

Deno.test("patch grids repeat for every sequence", () => {
  assertEquals(patchGridsOf([[1, 2], [3, 1]], 2, 2), [[1, 2, 4], [1, 6, 2], [1, 2, 4], [1, 6, 2]]);
});
