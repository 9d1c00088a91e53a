import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { oneDecimal, roundHalfEven } from "../../lib/inputs/rounding.ts";

Deno.test("roundHalfEven: never further than a half, and even on a half", () => {
  fc.assert(fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), (value) => {
    assert(Math.abs(roundHalfEven(value) - value) <= 0.5);
    assertEquals(Math.abs(roundHalfEven(Math.floor(value) + 0.5) % 2), 0);
  }));
});

Deno.test("oneDecimal: quarters go to the even digit, as in Python", () => {
  // python3 -c 'print([f"{i / 4:.1f}" for i in range(9)])'
  assertEquals(
    Array.from({ length: 9 }, (_, i) => oneDecimal(i / 4)),
    ["0.0", "0.2", "0.5", "0.8", "1.0", "1.2", "1.5", "1.8", "2.0"],
  );
  // 0.15 and 0.35 are a little off a half in binary: f"{0.15:.1f}" is 0.1, f"{0.35:.1f}" is 0.3
  assertEquals([0.15, 0.35, 0.45].map(oneDecimal), ["0.1", "0.3", "0.5"]);
});
