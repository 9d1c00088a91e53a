import { assertEquals } from "@std/assert";
import { portableKernels } from "../../lib/backend/portable.ts";
import { denseAttention, patternOfRows } from "../../lib/nn/attention.ts";
import { bidirectionalAttention } from "../../lib/nn/row_attention.ts";
import { attentionSuite, naiveAttention, randomCall } from "../suites/attention_suite.ts";
import { testKernels } from "../suites/golden.ts";
import { assertNear } from "../suites/near.ts";

const portable = async () => {
  await testKernels();
  return portableKernels();
};
attentionSuite("dense attention", testKernels, denseAttention);
attentionSuite("dense attention on portable kernels", portable, denseAttention);
attentionSuite(
  "dense attention whose hooks change nothing",
  testKernels,
  (k, call) => denseAttention(k, { onScores: (x) => x, onPattern: (x) => x, ...call }),
);

Deno.test("the pattern of chosen rows equals those rows of the whole pattern", async () => {
  const k = await testKernels();
  const c = {
    batch: 1,
    heads: 4,
    keyValueHeads: 2,
    headDim: 8,
    queries: 9,
    segments: [5, 9],
    seed: 3,
  };
  const { query, key, value, keys } = randomCall(c);
  const before = k.tensorCount();
  k.scope(() => {
    const q = k.tensor(query, [1, 4, 9, 8]);
    const segments = [{
      key: k.tensor(key, [1, 2, keys, 8]),
      value: k.tensor(value, [1, 2, keys, 8]),
    }];
    let whole: Float32Array = new Float32Array();
    const onPattern = (x: Parameters<typeof k.readSync>[0]) => {
      whole = k.readSync(x) as Float32Array;
      return x;
    };
    denseAttention(k, { query: q, segments, layer: 0, onPattern });
    const rows = [0, 3, 4, 8];
    const picked = patternOfRows(k, q, segments, rows);
    assertEquals(picked.shape, [1, 4, 4, keys]);
    const wanted = Float32Array.from(
      [0, 1, 2, 3].flatMap((head) =>
        rows.flatMap((
          row,
        ) => [...whole.subarray((head * 9 + row) * keys, (head * 9 + row + 1) * keys)])
      ),
    );
    assertNear(k.readSync(picked), wanted, 1e-6);
  });
  assertEquals(k.tensorCount(), before);
});

Deno.test("bidirectional attention lets every query see every key, also in blocks", async () => {
  const k = await testKernels();
  for (const patches of [1, 5, 2100]) {
    const c = {
      batch: 2,
      heads: 1,
      keyValueHeads: 1,
      headDim: 4,
      queries: patches,
      segments: [patches],
      seed: patches,
    };
    const small = { ...c, batch: patches > 100 ? 1 : 2 };
    const { query, key, value } = randomCall(small);
    const found = k.scope(() => {
      const [q, kk, v] = [query, key, value].map((x) => k.tensor(x, [small.batch, 1, patches, 4]));
      return k.readSync(bidirectionalAttention(k, q, kk, v)) as Float32Array;
    });
    assertNear(found, naiveAttention(small, () => true), 1e-5);
  }
});
