import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { advance, drawStage, firstState, imageGrids } from "../../../lab/training/curriculum.ts";
import { imageStages, plainStages } from "../../../lab/training/stages.ts";
import { Random } from "../../../lib/stats/random.ts";

const stages = [{ threshold: 0.8, minSteps: 15 }, { threshold: 0.8, minSteps: 0 }];

Deno.test("a stage ends when the mean of ten batches reaches the threshold, not before its least steps", () => {
  let state = firstState;
  for (let i = 0; i < 14; i++) state = advance(stages, state, 0, 1);
  assertEquals(state.stage, 0);
  state = advance(stages, state, 0, 1);
  assertEquals(state, { stage: 1, stepsInStage: 0, recent: [] });
});

Deno.test("poor batches and batches of lower stages do not count towards the threshold", () => {
  let state = { stage: 1, stepsInStage: 0, recent: [] as readonly number[] };
  for (let i = 0; i < 30; i++) {
    state = advance([...stages, stages[1]], state, i % 2, i % 2 ? 0.7 : 1);
  }
  assertEquals(state.stage, 1);
  assert(state.recent.every((accuracy) => accuracy === 0.7));
});

Deno.test("the last stage never ends", () => {
  let state = { stage: 1, stepsInStage: 0, recent: [] as readonly number[] };
  for (let i = 0; i < 30; i++) state = advance(stages, state, 1, 1);
  assertEquals(state.stage, 1);
});

Deno.test("two fifths of the steps go to lower stages", () => {
  const random = new Random(1);
  const state = { stage: 3, stepsInStage: 0, recent: [] };
  const drawn = Array.from({ length: 4000 }, () => drawStage(state, random));
  const lower = drawn.filter((stage) => stage < 3).length / drawn.length;
  assert(Math.abs(lower - 0.4) < 0.03, String(lower));
  assertEquals(drawStage(firstState, random), 0);
  const mixed = [{ share: 1 }, {}, { share: 3 }];
  const shares = Array.from({ length: 4000 }, () => drawStage(firstState, random, mixed));
  assertAlmostEquals(shares.filter((stage) => stage === 2).length / 4000, 0.75, 0.03);
  assertEquals(shares.includes(1), false);
});

Deno.test("an impossible accuracy is refused", () => {
  assertThrows(() => advance(stages, firstState, 0, 2), Error, "wanted 0 to 1");
});

Deno.test("in the shipped stages contexts grow and the left-neighbour loss fades", () => {
  for (const all of [plainStages, imageStages]) {
    const cells = all.map(({ grids }) =>
      Math.max(...grids.map((one) => one.reduce((sum, [r, c]) => sum + r * c, 0)))
    );
    assertEquals(cells, [...cells].sort((a, b) => a - b));
    const left = all.map((stage) => stage.left);
    assertEquals(left, [...left].sort((a, b) => b - a));
    assertEquals(left[left.length - 1], 0);
  }
  assertEquals(imageGrids(2, 3, 4), [[3, 4], [3, 4]]);
});
