import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import type { PlannedAblation } from "../../lib/experiments/ablation_plan.ts";
import {
  ablationResults,
  type AblationTable,
  headEffects,
} from "../../lib/experiments/ablation_results.ts";
import { doseResponse } from "../../lib/figures/result_curves.ts";
import { meanScores } from "../../lib/heads/head_scores.ts";
import { Random } from "../../lib/stats/random.ts";

const heads = [{ layer: 0, head: 1 }];
const plan: PlannedAblation[] = [
  { condition: "none", fraction: 0, draw: 0, heads: [] },
  { condition: "core", fraction: 0.25, draw: 0, heads },
  { condition: "random", fraction: 0.25, draw: 0, heads: [{ layer: 1, head: 0 }] },
  { condition: "random", fraction: 0.25, draw: 1, heads: [{ layer: 1, head: 1 }] },
  { condition: "bottom", fraction: 0.25, draw: 0, heads: [{ layer: 0, head: 0 }] },
];

/** Samples on which sets of heads cost what they should. */
function table(
  samples: number,
  costs: readonly number[],
  domains = ["scene", "page"],
): AblationTable {
  const random = new Random(1);
  const cells = Array.from({ length: samples * costs.length }, (_, i) => costs[i % costs.length]);
  return {
    plan,
    sampleIds: Array.from({ length: samples }, (_, i) => `s${i}`),
    domains: Array.from({ length: samples }, (_, i) => domains[i % domains.length]),
    correct: Uint8Array.from(cells, (cost) => random.uniform() < 0.95 - cost ? 1 : 0),
    logProb: Float32Array.from(cells, (cost) => -0.5 - 4 * cost - 0.2 * random.uniform()),
  };
}

Deno.test("rows: every set by metric, over all samples and by domain; values are the means", () => {
  const own = table(60, [0, 0.5, 0, 0, 0]);
  const results = ablationResults(own, { draws: 200 });
  assertEquals(results.length, 2 * 3 * plan.length);
  const row = (condition: string, domain: string, metric: string) =>
    results.find((r) => r.condition === condition && r.domain === domain && r.metric === metric)!;
  for (const domain of ["all", "scene", "page"]) {
    const core = row("core", domain, "accuracy"), none = row("none", domain, "accuracy");
    const rows = own.sampleIds.flatMap((_, i) =>
      domain === "all" || own.domains[i] === domain ? [i] : []
    );
    const mean = rows.reduce((sum, i) => sum + own.correct[i * 5 + 1], 0) / rows.length;
    assertAlmostEquals(core.value, mean, 1e-12);
    assertAlmostEquals(core.dropFromBaseline, none.value - core.value, 1e-12);
    assertEquals(core.samples, rows.length);
    assert(core.ci95[0] <= core.value && core.value <= core.ci95[1]);
    assert(core.dropCi95[0] > 0 && core.pValue < 0.01);
    assertEquals([none.dropFromBaseline, none.pValue, none.heads], [0, 1, []]);
  }
  assertEquals(row("core", "all", "accuracy").heads, [[0, 1]]);
});

Deno.test("core is compared with each kind of control of its size, and with no other row", () => {
  const results = ablationResults(table(80, [0, 0.5, 0, 0, 0]), { draws: 200 });
  for (const { condition, againstControls } of results) {
    if (condition !== "core") {
      assertEquals(againstControls, undefined);
      continue;
    }
    assertEquals(Object.keys(againstControls!), ["bottom", "random"]);
    for (const { excess, ci95 } of Object.values(againstControls!)) {
      assert(excess > 0 && ci95[0] > 0);
    }
    const { bottom, random } = againstControls!;
    assert(bottom.pValue < 0.01);
    assert(random.pValue > 0.01); // two draws tell little about draws
    assertEquals([random.draws, random.pValueOverDraws], [2, 1 / 3]);
    assert(random.range[0] <= random.value && random.value <= random.range[1]);
  }
});

Deno.test("where core costs what controls cost, the comparison says so", () => {
  const [, core] = ablationResults(table(80, [0, 0.2, 0.2, 0.2, 0.2]), { draws: 200 });
  assert(Object.values(core.againstControls!).every(({ pValue }) => pValue > 0.01));
});

