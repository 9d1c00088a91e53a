import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ablationPlan, conditionNames, controlNames } from "../../lib/experiments/ablation_plan.ts";
import { bottomHeads, topHeads } from "../../lib/heads/select.ts";
import { tieAtEnd } from "../../lib/heads/ties.ts";
import { type HeadId, headIndex, headName } from "../../lib/common/head_id.ts";

const grid = { layers: 4, heads: 8 };
const map = Float64Array.from({ length: 32 }, (_, i) => (i * 11) % 32);
const matched = Float64Array.from({ length: 32 }, (_, i) => (i * 5) % 32);

Deno.test("the baseline is first; every set has as many heads as its core, controls none of them", () => {
  const plan = ablationPlan(map, { context: matched, induction: matched }, grid, { draws: 3 });
  assertEquals([plan[0].condition, plan[0].heads], ["none", []]);
  for (const { condition, fraction, heads } of plan.slice(1)) {
    const core = plan.find((own) => own.condition === "core" && own.fraction === fraction)!;
    assertEquals(heads.length, core.heads.length);
    if (condition === "core") continue;
    const names = new Set(core.heads.map(headName));
    assert(heads.every((head) => !names.has(headName(head))), `${condition} at ${fraction}`);
  }
});

Deno.test("core has the highest scores; 1 and 2 percent of 32 heads are both one head, planned once", () => {
  const plan = ablationPlan(map, { context: matched, induction: matched }, grid, {
    conditions: ["core"],
  });
  assertEquals(plan.map(({ fraction, heads }) => [fraction, heads.length]), [
    [0, 0],
    [0.01, 1],
    [0.05, 2],
    [0.1, 3],
    [0.2, 6],
    [0.5, 16],
  ]);
  for (const { heads } of plan.slice(1)) {
    const least = Math.min(...heads.map((head) => map[headIndex(head, 8)]));
    assertEquals(map.filter((score) => score > least).length, heads.length - 1);
  }
});

Deno.test("draws differ, seeds differ, and the same seed draws the same", () => {
  const of = (seed: number) =>
    ablationPlan(map, { context: matched, induction: matched }, grid, {
      fractions: [0.2],
      draws: 4,
      seed,
    });
  assertEquals(of(1), of(1));
  assert(JSON.stringify(of(1)) !== JSON.stringify(of(2)));
  for (const name of ["random", "layer-matched", "score-matched", "induction-matched"]) {
    const draws = of(1).filter(({ condition }) => condition === name);
    assertEquals(draws.map(({ draw }) => draw), [0, 1, 2, 3]);
    assertEquals(new Set(draws.map(({ heads }) => String(heads.map(headName)))).size, 4);
  }
});

Deno.test("with half of the heads there is one set of others, with more there are no controls", () => {
  const plan = ablationPlan(map, { context: matched, induction: matched }, grid, {
    fractions: [0.5, 0.8],
  });
  const conditions = (fraction: number) =>
    plan.filter((own) => own.fraction === fraction).map(({ condition }) => condition);
  assertEquals(conditions(0.5), [
    ...["core", "bottom", "random", "score-matched", "induction-matched"],
  ]);
  assertEquals(conditions(0.8), ["core"]);
});

Deno.test("controls that cannot be matched are left out, and said to be", () => {
  // the best quarter fills layer 3, and nothing else scores as high in what is matched
  const top = Float64Array.from({ length: 32 }, (_, i) => i);
  const alike = top.map((score) => score < 24 ? 0 : 1);
  const notices: string[] = [];
  const plan = ablationPlan(top, { context: alike, induction: alike }, grid, {
    fractions: [0.05, 0.25],
    draws: 2,
    onNotice: (text) => notices.push(text),
  });
  const at = (fraction: number) =>
    new Set(plan.filter((set) => set.fraction === fraction).map(({ condition }) => condition));
  assertEquals([...at(0.05)], ["core", ...controlNames]);
  assertEquals([...at(0.25)], ["core", "bottom", "random"]);
  assertEquals(notices, [
    "left out: layer-matched controls at 25%; no such heads are left",
    "left out: score-matched controls at 25%; no such heads are left",
    "left out: induction-matched controls at 25%; no such heads are left",
  ]);
});

Deno.test("sets that end among heads with equal scores are told", () => {
  // as scores of retrieval are: few heads have any
  const few = Float64Array.from({ length: 32 }, (_, i) => i < 28 ? 0 : i - 27); // 4 heads of layer 3
  const noticesOf = (map: Float64Array, fractions: number[]) => {
    const notices: string[] = [];
    const conditions = ["core", "keep", "bottom"] as const;
    ablationPlan(map, {}, grid, {
      conditions,
      fractions,
      onNotice: (text) => notices.push(text),
    });
    return notices;
  };
  const start = "note: heads with equal scores, of which those of lower layers were taken: ";
  assertEquals(noticesOf(few, [0.125, 0.25]), [
    `${start}bottom at 12.5% (4 of 28 with score 0), 25% (8 of 28 with score 0)`,
    `${start}core at 25% (4 of 28 with score 0)`,
    `${start}keep at 25% (4 of 28 with score 0)`,
  ]);
  assertEquals(noticesOf(Float64Array.from(few, (_, i) => i), [0.125, 0.25, 0.5, 1]), []);
  assertEquals(noticesOf(new Float64Array(32), [1]), []); // all are taken
});

