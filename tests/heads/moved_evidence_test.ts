import { assert, assertEquals, assertThrows } from "@std/assert";
import { plantedModel } from "../../lab/planted/planted.ts";
import { plantedSample } from "../../lab/planted/planted_world.ts";
import {
  evidenceConcentration,
  movedEvidenceTest,
  otherPlaces,
  type PlacedMasses,
} from "../../lib/heads/moved_evidence.ts";
import { headConcentration, headScores } from "../../lib/heads/head_scores.ts";
import { Random } from "../../lib/stats/random.ts";
import { testKernels } from "../suites/golden.ts";

Deno.test("other places are as large, apart from the evidence, within the context, each once", () => {
  const context = Array.from({ length: 30 }, (_, i) => 3 + 2 * i);
  const tokens = { evidence: [9, 11, 13], foils: [21, 23, 25, 31], context };
  for (const [among, allowed] of [["context", context], ["foils", tokens.foils]] as const) {
    const places = otherPlaces(tokens, { among, places: 100 });
    assert(places.length > 0);
    assertEquals(new Set(places.map(String)).size, places.length);
    for (const place of places) {
      assertEquals(new Set(place).size, 3);
      assert(place.every((token) => allowed.includes(token) && !tokens.evidence.includes(token)));
    }
  }
  assertEquals(otherPlaces({ evidence: [1, 2], foils: [], context: [1, 2, 3] }), []);
});

/** Maps of heads that differ, but not by where the evidence is: what an untrained model has. */
function indifferent(seed: number): PlacedMasses[] {
  const random = new Random(seed);
  const strength = Float32Array.from({ length: 40 }, () => random.uniform() ** 6);
  const map = () => strength.map((value) => value * (0.5 + random.uniform()));
  return Array.from({ length: 20 }, () => ({ own: map(), moved: [map(), map(), map(), map()] }));
}

Deno.test("heads that differ without regard to the evidence pass a shuffle of heads, not the move", () => {
  let rejected = 0;
  for (let seed = 0; seed < 40; seed++) {
    const samples = indifferent(seed);
    const { topMass, topShare } = movedEvidenceTest(samples, { draws: 199, seed });
    if (Math.min(topMass.pValue, topShare.pValue) <= 0.025) rejected++;
  }
  assert(rejected <= 6, `${rejected} of 40`); // 5% expected: 7 or more has probability .003
  const maps = indifferent(0).map(({ own }, i) => ({ id: `s${i}`, domain: "d", map: own }));
  const scores = headScores("ram", { layers: 4, heads: 10 }, maps);
  assert(headConcentration(scores, { draws: 50 }).pValue <= 0.001);
});

Deno.test("planted heads pass; the same model without them does not", async () => {
  const samples = Array.from({ length: 16 }, (_, i) => plantedSample(4, i));
  for (const among of ["context", "foils"] as const) {
    const options = { fraction: 0.1, among, draws: 199 };
    for (const seed of [1, 2, 3]) {
      const planted = plantedModel(await testKernels(), { seed, layers: 2 });
      const found = await evidenceConcentration(planted.model, samples, options);
      planted.model.dispose();
      assertEquals(found.topMass.pValue, 1 / 200);
      assert(found.topMass.observed > 3 * found.topMass.nullMean);
      const empty = plantedModel(await testKernels(), { seed, layers: 2, retrievalHeads: 0 });
      const without = await evidenceConcentration(empty.model, samples, options);
      empty.model.dispose();
      assert(without.topMass.pValue > 0.01, `seed ${seed}: ${without.topMass.pValue}`);
    }
  }
});

Deno.test("one sample, or a share of heads outside of (0, 1], is an error", () => {
  assertThrows(() => movedEvidenceTest(indifferent(0).slice(0, 1)), Error, "1 samples");
  assertThrows(() => movedEvidenceTest(indifferent(0), { fraction: 0 }), Error, "(0, 1]");
});
