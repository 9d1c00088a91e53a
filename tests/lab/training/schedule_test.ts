import { assert, assertAlmostEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { rateAt } from "../../../lab/training/schedule.ts";

const schedule = { warmUp: 10, holdUntil: 50, end: 150, floor: 0.1 };

Deno.test("the rate rises, holds, falls as a cosine and stays at the floor", () => {
  assertAlmostEquals(rateAt(schedule, 0), 0.1);
  assertAlmostEquals(rateAt(schedule, 9), 1);
  assertAlmostEquals(rateAt(schedule, 49), 1);
  assertAlmostEquals(rateAt(schedule, 75), 0.1 + 0.9 * (1 + Math.SQRT1_2) / 2);
  assertAlmostEquals(rateAt(schedule, 150), 0.1);
});

Deno.test("after the warm-up the rate never rises", () => {
  fc.assert(fc.property(fc.integer({ min: 10, max: 400 }), (step) => {
    assert(rateAt(schedule, step + 1) <= rateAt(schedule, step));
    assert(rateAt(schedule, step) >= schedule.floor);
  }));
});

Deno.test("steps that descend are refused", () => {
  assertThrows(() => rateAt({ ...schedule, end: 20 }, 0), Error, "must not descend");
});
