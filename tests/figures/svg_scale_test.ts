import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { layOutAxis, niceTicks } from "../../lib/figures/svg_scale.ts";

Deno.test("ticks lie within the range, evenly, about as many as asked for", () => {
  fc.assert(fc.property(
    fc.double({ min: -1e4, max: 1e4, noNaN: true }),
    fc.double({ min: 1e-3, max: 1e5, noNaN: true }),
    fc.integer({ min: 2, max: 9 }),
    (low, length, count) => {
      const ticks = niceTicks(low, low + length, count);
      assert(ticks.length >= 1 && ticks.length <= 2 * count + 2, `${ticks.length} for ${count}`);
      for (const tick of ticks) {
        assert(tick >= low - 1e-6 * length && tick <= low + length * (1 + 1e-6));
      }
      for (let i = 2; i < ticks.length; i++) {
        assertAlmostEquals(ticks[i] - ticks[i - 1], ticks[1] - ticks[0], 1e-6 * length);
      }
    },
  ));
  assertEquals(niceTicks(0, 1, 5), [0, 0.2, 0.4, 0.6, 0.8, 1]);
});

Deno.test("linear, reversed, logarithmic and category axes map their ends to the pixels", () => {
  assertEquals(layOutAxis({ range: [0, 10] }, 100, 300).at(5), 200);
  assertEquals(layOutAxis({ range: [10, 0] }, 300, 100).at(10), 300);
  const log = layOutAxis({ range: [0, 3], type: "log" }, 0, 300);
  assertAlmostEquals(log.at(100), 200, 1e-9);
  assertEquals(log.ticks.map(({ label }) => label), ["1", "10", "100", "1000"]);
  const names = { range: [-0.5, 1.5], type: "category", categoryarray: ["a", "b"] } as const;
  assertEquals(layOutAxis(names, 0, 200).at("b"), 150);
  assertEquals(layOutAxis(names, 0, 200).ticks.map(({ label }) => label), ["a", "b"]);
});

Deno.test("given ticks are kept, those outside are left out, units are written", () => {
  const axis = { range: [0, 10], tickvals: [2, 20], ticktext: ["two", "twenty"] } as const;
  assertEquals(layOutAxis(axis, 0, 100).ticks, [{ at: 20, label: "two" }]);
  const percent = layOutAxis({ range: [-10, 100], ticksuffix: "%" }, 0, 300);
  assert(percent.ticks.some(({ label }) => label === "100%"));
  const large = layOutAxis({ range: [0, 20000] }, 0, 300);
  assert(large.ticks.some(({ label }) => label === "20k"));
});
