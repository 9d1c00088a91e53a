import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { checkPattern, keysSeen, type Pattern, sees } from "../../lib/sparse/pattern.ts";

const patterns: fc.Arbitrary<Pattern> = fc.oneof(
  fc.constant({ kind: "dense" } as const),
  fc.record({
    kind: fc.constant("local" as const),
    sink: fc.nat(9),
    window: fc.integer({ min: 1, max: 9 }),
  }),
  fc.record({
    kind: fc.constant("strided" as const),
    sink: fc.nat(5),
    window: fc.integer({ min: 1, max: 6 }),
    stride: fc.integer({ min: 1, max: 7 }),
  }),
);

Deno.test("the number of keys seen is the number of keys that it sees", () => {
  fc.assert(fc.property(patterns, fc.nat(60), (pattern, query) => {
    const counted = Array.from({ length: query + 1 }, (_, key) =>
      sees(pattern, query, key)).filter(Boolean).length;
    assertEquals(keysSeen(pattern, query), counted);
  }));
});

Deno.test("every query sees itself and nothing later", () => {
  fc.assert(fc.property(patterns, fc.nat(60), fc.nat(60), (pattern, query, later) => {
    assertEquals(sees(pattern, query, query), true);
    assertEquals(sees(pattern, query, query + 1 + later), false);
  }));
});

Deno.test("a pattern with odd numbers is an error", () => {
  assertThrows(() => checkPattern({ kind: "local", sink: -1, window: 4 }), Error, "sink -1");
  assertThrows(() => checkPattern({ kind: "local", sink: 0, window: 0 }), Error, "window 0");
  assertThrows(
    () => checkPattern({ kind: "strided", sink: 0, window: 2, stride: 0.5 }),
    Error,
    "stride",
  );
});
