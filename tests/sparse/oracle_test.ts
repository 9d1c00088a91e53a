import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { meanKeysSeen, nthLargest, oracleAttention } from "../../lib/sparse/oracle.ts";
import { patterns } from "../../lib/sparse/patterns/registry.ts";
import { hybridPlan } from "../../lib/sparse/plan.ts";
import {
  attentionCases,
  naiveAttention,
  randomCall,
  runAttention,
} from "../suites/attention_suite.ts";
import { testKernels } from "../suites/golden.ts";
import { assertNear } from "../suites/near.ts";

const plan = hybridPlan(
  { layers: 1, heads: 4 },
  [{ layer: 0, head: 1 }],
  patterns.local({
    sink: 1,
    window: 3,
  }),
);

Deno.test("nthLargest is what sorting gives", () => {
  fc.assert(fc.property(
    fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 1, maxLength: 40 }),
    fc.nat(),
    (values, seed) => {
      const count = 1 + seed % values.length;
      const sorted = [...values].sort((a, b) => b - a);
      assertEquals(nthLargest(Float32Array.from(values), count), sorted[count - 1]);
    },
  ));
});

Deno.test("a query may read the mean of what the plan's heads read", () => {
  assertEquals(meanKeysSeen(plan)(9), (10 + 3 * 4) / 4);
});

Deno.test("every head of every query reads its own top keys and no others", async () => {
  const k = await testKernels(), count = meanKeysSeen(plan);
  for (const c of attentionCases.filter(({ queries }) => queries <= 300)) {
    const { keys, query, key } = randomCall(c), group = c.heads / c.keyValueHeads;
    const perBatch = { ...c, batch: 1 };
    if (c.batch > 1) continue; // naive visibility knows no batch
    const top = new Map<string, Set<number>>();
    for (let head = 0; head < c.heads; head++) {
      const kv = Math.floor(head / group) * keys * c.headDim;
      for (let t = 0; t < c.queries; t++) {
        const position = keys - c.queries + t, row = (head * c.queries + t) * c.headDim;
        const scored = Array.from({ length: position + 1 }, (_, s) => {
          let sum = 0;
          for (let d = 0; d < c.headDim; d++) sum += query[row + d] * key[kv + s * c.headDim + d];
          return [sum, s] as const;
        }).sort((a, b) => b[0] - a[0]);
        const kept = scored.slice(0, Math.max(1, Math.round(count(position))));
        top.set(`${head} ${position}`, new Set(kept.map(([, s]) => s)));
      }
    }
    const want = naiveAttention(perBatch, (head, q, s) => top.get(`${head} ${q}`)!.has(s));
    assertNear(runAttention(k, oracleAttention(plan), c), want, 1e-4);
  }
});

Deno.test("with a budget of everything the oracle is dense attention", async () => {
  const k = await testKernels();
  const all = hybridPlan(
    { layers: 1, heads: 4 },
    [0, 1, 2, 3].map((head) => ({ layer: 0, head })),
    patterns.local({ sink: 0, window: 1 }),
  );
  const c = attentionCases[6];
  assert(c.queries > 256);
  const dense = naiveAttention(c, (_, query, key) => key <= query);
  assertNear(runAttention(k, oracleAttention(all), c), dense, 1e-4);
});
