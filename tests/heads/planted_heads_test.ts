/**
 * The method against the truth: models whose retrieval heads are known by construction.
 */
import { assert, assertEquals } from "@std/assert";
import { plantedModel } from "../../lab/planted/planted.ts";
import { plantedSample } from "../../lab/planted/planted_world.ts";
import { detectHeads } from "../../lib/heads/detect.ts";
import { compareHeads } from "../../lib/common/head_id.ts";
import { headScores, meanScores } from "../../lib/heads/head_scores.ts";
import { ruleNamed, scoreSample } from "../../lib/heads/scoring_rules.ts";
import { topHeads } from "../../lib/heads/select.ts";
import { testKernels } from "../suites/golden.ts";

const grid = { layers: 2, heads: 8 };
const rules = [ruleNamed("ram"), ruleNamed("contrast")];

/** Scores of a planted model by RAM and by contrast. */
async function score(seed: number, retrievalHeads: number, samples: number) {
  const { model, retrievalHeads: truth } = plantedModel(await testKernels(), {
    seed,
    retrievalHeads,
    layers: grid.layers,
  });
  const maps: Float32Array[][] = [];
  for (let i = 0; i < samples; i++) {
    maps.push(await scoreSample(model, plantedSample(seed, i), rules));
  }
  model.dispose();
  const [ram, contrast] = rules.map(({ name }, rule) =>
    headScores(name, grid, maps.map((own, i) => ({ id: `s${i}`, domain: "d", map: own[rule] })))
  );
  return { ram, contrast, truth };
}

Deno.test("in 100 models the method names exactly the planted heads", async () => {
  for (let seed = 0; seed < 100; seed++) {
    const { ram, contrast, truth } = await score(seed, 1 + seed % 5, 12);
    const detected = [...detectHeads(contrast, { draws: 500 }).heads].sort(compareHeads);
    assertEquals(detected, [...truth], `seed ${seed}: detected heads`);
    const top = topHeads(meanScores(ram), grid, { count: truth.length }).sort(compareHeads);
    assertEquals(top, [...truth], `seed ${seed}: heads with the highest RAM`);
  }
});

Deno.test("where none is planted, none is named", async () => {
  for (let seed = 200; seed < 230; seed++) {
    const { ram, contrast, truth } = await score(seed, 0, 12);
    assertEquals(truth, []);
    assertEquals(detectHeads(contrast, { draws: 500 }).heads, [], `seed ${seed}`);
    // the decoy stuck on one key does look at evidence now and then: RAM alone would not do
    assert(Math.max(...meanScores(ram)) > 0.02);
  }
});
