import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { countedPositions, mropePositions } from "../../lib/inputs/position_ids.ts";
import type { PlacedGrid } from "../../lib/inputs/visual_grid.ts";

const image = (media: number, rows: number, columns: number, start: number): PlacedGrid => ({
  kind: "image",
  media,
  size: [columns, rows],
  frames: [],
  rows,
  columns,
  newline: "none",
  region: [0, 0, columns, rows],
  start,
});

/** Stretches of text (lengths) with an image between each two. */
const layouts = fc.array(
  fc.tuple(
    fc.integer({ min: 1, max: 6 }),
    fc.integer({ min: 1, max: 5 }),
    fc.integer({ min: 1, max: 5 }),
  ),
  { maxLength: 5 },
).map((parts) => {
  let start = 0;
  const grids = parts.map(([text, rows, columns], i) => {
    const grid = image(i, rows, columns, start + text);
    start += text + rows * columns;
    return grid;
  });
  return { grids, tokens: start + 3 };
});

Deno.test("mropePositions: text counts on all axes, images spread over two", () => {
  fc.assert(fc.property(layouts, ({ grids, tokens }) => {
    const { positionIds, nextPosition } = mropePositions()(tokens, grids, {});
    const at = (axis: number, token: number) => positionIds[axis * tokens + token];
    const visual = new Set<number>();
    for (const { start, rows, columns } of grids) {
      const first = at(0, start);
      for (let i = 0; i < rows * columns; i++) {
        visual.add(start + i);
        const wanted = [first, first + Math.floor(i / columns), first + i % columns];
        assertEquals([0, 1, 2].map((axis) => at(axis, start + i)), wanted);
      }
      assertEquals(at(0, start - 1) + 1, first);
      assertEquals(at(0, start + rows * columns), first + Math.max(rows, columns));
    }
    for (let token = 0; token < tokens; token++) {
      if (visual.has(token)) continue;
      assert(at(0, token) === at(1, token) && at(1, token) === at(2, token));
      if (token > 0 && !visual.has(token - 1)) assertEquals(at(0, token), at(0, token - 1) + 1);
    }
    assertEquals(nextPosition, Math.max(...positionIds) + 1);
  }));
});

Deno.test("mropePositions: without images it counts", () => {
  const { positionIds, nextPosition } = mropePositions()(4, [], {});
  assertEquals([...positionIds], [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3]);
  assertEquals(nextPosition, 4);
});

Deno.test("mropePositions: patches of a video follow each other in time, as told", () => {
  const patch = (start: number): PlacedGrid => ({ ...image(0, 1, 2, start), kind: "video" });
  const grids = [patch(1), patch(3), patch(5)];
  const times = (rule: ReturnType<typeof mropePositions>) =>
    [1, 3, 5].map((token) => rule(8, grids, {}).positionIds[token]);
  assertEquals(times(mropePositions()), [1, 2, 3]);
  assertEquals(times(mropePositions({ time: (_, index) => 4 * index })), [1, 5, 9]);
  // Text goes on after the longer side of the frames, whatever the times (transformers 5), and
  // generated tokens go on after the text, even where the video's times reach beyond it.
  for (const rule of [mropePositions(), mropePositions({ time: (_, index) => 4 * index })]) {
    const { positionIds, nextPosition } = rule(8, grids, {});
    assertEquals([positionIds[7], nextPosition], [3, 4]);
  }
});

Deno.test("mropePositions: images that overlap or do not fit are refused", () => {
  const rule = mropePositions();
  assertThrows(() => rule(5, [image(0, 2, 2, 2)], {}), Error, "must fit");
  assertThrows(() => rule(20, [image(0, 2, 2, 2), image(1, 2, 2, 4)], {}), Error, "must fit");
});

Deno.test("countedPositions counts", () => {
  fc.assert(fc.property(fc.nat(50), (tokens) => {
    const { positionIds, nextPosition } = countedPositions(tokens, [], {});
    assertEquals([...positionIds], Array.from({ length: tokens }, (_, i) => i));
    assertEquals(nextPosition, tokens);
  }));
});
