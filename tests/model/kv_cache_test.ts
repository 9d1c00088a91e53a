import { assertEquals } from "@std/assert";
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
