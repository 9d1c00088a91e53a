import { assertEquals, assertThrows } from "@std/assert";
import { BoundedCache } from "../../lib/common/bounded_cache.ts";

/** A cache, and names of what was freed in order. */
function watched(limit: number) {
  const freed: string[] = [], cache = new BoundedCache(limit);
  const add = (key: string, bytes: number) =>
    cache.add(key, { value: key, bytes, free: () => void freed.push(key) });
  return { cache, freed, add };
}

Deno.test("what was used last stays, and never more bytes than the limit", () => {
  const { cache, freed, add } = watched(10);
  for (const key of ["a", "b", "c"]) add(key, 3)[Symbol.dispose]();
  cache.find("a")![Symbol.dispose]();
  add("d", 4)[Symbol.dispose]();
  assertEquals([freed, cache.bytes, cache.size], [["b"], 10, 3]);
  add("too large", 11)[Symbol.dispose](); // is used and gone, and nothing goes for it
  assertEquals([freed, cache.find("too large")], [["b", "too large"], null]);
  cache.makeRoom(6);
  assertEquals([freed.slice(2), cache.bytes], [["c", "a"], 4]);
  cache[Symbol.dispose]();
  assertEquals([freed.at(-1), cache.bytes, cache.size], ["d", 0, 0]);
});

Deno.test("what is in use is not freed before its lease ends, and once", () => {
  const { cache, freed, add } = watched(4);
  const first = add("a", 3), again = cache.find("a")!;
  const second = add("b", 3); // finds no room: used once
  assertEquals([freed, cache.bytes, cache.find("b")], [[], 3, null]);
  second[Symbol.dispose]();
  cache[Symbol.dispose]();
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  assertEquals(freed, ["b"]);
  again[Symbol.dispose]();
  assertEquals(freed, ["b", "a"]);
});

Deno.test("a limit of 0 keeps nothing, and a limit is a number", async () => {
  const { cache } = watched(0);
  let made = 0;
  const make = () => ++made;
  const values = [
    await cache.remember("a", make, () => 1),
    await cache.remember("a", make, () => 1),
  ];
  assertEquals([values, cache.size], [[1, 2], 0]);
  for (const limit of [-1, NaN]) {
    assertThrows(() => new BoundedCache(limit), Error, `Cannot keep ${limit} bytes`);
  }
});
