import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { compareHeads, headIndex } from "../../lib/common/head_id.ts";
import { bottomHeads, otherHeads, topHeads } from "../../lib/heads/select.ts";

const grid = { layers: 4, heads: 4 };
const maps = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), {
  minLength: 16,
  maxLength: 16,
});

Deno.test("no head that is left out scores higher than a top head, none lower than a bottom head", () => {
  fc.assert(fc.property(maps, fc.integer({ min: 1, max: 16 }), (map, count) => {
    const score = (id: { layer: number; head: number }) => map[headIndex(id, 4)];
    const top = topHeads(map, grid, { count });
    assertEquals(top.length, count);
    assert(otherHeads(top, grid).every((id) => score(id) <= score(top[count - 1])));
    const bottom = bottomHeads(map, grid, { count });
    assert(otherHeads(bottom, grid).every((id) => score(id) >= score(bottom[count - 1])));
  }));
});

Deno.test("ties go to the lower layer, then the lower head, at both ends", () => {
  const even = new Float32Array(16).fill(0.5);
  const first = [{ layer: 0, head: 0 }, { layer: 0, head: 1 }];
  assertEquals(topHeads(even, grid, { count: 2 }), first);
  assertEquals(bottomHeads(even, grid, { count: 2 }), first);
});

Deno.test("a fraction takes the nearest number of heads, at least one", () => {
  const map = Array.from({ length: 16 }, (_, i) => i);
  assertEquals(topHeads(map, grid, { fraction: 0.01 }).length, 1);
  assertEquals(topHeads(map, grid, { fraction: 0.25 }).length, 4);
  assertEquals(topHeads(map, grid, { fraction: 1 }).length, 16);
});

Deno.test("key-value groups are selected whole, by their mean score", () => {
  // layer 0: groups (0,1) mean 0.45 and (2,3) mean 0.5; the best single head is in the first
  const map = [0.9, 0, 0.5, 0.5, ...Array(12).fill(0)];
  assertEquals(topHeads(map, grid, { count: 1 }, { groupSize: 2 }), [
    { layer: 0, head: 2 },
    { layer: 0, head: 3 },
  ]);
  const all = topHeads(map, grid, { fraction: 1 }, { groupSize: 4 });
  assertEquals(all.sort(compareHeads), otherHeads([], grid));
});

Deno.test("impossible numbers are errors that say what is possible", () => {
  const map = new Float32Array(16);
  const wrong = (many: Parameters<typeof topHeads>[2], message: string, groupSize = 1) =>
    assertThrows(() => topHeads(map, grid, many, { groupSize }), Error, message);
  wrong({ count: 0 }, "Cannot select top 0 of 16 heads: count must be 1 to 16");
  wrong({ count: 17 }, "Cannot select top 17 of 16 heads: count must be 1 to 16");
  wrong({ count: 1.5 }, "count must be 1 to 16");
  wrong({ count: 9 }, "Cannot select top 9 of 8 key-value groups: count must be 1 to 8", 2);
  wrong({ fraction: 0 }, "fraction must be above 0");
  wrong({ fraction: 1.01 }, "fraction must be above 0, at most 1");
  wrong(4 as never, "Cannot select top 4: wanted { count: 4 } or { fraction: 0.05 }");
  wrong({ count: 1 }, "wanted a divisor of the 4 heads", 3);
  assertThrows(
    () => bottomHeads(map, grid, { count: 0 }),
    Error,
    "Cannot select bottom 0 of 16 heads",
  );
  assertThrows(() => topHeads(new Float32Array(15), grid, { count: 1 }), Error, "from 15 scores");
  assertThrows(() => topHeads(map.fill(NaN), grid, { count: 1 }), Error, "NaN");
});