Deno.test("a tie at the end is one that another order would choose otherwise", () => {
  const scores = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 32, maxLength: 32 });
  fc.assert(fc.property(scores, fc.integer({ min: 1, max: 32 }), (score, count) => {
    const turned = [...score].reverse();
    for (const choose of [topHeads, bottomHeads]) {
      const places = choose(score, grid, { count }).map(({ layer, head }) => 8 * layer + head);
      const others = choose(turned, grid, { count }).map(({ layer, head }) =>
        31 - 8 * layer - head
      );
      const differ = places.toSorted().join() !== others.toSorted().join();
      const chosen = choose(score, grid, { count });
      assertEquals(tieAtEnd(score, grid, chosen) !== null, differ);
    }
  }));
});

Deno.test("every matched control that is planned is matched", () => {
  const scores = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
    minLength: 32,
    maxLength: 32,
  });
  fc.assert(fc.property(scores, scores, fc.nat(99), (score, alike, seed) => {
    const plan = ablationPlan(score, { context: alike, induction: alike }, grid, {
      seed,
      draws: 2,
    });
    const perLayer = (heads: readonly HeadId[]) =>
      [0, 1, 2, 3].map((l) => heads.filter(({ layer }) => layer === l).length);
    const meanOf = (heads: readonly HeadId[]) =>
      heads.reduce((sum, head) => sum + alike[headIndex(head, 8)], 0) / heads.length;
    const all = alike.reduce((a, b) => a + b) / 32;
    const spread = Math.sqrt(alike.reduce((sum, x) => sum + (x - all) ** 2, 0) / 32);
    for (const { heads: core, fraction } of plan.filter(({ condition }) => condition === "core")) {
      const own = (name: string) =>
        plan.filter((set) => set.fraction === fraction && set.condition === name);
      for (const { heads } of own("layer-matched")) assertEquals(perLayer(heads), perLayer(core));
      const gaps = own("score-matched").map(({ heads }) => Math.abs(meanOf(heads) - meanOf(core)));
      const mean = gaps.reduce((a, b) => a + b, 0) / Math.max(1, gaps.length);
      assert(mean <= 0.25 * spread + 1e-12, `${gaps}`);
    }
  }));
});

Deno.test("keep, layer and head: all others, whole layers, each head by itself", () => {
  const plan = ablationPlan(map, { context: matched, induction: matched }, grid, {
    conditions: ["core", "keep", "layer", "head"],
    fractions: [0.1],
  });
  const of = (name: string) => plan.filter(({ condition }) => condition === name);
  const both = [...of("core")[0].heads, ...of("keep")[0].heads].map(headName);
  assertEquals(new Set(both).size, 32);
  assertEquals(
    of("layer").map(({ draw, heads }) => [draw, heads.length]),
    [0, 1, 2, 3].map((l) => [l, 8]),
  );
  assert(of("layer").every(({ draw, heads }) => heads.every(({ layer }) => layer === draw)));
  assertEquals(of("head").map(({ heads }) => headIndex(heads[0], 8)), [...map.keys()]);
});

Deno.test("named sets have drawn controls of their size, and none of their heads", () => {
  const heads = [{ layer: 2, head: 1 }, { layer: 0, head: 7 }];
  const plan = ablationPlan(map, matched, grid, {
    ...{
      conditions: ["random", "layer-matched"],
      fractions: [],
      draws: 30,
      sets: { a: heads, b: [] },
    },
  });
  const own = plan.filter(({ set }) => set === "a");
  assertEquals(own[0].heads, [heads[1], heads[0]]);
  assert(own.filter(({ condition }) => condition === "random").length > 25);
  const layered = own.filter(({ condition }) => condition === "layer-matched");
  assert(layered.length > 15 && layered.length <= 30); // of 49 there are, some come twice
  for (const { heads: drawn } of own.slice(1)) {
    assert(
      drawn.length === 2 && !drawn.some((one) => heads.some((h) => headName(h) === headName(one))),
    );
  }
  assertEquals(plan.length, 1 + own.length); // an empty set is not planned
});

Deno.test("draws do not repeat: few heads have few controls", () => {
  const plan = ablationPlan(map, matched, grid, { fractions: [1 / 32], draws: 200 });
  const of = (name: string) => plan.filter(({ condition }) => condition === name);
  assertEquals(of("random").length, 31);
  assertEquals(of("layer-matched").length, 7);
  assertEquals(of("score-matched").length, 3);
});

Deno.test("impossible plans are errors", () => {
  const wrong = (options: Parameters<typeof ablationPlan>[3], message: string) =>
    assertThrows(
      () => ablationPlan(map, { context: matched, induction: matched }, grid, options),
      Error,
      message,
    );
  wrong({ conditions: ["cores" as "core"] }, 'condition "cores". Nearest: core');
  wrong({ fractions: [0] }, "fraction must be above 0");
  wrong({ fractions: [1.5] }, "fraction must be above 0, at most 1");
  wrong({ draws: 0 }, "Cannot draw controls 0 times");
  assertEquals(new Set(conditionNames).size, conditionNames.length);
  wrong({ sets: { "a": [{ layer: 9, head: 0 }] } }, "head L9H0");
});
