import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../lib/common/errors.ts";
import { KvCache } from "../../lib/model/kv_cache.ts";
import { testKernels } from "../suites/golden.ts";

/** Feeds runs of positions to a cache and reads everything back. */
async function feed(lengths: readonly number[]) {
  const k = await testKernels();
  const cache = new KvCache(k, 1);
  let next = 0;
  for (const length of lengths) {
    const values = Float32Array.from({ length }, () => next++);
    k.scope(() => {
      const key = k.tensor(values, [1, 1, length, 1]);
      cache.append(0, key, k.scale(key, -1));
    });
  }
  const read = (which: "key" | "value") =>
    cache.segments(0).flatMap((segment) => [...k.readSync(segment[which])]);
  const found = {
    keys: read("key"),
    values: read("value"),
    length: cache.length,
    bytes: cache.bytes,
  };
  const segments = cache.segments(0).length;
  cache.dispose();
  return { ...found, segments, next };
}

Deno.test("a cache holds every position once, in order, in few segments", async () => {
  for (
    const lengths of [[1], [5], [300], [5, 1, 1, 1], [10, ...Array(600).fill(1)], [256, 256, 256]]
  ) {
    const { keys, values, length, bytes, segments, next } = await feed(lengths);
    assertEquals(keys, Array.from({ length: next }, (_, i) => i));
    assertEquals(values, keys.map((key) => -key));
    assertEquals([length, bytes], [next, next * 8]);
    assertEquals(segments <= 2, true, `${segments} segments`);
  }
});

Deno.test("nothing stays behind, and a shared cache is left alone", async () => {
  const k = await testKernels();
  const before = k.tensorCount();
  const shared = new KvCache(k, 2);
  const add = (cache: KvCache, layer: number, length: number) =>
    k.scope(() => void cache.append(layer, k.zeros([1, 1, length, 1]), k.zeros([1, 1, length, 1])));
  add(shared, 0, 3);
  assertEquals(shared.length, 0); // a position counts once every layer has it
  add(shared, 1, 3);
  const own = new KvCache(k, 2, shared);
  add(own, 0, 2);
  add(own, 1, 2);
  assertEquals([own.length, shared.length], [5, 3]);
  assertEquals(own.segments(0).map(({ key }) => key.shape[2]), [3, 2]);
  own.dispose();
  assertEquals([own.length, shared.segments(1).length], [3, 1]);
  shared.dispose();
  assertEquals(k.tensorCount(), before);
});

/** What a query at a position sees by sink and window. */
const sees = (query: number, key: number, sink: number, window: number) =>
  key <= query && (key < sink || query - key < window);

Deno.test("a pruned KV cache gives each head all that its queries see, and holds little more", async () => {
  const k = await testKernels();
  const before = k.tensorCount();
  const sizes = fc.array(fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 90 })), {
    minLength: 1,
    maxLength: 60,
  });
  const property = fc.property(sizes, fc.nat(20), fc.integer({ min: 1, max: 40 }), (...drawn) => {
    const [lengths, sink, window] = drawn;
    // heads 0 and 2 need sink and window, head 1 everything
    const cache = new KvCache(k, 1, null, () => [{ sink, window }, null, { sink, window }]);
    let next = 0;
    for (const length of lengths) {
      const positions = Float32Array.from({ length: 3 * length }, (_, i) => next + i % length);
      next += length;
      k.scope(() => {
        const key = k.tensor(positions, [1, 3, length, 1]);
        const [short, whole] = cache.append(0, key, k.scale(key, -1));
        assertEquals([short.heads, whole.heads], [[0, 2], [1]]);
        const read = (which: "key" | "value", head: number, { segments } = short) =>
          segments.flatMap((
            { [which]: x },
          ) => [...k.readSync(k.slice(x, [0, head, 0, 0], [1, 1, -1, 1]))]);
        assertEquals(read("key", 0, whole), Array.from({ length: next }, (_, i) => i));
        for (const head of [0, 1]) {
          const keys = read("key", head);
          assertEquals(read("value", head), keys.map((position) => -position));
          assert(keys.every((position, i) => i === 0 || position > keys[i - 1]), "out of order");
          for (let query = next - length; query < next; query++) {
            // by places in the cache the queries see what they see by positions
            const place = keys.indexOf(query);
            const seen = keys.filter((_, i) => sees(place, i, sink, window));
            const wanted = Array.from({ length: query + 1 }, (_, i) => i)
              .filter((position) => sees(query, position, sink, window));
            assertEquals(seen, wanted);
          }
        }
      });
      const held = cache.bytes / 8 - next; // positions of both short heads
      assert(held <= 2 * Math.min(next, sink + window + 2 * 32), `${held} of ${next} positions`);
    }
    assertEquals(cache.length, next);
    cache.dispose();
    assertEquals(cache.bytes, 0);
    assertEquals(k.tensorCount(), before);
  });
  fc.assert(property, { numRuns: 60 });
});

Deno.test("heads that need the same are one group, and a pruned KV cache cannot be shared", async () => {
  const k = await testKernels();
  const short = new KvCache(k, 1, null, () => [{ sink: 1, window: 2 }, { sink: 1, window: 2 }]);
  assertEquals([short.isWhole(0, 2), new KvCache(k, 1).isWhole(0, 2)], [false, true]);
  assertEquals(new KvCache(k, 1, null, () => [null, null]).isWhole(0, 2), true);
  assertThrows(() => new KvCache(k, 1, short), InputError, "Cannot share a pruned KV cache");
  const onTop = new KvCache(k, 1, new KvCache(k, 1), short.needed);
  assertEquals(onTop.isWhole(0, 2), true);
});