Deno.test("one domain gives one set of rows; figures draw them", () => {
  const results = ablationResults(table(30, [0, 0.5, 0, 0, 0], ["scene"]), { draws: 100 });
  assertEquals([...new Set(results.map(({ domain }) => domain))], ["all"]);
  const figure = doseResponse(results, { metric: "accuracy" });
  assert(figure.data.length >= 3);
  const named = { ...results[1], condition: "set", set: "a" }; // a named set is no dose
  assertEquals(doseResponse([...results, named], { metric: "accuracy" }), figure);
});

Deno.test("effects of single heads are losses of log-probability, by sample and head", () => {
  const grid = { layers: 2, heads: 2 };
  const singles: PlannedAblation[] = [0, 1, 2, 3].map((i) => ({
    condition: "head",
    fraction: 0.25,
    draw: i,
    heads: [{ layer: i >> 1, head: i & 1 }],
  }));
  const own: AblationTable = {
    plan: [plan[0], ...singles],
    sampleIds: ["a", "b"],
    domains: ["scene", "page"],
    correct: new Uint8Array(10),
    logProb: Float32Array.of(-1, -1, -3, -1.5, -1, -2, -2, -5, -2, -2),
  };
  const effects = headEffects(own, grid);
  assertEquals([effects.rule, effects.sampleIds, effects.shape], ["effect", ["a", "b"], [2, 2, 2]]);
  assertEquals([...effects.data], [0, 2, 0.5, 0, 0, 3, 0, 0]);
  assertEquals([...meanScores(effects)], [0, 2.5, 0.25, 0]);
  assertThrows(
    () => headEffects(table(3, [0, 0, 0, 0, 0]), grid),
    Error,
    'wanted the condition "head"',
  );
  const rows = ablationResults({ ...own, domains: ["scene", "page"] }, { draws: 50 });
  assertEquals(rows.filter(({ condition }) => condition === "head").length, 2 * 4);
});

Deno.test("no samples, or no baseline, is an error", () => {
  const own = table(3, [0, 0, 0, 0, 0]);
  const none = {
    ...own,
    sampleIds: [],
    domains: [],
    correct: new Uint8Array(0),
    logProb: new Float32Array(0),
  };
  assertThrows(() => ablationResults(none), Error, "0 samples");
  assertThrows(() => ablationResults({ ...own, plan: plan.slice(1) }), Error, "without a baseline");
});

Deno.test("published scores are metrics of their own, over the samples that have them", () => {
  const own = table(40, [0, 0.5, 0, 0, 0]);
  const scores = Float32Array.from(own.correct, (right, cell) => {
    const row = Math.floor(cell / plan.length);
    return row % 2 === 0 ? right / 2 : NaN; // only samples of the domain "scene" have it
  });
  const results = ablationResults({ ...own, scores: { similarity: scores } }, { draws: 100 })
    .filter(({ metric }) => metric === "similarity");
  assertEquals(new Set(results.map(({ domain }) => domain)), new Set(["all", "scene"]));
  const [none, core] = results;
  assertEquals([none.samples, core.condition], [20, "core"]);
  const right = own.sampleIds.map((_, i) => own.correct[i * 5 + 1]).filter((_, i) => i % 2 === 0);
  assertAlmostEquals(core.value, right.reduce((a, b) => a + b, 0) / 20 / 2, 1e-7);
  assertAlmostEquals(core.dropFromBaseline, none.value - core.value, 1e-7);
});

/** A plan with many draws of random heads of 40, and the table of what they cost. */
function manyDraws(samples: number, cost: (heads: readonly number[]) => number) {
  const random = new Random(7);
  const sets = Array.from({ length: 60 }, () => [...random.choice(40, 3)]);
  const idOf = (head: number) => ({ layer: Math.floor(head / 8), head: head % 8 });
  const own: PlannedAblation[] = [
    plan[0],
    { condition: "core", fraction: 0.075, draw: 0, heads: [37, 38, 39].map(idOf) },
    ...sets.map((heads, draw): PlannedAblation => ({
      ...{ condition: "random", fraction: 0.075, draw, heads: heads.map(idOf) },
    })),
  ];
  const costs = [0, 0.4, ...sets.map(cost)];
  const cells = Array.from({ length: samples * own.length }, (_, i) => costs[i % own.length]);
  const correct = Uint8Array.from(cells, (cost) => random.uniform() < 0.6 - cost ? 1 : 0);
  return {
    plan: own,
    sampleIds: Array.from({ length: samples }, (_, i) => `s${i}`),
    domains: Array.from({ length: samples }, (_, i) => ["scene", "page"][i % 2]),
    correct,
    logProb: Float32Array.from(correct, (right) => right - 1.5),
  };
}

