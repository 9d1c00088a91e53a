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
  assertEquals([drop.estimate, pValue], [0, 1]);
  // Tango 1998: z^2 / (n + z^2)
  assertAlmostEquals(drop.high, 1.959963984540054 ** 2 / (50 + 1.959963984540054 ** 2), 1e-9);
  assertAlmostEquals(drop.low, -drop.high, 1e-9);
});

Deno.test("exact and two-sided: all of five samples lost or gained are two of 32 sign patterns", () => {
  const [ones, zeros] = [[1, 1, 1, 1, 1], [0, 0, 0, 0, 0]];
  assertAlmostEquals(ablationEffect(ones, zeros).pValue, 2 / 32);
  assertAlmostEquals(ablationEffect(zeros, ones).pValue, 2 / 32);
  assertAlmostEquals(ablationEffect([0.5, 1, 1, 1, 1], zeros).pValue, 2 / 32); // by sign flips
});

/** Draws whose damage varies: each is right with a probability of its own. */
function drawn(random: Random, samples: number): number[] {
  const probability = random.uniform(0.6, 1);
  return Array.from({ length: samples }, () => random.uniform() < probability ? 1 : 0);
}

Deno.test("an ablation that is one more draw: p over draws keeps its size, thinned draws too", () => {
  const random = new Random(11), baseline = Array(60).fill(1);
  for (const thinning of [1, 3]) {
    let low = 0;
    for (let repeat = 0; repeat < 200; repeat++) {
      const controls = Array.from(
        { length: 39 },
        (_, draw) => drawn(random, 60).map((right, i) => (i + draw) % thinning === 0 ? right : NaN),
      );
      const found = compareWithControls(baseline, drawn(random, 60), controls, { draws: 1 });
      if (found.pValueOverDraws <= 0.1) low++;
    }
    // on fewer samples draws vary more than the ablation, and the test errs on the safe side
    const least = thinning === 1 ? 8 : 0;
    assert(low >= least && low <= 34, `thinned by ${thinning}: ${low} of 200 at 10%`);
  }
});

Deno.test("the excess holds the truth where draws vary, and its p-value keeps its size", () => {
  const random = new Random(12), baseline = Array(60).fill(1);
  let held = 0, called = 0;
  const repeats = 100;
  for (let repeat = 0; repeat < repeats; repeat++) {
    const controls = Array.from({ length: 20 }, () => drawn(random, 60)); // 0.8 on average
    const ablated = answers(60, 0.8, repeat);
    const { excess, pValue } = compareWithControls(baseline, ablated, controls, {
      draws: 200,
      seed: repeat,
    });
    if (excess.low <= 0 && 0 <= excess.high) held++;
    if (pValue < 0.05) called++;
  }
  assert(held >= 0.9 * repeats, `holds ${held} of ${repeats}`);
  assert(called <= 0.1 * repeats, `${called} of ${repeats} called different`);
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

Deno.test("gains are seen: an ablation that is better than its controls differs from them, too", () => {
  const baseline = answers(80, 0.5, 1), ones = Array(80).fill(1);
  const controls = Array.from({ length: 20 }, (_, draw) => answers(80, 0.5, 10 + draw));
  const { excess, pValue, pValueOverDraws } = compareWithControls(baseline, ones, controls);
  assert(excess.high < -0.3 && pValue < 0.001);
  assertEquals(pValueOverDraws, 1);
  const { drop, pValue: gain } = ablationEffect(baseline, ones);
  assert(drop.high < -0.3 && gain < 0.001);
});

Deno.test("no interval of answers has width zero, also where all draws and all answers agree", () => {
  const ones = Array(150).fill(1), zeros = Array(150).fill(0);
  const controls = Array.from({ length: 30 }, () => ones);
  const same = compareWithControls(ones, ones, controls).excess;
  assertAlmostEquals(same.high, 0.02497, 1e-4); // Tango, no discordant pair of 150
  assertAlmostEquals(same.low, -0.02497, 1e-4);
  const all = compareWithControls(ones, zeros, controls);
  assert(all.excess.low > 0.93 && all.excess.low < 0.99 && all.excess.high === 1);
  assert(all.pValue < 1e-9);
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
  assertThrows(() => compareWithControls([1], [0], [[NaN]]), Error, "run on no sample");
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
