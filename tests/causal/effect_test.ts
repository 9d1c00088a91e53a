import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  ablationEffect,
  compareWithControls,
  correctedPValues,
  effectCorrelation,
} from "../../lib/causal/effect.ts";
import type { HeadScores } from "../../lib/heads/head_scores.ts";
import { Random } from "../../lib/stats/random.ts";

/** Right answers of a model that is right with some probability. */
function answers(count: number, probability: number, seed: number): number[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => random.uniform() < probability ? 1 : 0);
}

Deno.test("a drop is paired by sample: its interval holds it, its p-value is small", () => {
  const baseline = answers(100, 0.9, 1);
  const ablated = baseline.map((right, i) => i % 3 === 0 ? 0 : right);
  const effect = ablationEffect(baseline, ablated, { seed: 2 });
  assertAlmostEquals(effect.drop.estimate, effect.baseline - effect.value, 1e-12);
  assert(effect.drop.low > 0.15 && effect.drop.high < 0.45);
  assert(effect.pValue < 0.001);
  assertEquals(ablationEffect(baseline, ablated, { seed: 2 }), effect);
});

Deno.test("an ablation that changes nothing drops nothing, with p-value 1", () => {
  const baseline = answers(50, 0.7, 3);
  const { drop, pValue } = ablationEffect(baseline, baseline);
  assertEquals([drop.estimate, drop.low, drop.high, pValue], [0, 0, 0, 1]);
});

Deno.test("an exact p-value: all of five samples lost is one of 32 sign patterns", () => {
  assertEquals(ablationEffect([1, 1, 1, 1, 1], [0, 0, 0, 0, 0]).pValue, 1 / 32);
});

Deno.test("ablations like their controls are rarely called worse", () => {
  let called = 0;
  for (let seed = 0; seed < 60; seed++) {
    const baseline = Array(60).fill(1);
    const control = () => answers(60, 0.8, seed * 100 + ++draw);
    let draw = 0;
    const comparison = compareWithControls(baseline, control(), [control(), control(), control()], {
      draws: 50,
    });
    if (comparison.pValue < 0.05) called++;
  }
  assert(called <= 8, `${called} of 60 called worse`);
});

Deno.test("an ablation beyond its controls is, over samples and over draws", () => {
  const baseline = Array(80).fill(1);
  const controls = Array.from({ length: 19 }, (_, draw) => answers(80, 0.95, draw));
  const found = compareWithControls(baseline, answers(80, 0.3, 99), controls);
  assert(found.excess.low > 0.5 && found.pValue < 0.001);
  assertEquals(found.pValueOverDraws, 1 / 20);
  assertEquals(found.controlDrops.length, 19);
  const mean = found.controlDrops.reduce((a, b) => a + b, 0) / 19;
  assertAlmostEquals(mean, 0.05, 0.03);
});

Deno.test("Holm's correction by name", () => {
  assertEquals(correctedPValues({ a: 0.01, b: 0.04, c: 0.03 }), { a: 0.03, b: 0.06, c: 0.06 });
});

Deno.test("scores that order heads as their effects do correlate fully, unrelated ones do not", () => {
  const random = new Random(4);
  const truth = Array.from({ length: 30 }, () => random.uniform());
  const noisy = (map: readonly number[]) =>
    Array.from({ length: 40 }, () => map.map((value) => value + random.normal(0, 0.3)));
  const same = effectCorrelation(noisy(truth), noisy(truth.map((x) => 2 * x)), { draws: 200 });
  assert(same.spearman.estimate > 0.8 && same.spearman.low > 0.5 && same.pValue < 0.001);
  const shuffled = random.shuffle([...truth]);
  const none = effectCorrelation(noisy(truth), noisy(shuffled), { draws: 200 });
  assert(Math.abs(none.spearman.estimate) < 0.5 && none.pValue > 0.01);
});

Deno.test("lists that do not fit are errors", () => {
  assertThrows(() => ablationEffect([1, 0], [1]), Error, "Cannot pair");
  assertThrows(() => compareWithControls([1, 1], [0, 0], []), Error, "0 draws of controls");
  assertThrows(() => compareWithControls([1, 1], [0, 0], [[1]]), Error, "with 1 of a control");
  assertThrows(() => effectCorrelation([[1, 2]], []), Error, "wanted the same samples and heads");
  assertThrows(() => effectCorrelation([[1, 2]], [[1]]), Error, "the same samples and heads");
});

Deno.test("tables of head scores correlate as their rows do", () => {
  const rows = [[0, 1, 2, 3], [1, 0, 2, 4]], effects = [[1, 0, 2, 3], [0, 1, 2, 5]];
  const tableOf = (values: number[][]): HeadScores => ({
    rule: "ram",
    sampleIds: ["a", "b"],
    domains: ["scene", "scene"],
    shape: [2, 2, 2],
    data: Float32Array.from(values.flat()),
  });
  assertEquals(
    effectCorrelation(tableOf(rows), tableOf(effects), { draws: 20 }),
    effectCorrelation(rows, effects, { draws: 20 }),
  );
});
