import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { AttentionProfile } from "../../lib/heads/attention_profile.ts";
import { retrievalAttentionMass } from "../../lib/heads/retrieval_attention_mass.ts";
import { type HeadSample, sampleTokens } from "../../lib/heads/scored_sample.ts";
import { ruleNamed, rulesFor, scoringRule, scoringRules } from "../../lib/heads/scoring_rules.ts";
import { scoreSample, scoresOfProfile } from "../../lib/heads/score_sample.ts";
import { goldenModel, testKernels } from "../suites/golden.ts";
import { goldenSample } from "../suites/golden_samples.ts";
import { assertNear } from "../suites/near.ts";

/** A prompt of 8 tokens: first, image of 4, question of 2, end; evidence is the second cell. */
const sample: HeadSample = {
  id: "s1",
  domain: "scene",
  inputs: {
    inputIds: new Int32Array(8),
    positionIds: new Int32Array(8),
    nextPosition: 8,
    media: {},
  },
  spans: { system: [], visual: [[1, 5]], evidence: [[2, 4]], question: [[5, 7]], answer: [] },
  grids: [{
    kind: "image",
    media: 0,
    size: [4, 1],
    frames: [],
    rows: 1,
    columns: 4,
    newline: "none",
    region: [0, 0, 4, 1],
    start: 1,
  }],
  nullQuery: Int32Array.of(0),
  unrelatedQuestion: Int32Array.of(0),
  foilSpans: [[1, 2], [3, 5]],
};

/** Two heads: one looks things up, one rests on the first token. */
const profile: AttentionProfile = {
  shape: [1, 2, 8],
  tokens: sampleTokens(sample),
  question: Float32Array.of(0.125, 0, 0.5, 0.25, 0.125, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0),
  lastQuestion: Float32Array.of(0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0),
  promptEnd: Float32Array.of(0.5, 0, 0, 0.25, 0, 0, 0, 0.25, 1, 0, 0, 0, 0, 0, 0, 0),
  nullQuery: Float32Array.of(0.5, 0.25, 0.25, 0, 0, 1, 0, 0, 0, 0),
  unrelatedQuestion: Float32Array.of(0.875, 0, 0, 0.125, 0, 1, 0, 0, 0, 0),
  argMax: Int32Array.of(0, 2, 0, 0),
  contextArgMax: Int32Array.of(3, 2, 1, 1),
};

Deno.test("every rule on two heads, by hand", () => {
  const expected: Record<string, [number, number]> = {
    "ram": [0.75, 0],
    "calibrated": [0.5, 0],
    "null-ram": [0.25, 0],
    "selectivity": [0.75 / 0.875, 0.5], // the second head looks at neither: chance
    "selectivity-chance": [0.5, 0.5], // two tokens of evidence, two others
    "unrelated-ram": [0.125, 0],
    "last-token": [1, 0],
    "prompt-end": [0.25, 0],
    "context-mass": [0.875, 0],
    "context-share": [0.75 / 0.875, 0],
    "per-token": [0.375, 0],
    "argmax-hit": [0.5, 0],
    "context-argmax-hit": [1, 0],
    "spatial-entropy": [0.875, 0], // one region
  };
  assertEquals(scoringRules.map(({ name }) => name), Object.keys(expected));
  const maps = scoresOfProfile(profile, sample, scoringRules);
  scoringRules.forEach(({ name }, i) => {
    assertAlmostEquals(maps[i][0], expected[name][0], 1e-6, name);
    assertAlmostEquals(maps[i][1], expected[name][1], 1e-6, name);
  });
});

Deno.test("a user's rule is one function, and is told which head it sees", () => {
  const rule = scoringRule("mine", "Attention on the first token.", ({ question, id }) => {
    assertEquals(id.layer, 0);
    return question[0] + 10 * id.head;
  });
  assertEquals([...scoresOfProfile(profile, sample, [rule])[0]], [0.125, 11]);
});

Deno.test("a rule that gives no number is an error with sample, rule and head", () => {
  const rule = scoringRule("mine", "Divides by zero.", ({ question }) => 0 / question[1]);
  assertThrows(
    () => scoresOfProfile(profile, sample, [rule]),
    Error,
    'Cannot score sample "s1": rule "mine" gives NaN for head L0H0, wanted a finite number',
  );
});

Deno.test("rules are found by name; a misspelt one is an error with the nearest", () => {
  assertEquals(ruleNamed("per-token").name, "per-token");
  assertThrows(() => ruleNamed("argmaxhit"), Error, "Nearest: argmax-hit");
});

Deno.test("a sample is scored by the rules for which it has everything", async () => {
  const { id, domain, inputs, spans } = sample, without = { id, domain, inputs, spans };
  const names = rulesFor(without).map(({ name }) => name);
  assertEquals(
    scoringRules.map(({ name }) => name).filter((name) => !names.includes(name)),
    [
      ...["calibrated", "null-ram", "selectivity", "selectivity-chance", "unrelated-ram"],
      "spatial-entropy",
    ],
  );
  assertEquals(rulesFor(sample).length, scoringRules.length);

  const model = await goldenModel("qwen3_vl", await testKernels());
  await assertRejects(
    () => scoreSample(model, without, [ruleNamed("contrast")]),
    Error,
    'Cannot score sample "s1" by rule "calibrated": it has no null query',
  );
  await assertRejects(
    () => scoreSample(model, without, [ruleNamed("spatial-entropy")]),
    Error,
    "it has no grids of visual tokens",
  );
  model.dispose();
});

Deno.test("one pass for all rules gives the same RAM as a pass of its own", async () => {
  const model = await goldenModel("qwen3_vl", await testKernels());
  const golden = await goldenSample("qwen3_vl", "two_images");
  const maps = await scoreSample(model, golden);
  const rules = rulesFor(golden);
  assertEquals(maps.length, rules.length);
  assertNear(maps[0], await retrievalAttentionMass(model, golden), 1e-5);
  for (const [i, { name }] of rules.entries()) {
    const low = name === "calibrated" ? -1 : 0;
    assert(maps[i].every((value) => value >= low && value <= 1 + 1e-6), name);
  }
  model.dispose();
});
