import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  amdahlBound,
  cacheCost,
  pairsSeen,
  prefillCost,
  speedupBound,
} from "../../lib/sparse/cost.ts";
import { sees } from "../../lib/sparse/patterns/pattern.ts";
import { patterns } from "../../lib/sparse/patterns/registry.ts";
import { hybridPlan } from "../../lib/sparse/plan.ts";

const config = {
  hiddenSize: 8,
  intermediateSize: 24,
  numHiddenLayers: 2,
  numAttentionHeads: 4,
  numKeyValueHeads: 2,
  headDim: 4,
};
const local = patterns.local({ sink: 2, window: 3 }), dense = patterns.dense();

Deno.test("pairs are counted as the patterns say", () => {
  const strided = patterns.strided({ sink: 1, window: 2, stride: 3 });
  const pattern = fc.constantFrom(dense, local, strided);
  fc.assert(fc.property(pattern, fc.integer({ min: 1, max: 30 }), (p, length) => {
    let counted = 0;
    for (let q = 0; q < length; q++) for (let k = 0; k < length; k++) if (sees(p, q, k)) counted++;
    assertEquals(pairsSeen(p, length), counted);
  }));
});

Deno.test("a plan with every head dense costs what dense costs, and less otherwise", () => {
  const all = [0, 1].flatMap((layer) => [0, 1, 2, 3].map((head) => ({ layer, head })));
  const full = hybridPlan({ layers: 2, heads: 4 }, all, local),
    none = hybridPlan({ layers: 2, heads: 4 }, [], local);
  assertEquals(prefillCost(config, 50, full), prefillCost(config, 50));
  const { attention, mlp, projections, total } = prefillCost(config, 50, none);
  assertEquals(attention + mlp + projections, total);
  assertEquals(attention, 8 * 4 * 4 * pairsSeen(local, 50));
  assertEquals(speedupBound(config, 50, full), 1);
  assert(speedupBound(config, 50, none) > 1);
  assert(speedupBound(config, 500, none) > speedupBound(config, 50, none));
  assertThrows(
    () => prefillCost(config, 5, hybridPlan({ layers: 1, heads: 4 }, [], local)),
    Error,
    "the model has 2 and 4",
  );
});

Deno.test("of experts the router and the chosen ones are counted", () => {
  const sizes = { numExperts: 10, numExpertsPerTok: 3, moeIntermediateSize: 8 };
  const all = prefillCost(config, 50).mlp;
  // three experts of a third of the width do what the dense layer does, besides routing
  const routing = 50 * 2 * 8 * 10;
  const cost = (layers: number[]) =>
    prefillCost({ ...config, experts: { ...sizes, layers } }, 50).mlp;
  assertEquals([cost([]), cost([1]), cost([0, 1])], [all, all + routing, all + 2 * routing]);
});

Deno.test("the bound by Amdahl's law is reached only when attention is everything", () => {
  const none = hybridPlan({ layers: 2, heads: 4 }, [], local);
  assertEquals(amdahlBound(0, 100, none), 1);
  assertAlmostEquals(amdahlBound(1, 100, none), pairsSeen(dense, 100) / pairsSeen(local, 100));
  assertAlmostEquals(amdahlBound(0.5, 1e4, none), 2, 0.01);
});

Deno.test("a key-value head keeps everything if one of its query heads needs it", () => {
  const one = hybridPlan({ layers: 2, heads: 4 }, [{ layer: 0, head: 1 }], local);
  const { dense: all, sparse } = cacheCost(config, 100, one);
  const perPosition = 2 * 4 * 4;
  assertEquals(all, 2 * 2 * 100 * perPosition);
  assertEquals(sparse, (100 + 3 * 5) * perPosition); // one of four key-value heads in full
});
