import { assertEquals } from "@std/assert";
import { retrievalAndInduction, setDifferences } from "../../lib/heads/head_sets.ts";
import { meanScores } from "../../lib/heads/head_scores.ts";
import { rivalScores } from "../../lib/heads/rival_scores.ts";
import { findHeads } from "../../lib/experiments/find_heads.ts";
import { ruleNamed } from "../../lib/heads/scoring_rules.ts";
import { plantedModel, plantedWords } from "../../lab/planted/planted.ts";
import { plantedSample } from "../../lab/planted/planted_world.ts";
import { testKernels } from "../suites/golden.ts";

Deno.test("two sets: what each has alone, and what both have", () => {
  const [a, b, c, d] = [0, 1, 2, 3].map((i) => ({ layer: i >> 1, head: i & 1 }));
  const { firstOnly, secondOnly, both } = setDifferences([d, a, b], [b, c]);
  assertEquals([firstOnly, secondOnly, both], [[a, d], [c], [b]]);
  assertEquals(setDifferences([a], [a]), { firstOnly: [], secondOnly: [], both: [a] });
});

Deno.test("planted retrieval and planted induction heads end up in the sets that are theirs", async () => {
  for (const seed of [1, 2, 3]) {
    const planted = plantedModel(await testKernels(), {
      seed,
      retrievalHeads: 2,
      inductionHeads: 2,
    });
    const { model, retrievalHeads, inductionHeads } = planted;
    const samples = Array.from({ length: 8 }, (_, i) => plantedSample(seed, i));
    const scores = await findHeads(model, samples, { rules: [ruleNamed("calibrated")] });
    const { induction } = await rivalScores(model, plantedWords);
    const sets = retrievalAndInduction(
      meanScores(scores),
      induction,
      { layers: 4, heads: 8 },
      { count: 2 },
    );
    assertEquals(sets["retrieval-not-induction"], [...retrievalHeads]);
    assertEquals(sets["induction-not-retrieval"], [...inductionHeads]);
    assertEquals(sets["retrieval-and-induction"], []);
    assertEquals(sets.induction, [...inductionHeads]);
    model.dispose();
  }
});
