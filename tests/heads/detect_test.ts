import { assert, assertEquals, assertThrows } from "@std/assert";
import { detectHeads } from "../../lib/heads/detect.ts";
import { headScores } from "../../lib/heads/head_scores.ts";
import { Random } from "../../lib/stats/random.ts";

/** Normal scores with given means. */
function scores(means: readonly number[], samples: number, deviation: number, seed: number) {
  const random = new Random(seed);
  return headScores(
    "contrast",
    { layers: 1, heads: means.length },
    Array.from({ length: samples }, (_, i) => ({
      id: `s${i}`,
      domain: "scene",
      map: Float32Array.from(means, (mean) => random.normal(mean, deviation)),
    })),
  );
}

Deno.test("heads well above the minimum are named, best first, others are not", () => {
  const means = [0.02, 0.5, 0.05, 0.3, 0];
  const { heads, lower, width } = detectHeads(scores(means, 40, 0.1, 1));
  assertEquals(heads, [{ layer: 0, head: 1 }, { layer: 0, head: 3 }]);
  assert(width > 0 && lower[1] < 0.5 && lower[1] > 0.4);
});

Deno.test("with all means at the minimum, a head is rarely named, however many there are", () => {
  let wrong = 0;
  for (let seed = 0; seed < 60; seed++) {
    const found = detectHeads(scores(Array(50).fill(0.1), 30, 0.1, seed), {
      level: 0.9,
      draws: 300,
    });
    if (found.heads.length > 0) wrong++;
  }
  // 6 expected; bootstrap bounds on 30 samples are a little short
  assert(wrong <= 16, `${wrong} of 60 data sets named a head`);
});

Deno.test("scores that do not vary are compared as they are", () => {
  const constant = scores([0.1, 0.2, 0], 5, 0, 0);
  assertEquals(detectHeads(constant, { minimum: 0.15 }).heads, [{ layer: 0, head: 1 }]);
});

Deno.test("the same seed gives the same outcome; impossible options are errors", () => {
  const some = scores([0.2, 0.3], 10, 0.1, 3);
  assertEquals(detectHeads(some, { seed: 4 }), detectHeads(some, { seed: 4 }));
  assertThrows(() => detectHeads(some, { level: 1 }), Error, "level must be in (0, 1)");
  assertThrows(() => detectHeads(scores([1], 1, 0, 0)), Error, "on 1 sample: at least 2");
});

Deno.test("one sample of each domain says as little as so many samples of one domain", () => {
  const maps = [0.05, 0.3, 0.2, 0.4, 0.1].map((value) => Float32Array.of(value, 0));
  const rows = (domain: (i: number) => string) =>
    headScores(
      "contrast",
      { layers: 1, heads: 2 },
      maps.map((map, i) => ({ id: `${i}`, domain: domain(i), map })),
    );
  const [each, one] = [rows((i) => `d${i}`), rows(() => "d")].map((scores) => detectHeads(scores));
  assertEquals(each, one);
  assert(each.width > 1);
});
