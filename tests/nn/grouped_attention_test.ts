import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type AttentionCall, denseAttention } from "../../lib/nn/attention.ts";
import { groupedAttention, joinHeads, takeHeads } from "../../lib/nn/grouped_attention.ts";
import { Random } from "../../lib/stats/random.ts";
import { relativeError, testKernels } from "../suites/golden.ts";

Deno.test("heads taken in any order and joined again are as before", async () => {
  const k = await testKernels();
  const cuts = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.nat(), fc.integer({ min: 1, max: 3 }));
  fc.assert(fc.property(cuts, ([heads, seed, parts]) => {
    const order = Array.from(new Random(seed).permutation(heads));
    k.scope(() => {
      const data = Float32Array.from({ length: heads * 6 }, (_, i) => i);
      const x = k.tensor(data, [1, heads, 3, 2]);
      const taken = k.readSync(takeHeads(k, x, order));
      assertEquals([...taken], order.flatMap((head) => [...data.subarray(6 * head, 6 * head + 6)]));
      const size = Math.ceil(heads / parts);
      const runs = Array.from(
        { length: Math.ceil(heads / size) },
        (_, i) => order.slice(i * size, (i + 1) * size),
      );
      const pieces = runs.map((own) => ({ heads: own, z: takeHeads(k, x, own) }));
      assertEquals([...k.readSync(joinHeads(k, pieces))], [...data]);
    });
  }));
});

Deno.test("attention by groups of key-value heads is attention of all of them", async () => {
  const k = await testKernels();
  const random = new Random(3);
  const before = k.tensorCount();
  for (
    const [queries, keys, partition] of [[1, 7, [[0, 2], [1, 3]]], [5, 5, [[3], [
      0,
      1,
      2,
    ]]]] as const
  ) {
    const normal = (shape: number[]) =>
      k.tensor(
        Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()),
        shape,
      );
    const asked: (readonly number[] | undefined)[] = [];
    const spy = Object.assign((_: typeof k, call: AttentionCall) => {
      asked.push(call.queryHeads);
      return denseAttention(k, call);
    });
    k.scope(() => {
      const query = normal([2, 8, queries, 4]), key = normal([2, 4, keys, 4]);
      const value = normal([2, 4, keys, 4]);
      const wanted = denseAttention(k, { query, layer: 0, segments: [{ key, value }] });
      const groups = partition.map((heads) => ({
        heads,
        segments: [{ key: takeHeads(k, key, heads), value: takeHeads(k, value, heads) }],
      }));
      const found = groupedAttention(k, spy, { query, layer: 0 }, groups);
      const error = relativeError(
        k.readSync(found) as Float32Array,
        k.readSync(wanted) as Float32Array,
      );
      assert(error < 1e-5, `${error} of the scale`);
    });
    const queryHeads = partition.map((heads) => heads.flatMap((head) => [2 * head, 2 * head + 1]));
    assertEquals(asked, queryHeads);
  }
  assertEquals(k.tensorCount(), before);
});
