import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  cellIndex,
  emptyBoards,
  freeCell,
  isFree,
  placeSlots,
  writeWords,
} from "../../../lab/synthetic/board.ts";
import { pairWidth, resolveOptions, type TaskOptions } from "../../../lab/synthetic/options.ts";
import { Random } from "../../../lib/stats/random.ts";

const planOf = (options: Partial<TaskOptions>, random: Random) =>
  resolveOptions(
    "page",
    { cellsPerSide: 6, images: 2, difficulty: 0, split: "train", ...options },
    random,
  );

Deno.test("placeSlots: as many as wanted, in reading order, on the boards, without overlap", () => {
  fc.assert(fc.property(
    fc.nat(),
    fc.integer({ min: 3, max: 9 }),
    fc.integer({ min: 1, max: 3 }),
    fc.constantFrom("even" as const, "free" as const),
    fc.constantFrom("beside" as const, "once" as const),
    fc.constantFrom(1 as const, 2 as const),
    (seed, side, images, layout, label, keyWords) => {
      const random = new Random(seed);
      const difficulty = { layout, label, keyWords };
      const plan = planOf({ cellsPerSide: side, images, difficulty }, random);
      const boards = emptyBoards(plan, "paper", false, random);
      const slots = placeSlots(plan, random);
      const width = pairWidth(plan.variety);
      assertEquals(slots.length, plan.pairs);
      let last = -1;
      for (const slot of slots) {
        assert(isFree(boards, slot, width), JSON.stringify(slot));
        writeWords(boards, slot, new Array(width).fill(1));
        const index = cellIndex(boards[0], slot);
        assert(index > last);
        last = index;
        if (layout === "even") assertEquals(slot.column % width, 0);
        if (label === "once") assert(slot.row > 0);
      }
    },
  ));
});

Deno.test("isFree: off the board or taken is not free", () => {
  const random = new Random(3);
  const boards = emptyBoards(planOf({}, random), "paper", false, random);
  const at = (row: number, column: number, width: number) =>
    isFree(boards, { image: 1, row, column }, width);
  assert(at(5, 4, 2));
  for (const [row, column] of [[-1, 0], [6, 0], [0, -1], [0, 5]]) assert(!at(row, column, 2));
  writeWords(boards, { image: 1, row: 2, column: 3 }, [7, 8]);
  assertEquals(Array.from(boards[1].words.subarray(15, 17)), [7, 8]);
  assert(!at(2, 2, 2) && !at(2, 4, 2) && at(2, 1, 2) && at(2, 5, 1));
  assertEquals(boards[0].words.every((word) => word === freeCell), true);
});

Deno.test("emptyBoards: frames of a video share their background, images do not", () => {
  const plan = planOf({ images: 4 }, new Random(0));
  const seeds = (shared: boolean) =>
    new Set(emptyBoards(plan, "ground", shared, new Random(9)).map((board) => board.seed)).size;
  assertEquals([seeds(true), seeds(false)], [1, 4]);
});
