import { assertEquals, assertMatch, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { digestOf, digestOfBytes } from "../../lib/common/digest.ts";

Deno.test("a digest of bytes is the first half of their SHA-256", () => {
  // NIST's example: SHA-256("abc")
  const wanted = "ba7816bf8f01cfea414140de5dae2223";
  assertEquals(digestOfBytes(new TextEncoder().encode("abc")), wanted);
});

Deno.test("equal values have equal digests, whatever the order of their keys", () => {
  fc.assert(fc.property(fc.object(), (value) => {
    const turned = Object.fromEntries(Object.entries(value).reverse());
    assertEquals(digestOf(turned), digestOf(value));
    assertEquals(digestOf(structuredClone(value)), digestOf(value));
  }));
  assertEquals(digestOf({ a: 1, b: undefined }), digestOf({ a: 1 }));
});

Deno.test("different values have different digests", () => {
  const values: unknown[] = [
    ...[null, undefined, true, false, 0, -0, 1, 1n, NaN, Infinity, "", "0", "null", "a", "ab"],
    ...[[], {}, [[]], [null], [undefined], [0], ["0"], ["a", "b"], ["ab"], ["a", ["b"]]],
    ...[{ a: "b" }, { b: "a" }, { a: { b: 1 } }, { a: 1, b: 1 }, { "a:1": 1 }],
    ...[new Map([["a", 1]]), new Map([[1, "a"]]), new Set(["a"]), new Set([["a"]])],
    ...[Uint8Array.of(1), Uint8Array.of(1, 0), Int8Array.of(1), Float32Array.of(1)],
    ...[Float32Array.of(0), Float32Array.of(-0), Int32Array.of(0), new Float32Array(0)],
    ...[() => 1, () => 2, "() => 1"],
  ];
  const seen = new Map(values.map((value) => [digestOf(value), value]));
  assertEquals(seen.size, values.length);
  for (const digest of seen.keys()) assertMatch(digest, /^[0-9a-f]{32}$/);
});

Deno.test("a part of an array has its own bytes, and one changed bit shows", () => {
  const all = Float32Array.of(1, 2, 3);
  assertEquals(digestOf(all.subarray(1, 2)), digestOf(Float32Array.of(2)));
  fc.assert(fc.property(fc.uint8Array({ minLength: 1 }), fc.nat(), fc.nat(7), (bytes, at, bit) => {
    const changed = bytes.slice();
    changed[at % bytes.length] ^= 1 << bit;
    assertNotEquals(digestOf(changed), digestOf(bytes));
  }));
});

Deno.test("objects of a class are refused: their content cannot be seen", () => {
  class Hidden {
    readonly #value = 1;
    get value() {
      return this.#value;
    }
  }
  assertThrows(() => digestOf({ a: [new Hidden()] }), TypeError, "Cannot digest a Hidden");
  assertThrows(() => digestOf(new Date()), TypeError, "Cannot digest a Date");
});
