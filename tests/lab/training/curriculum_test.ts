import { assert, assertEquals, assertThrows } from "@std/assert";
import { advance, drawLevel, firstState, pictures } from "../../../lab/training/curriculum.ts";
import { pictureLevels, plainLevels } from "../../../lab/training/levels.ts";
import { Random } from "../../../lib/stats/random.ts";

const levels = [{ gate: 0.8, leastSteps: 15 }, { gate: 0.8, leastSteps: 0 }];

Deno.test("a level ends when the mean of ten batches reaches the gate, not before its least steps", () => {
  let state = firstState;
  for (let i = 0; i < 14; i++) state = advance(levels, state, 0, 1);
  assertEquals(state.level, 0);
  state = advance(levels, state, 0, 1);
  assertEquals(state, { level: 1, stepsAtLevel: 0, recent: [] });
});

Deno.test("poor batches and batches of lower levels do not count towards the gate", () => {
  let state = { level: 1, stepsAtLevel: 0, recent: [] as readonly number[] };
  for (let i = 0; i < 30; i++) {
    state = advance([...levels, levels[1]], state, i % 2, i % 2 ? 0.7 : 1);
  }
  assertEquals(state.level, 1);
  assert(state.recent.every((accuracy) => accuracy === 0.7));
});

Deno.test("the last level never ends", () => {
  let state = { level: 1, stepsAtLevel: 0, recent: [] as readonly number[] };
  for (let i = 0; i < 30; i++) state = advance(levels, state, 1, 1);
  assertEquals(state.level, 1);
});

Deno.test("two fifths of the steps go to lower levels", () => {
  const random = new Random(1);
  const state = { level: 3, stepsAtLevel: 0, recent: [] };
  const drawn = Array.from({ length: 4000 }, () => drawLevel(state, random));
  const lower = drawn.filter((level) => level < 3).length / drawn.length;
  assert(Math.abs(lower - 0.4) < 0.03, String(lower));
  assertEquals(drawLevel(firstState, random), 0);
});

Deno.test("an impossible accuracy is refused", () => {
  assertThrows(() => advance(levels, firstState, 0, 2), Error, "wanted 0 to 1");
});

Deno.test("in the shipped levels contexts grow and the left-neighbour loss fades", () => {
  for (const all of [plainLevels, pictureLevels]) {
    const cells = all.map(({ grids }) =>
      Math.max(...grids.map((one) => one.reduce((sum, [r, c]) => sum + r * c, 0)))
    );
    assertEquals(cells, [...cells].sort((a, b) => a - b));
    const left = all.map((level) => level.left);
    assertEquals(left, [...left].sort((a, b) => b - a));
    assertEquals(left[left.length - 1], 0);
  }
  assertEquals(pictures(2, 3, 4), [[3, 4], [3, 4]]);
});
