import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { rateAt, scheduleOver } from "../../../lab/training/schedule.ts";

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

Deno.test("a run of any length has a schedule, with the warm-up that fits into it", () => {
  const counts = fc.integer({ min: 1, max: 300 });
  fc.assert(fc.property(counts, fc.constantFrom(0.25, 0.4, 2 / 3, 1), (steps, held) => {
    const own = scheduleOver(steps, { warmUp: 60, held, floor: 0.03 });
    const rates = Array.from({ length: steps }, (_, step) => rateAt(own, step));
    assert(rates.every((rate) => rate > 0 && rate <= 1));
    assert(Math.max(...rates) > 0.9);
    if (held * steps > 61) assertEquals(own.warmUp, 60);
  }));
});

Deno.test("steps that descend are refused", () => {
  assertThrows(() => rateAt({ ...schedule, end: 20 }, 0), Error, "must not descend");
});
