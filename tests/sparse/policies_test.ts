import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Random } from "../../lib/stats/random.ts";
import {
  fullHeads,
  type PolicyName,
  policyNames,
  policyTitles,
} from "../../lib/sparse/policies.ts";

const grid = { layers: 4, heads: 6 };
const input = (count: number, seed: number) => {
  const random = new Random(seed);
  return {
    grid,
    group: 2,
    scores: Array.from({ length: 24 }, () => random.uniform()),
    count,
    seed,
  };
};
const key = ({ layer, head }: { layer: number; head: number }) => layer * 6 + head;

/** Heads that a policy can keep of a budget: whole groups, whole layers, none, or all of it. */
const fits = (policy: PolicyName, count: number) =>
  policy === "core-groups"
    ? 2 * Math.floor(count / 2)
    : policy === "layers"
    ? 6 * Math.floor(count / 6)
    : policy === "local"
    ? 0
    : count;

Deno.test("each policy keeps as many heads as asked, or as many whole groups as fit, each once", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 12 }), fc.nat(), (count, seed) => {
    for (const policy of policyNames) {
      const heads = fullHeads(policy, input(count, seed)).map(key);
      assertEquals(new Set(heads).size, heads.length);
      assertEquals(heads.length, fits(policy, count), policy);
      assertEquals(fullHeads(policy, input(count, seed)).map(key), heads); // the same seed
      assert(policyTitles[policy].length > 0);
    }
  }));
});

Deno.test("core and bottom are the ends of the ranking; controls leave the core out", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 12 }), fc.nat(), (count, seed) => {
    const given = input(count, seed);
    const core = new Set(fullHeads("core", given).map(key));
    const least = Math.min(...[...core].map((i) => given.scores[i]));
    given.scores.forEach((score, i) => assert(core.has(i) || score <= least));
    const bottom = new Set(fullHeads("bottom", given).map(key));
    const most = Math.max(...[...bottom].map((i) => given.scores[i]));
    given.scores.forEach((score, i) => assert(bottom.has(i) || score >= most));
    for (const control of ["random", "layer-matched"] as const) {
      for (const head of fullHeads(control, given)) assert(!core.has(key(head)));
    }
  }));
});

Deno.test("groups and layers are never cut", () => {
  for (const count of [6, 7, 12, 17]) {
    const groups = fullHeads("core-groups", input(count, 3)).map(key);
    assertEquals(new Set(groups.map((i) => i >> 1)).size, Math.floor(count / 2));
    const layers = fullHeads("layers", input(count, 3));
    assertEquals(new Set(layers.map(({ layer }) => layer)).size, Math.floor(count / 6));
  }
});

Deno.test("a budget beyond the heads is an error", () => {
  assertThrows(() => fullHeads("core", input(25, 0)), Error, "the count must be 0 to 24");
});