Deno.test("draws that raise accuracy are counted, and the head that they share is named", () => {
  const gained = manyDraws(120, (heads) => heads.includes(11) ? -0.35 : 0);
  const results = ablationResults(gained, { draws: 100 });
  const core = results.find(({ condition, domain, metric }) =>
    condition === "core" && domain === "all" && metric === "accuracy"
  )!;
  const { raising, lowering } = core.againstControls!["random"];
  const with11 =
    gained.plan.filter(({ condition, heads }) =>
      condition === "random" && heads.some(({ layer, head }) => layer === 1 && head === 3)
    ).length;
  assert(raising!.surely >= 0.9 * with11 && raising!.surely <= with11 + 3);
  assertEquals(lowering!.heads, []);
  assert(raising!.draws > with11); // others do by chance
  assertEquals(raising!.heads[0].head, [1, 3]);
  assert(raising!.heads[0].among > 1.5 * raising!.heads[0].expected);
});

Deno.test("of many draws each has a row where accuracy is told over all samples, one stands for all elsewhere", () => {
  const results = ablationResults(manyDraws(40, () => 0), { draws: 50 });
  const rows = (metric: string, domain: string) =>
    results.filter((row) =>
      row.condition === "random" && row.metric === metric && row.domain === domain
    );
  assertEquals(rows("accuracy", "all").length, 60);
  for (const [metric, domain] of [["accuracy", "page"], ["log-probability", "all"]]) {
    const [row, ...others] = rows(metric, domain);
    assertEquals([others.length, row.draws, row.heads], [0, 60, []]);
  }
  const each = rows("accuracy", "all").map(({ value }) => value);
  const core = results.find(({ condition }) => condition === "core")!;
  const { value, range } = core.againstControls!["random"];
  assertAlmostEquals(value, each.reduce((a, b) => a + b) / 60, 1e-9);
  assertEquals(range, [Math.min(...each), Math.max(...each)]);
});

Deno.test("p-values are corrected for all that the table tests: controls, domains and metrics", () => {
  const results = ablationResults(manyDraws(40, () => 0), { draws: 50 });
  const all = results.flatMap(({ againstControls = {} }) => Object.values(againstControls));
  assertEquals(all.length, 2 * 3); // one control, two metrics, all samples and two domains
  const least = all.reduce((a, b) => a.pValueAlone < b.pValueAlone ? a : b);
  assertAlmostEquals(least.pValue, Math.min(1, 6 * least.pValueAlone), 1e-12);
  for (const one of all) {
    assert(one.pValue >= one.pValueAlone);
    assert(one.pValueOverDrawsCorrected! >= one.pValueOverDraws);
  }
});

Deno.test("draws that were run on some samples are told on these; nothing is made up for the rest", () => {
  const own = manyDraws(60, () => 0), sets = own.plan.length;
  const logProb = own.logProb.map((value, cell) => {
    const set = cell % sets, row = Math.floor(cell / sets);
    return set > 1 && (set + row) % 5 !== 0 ? NaN : value;
  });
  const results = ablationResults({ ...own, logProb }, { draws: 50 });
  assert(results.every(({ value }) => Number.isFinite(value)));
  const draw = results.find(({ condition }) => condition === "random")!;
  assertEquals(draw.samples, 12);
  const right = [...Array(60).keys()].filter((row) => (2 + row) % 5 === 0)
    .map((row) => own.correct[row * sets + 2]);
  assertAlmostEquals(draw.value, right.reduce((a, b) => a + b) / 12, 1e-12);
});
