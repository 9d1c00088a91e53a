import { interventions } from "../../lib/causal/interventions/registry.ts";
import { gridOf } from "../../lib/common/head_id.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { zeroHeads } from "../../lib/causal/head_mask.ts";
import { sweep } from "../../lib/causal/sweep.ts";
import { compareVariants } from "../../lib/experiments/compare_variants.ts";
import { plantedModel } from "../../lab/planted/planted.ts";
import { plantedSample } from "../../lab/planted/planted_world.ts";
import { otherHeads } from "../../lib/heads/select.ts";
import { testKernels } from "../suites/golden.ts";

const samples = Array.from({ length: 12 }, (_, i) => ({
  ...plantedSample(70, i),
  domain: "planted",
}));

Deno.test("variants are compared on the same samples: planted heads matter, by the evidence", async () => {
  const { model, retrievalHeads } = plantedModel(await testKernels(), { seed: 5, layers: 2 });
  const { layers, heads } = gridOf(model.config.text);
  const blind = interventions.knockOut("evidence");
  const variants = {
    nothing: [],
    removed: zeroHeads(retrievalHeads),
    blind: [{ heads: retrievalHeads, intervention: blind }],
    "others blind": [{ heads: otherHeads(retrievalHeads, { layers, heads }), intervention: blind }],
  };
  const told: string[] = [];
  const onProgress = (done: number, total: number) => void told.push(`${done} of ${total}`);
  const found = await compareVariants(model, samples, variants, { draws: 200, onProgress });
  const { length } = samples;
  assertEquals(told, Array.from({ length: length + 1 }, (_, i) => `${i} of ${length}`));
  assertEquals(found.map(({ name }) => name), Object.keys(variants));
  const [nothing, removed, blinded, others] = found.map(({ accuracy }) => accuracy.drop.estimate);
  assertEquals([nothing, others], [0, 0]);
  assert(removed > 0.5 && blinded > 0.5);
  const [whole, without] = await sweep(model, samples[0], [[], zeroHeads(retrievalHeads)]);
  const [one] = await compareVariants(model, samples.slice(0, 1), { removed: variants.removed });
  assertEquals(
    one.logProb.drop.estimate,
    Math.fround(whole.logProb) - Math.fround(without.logProb),
  );
  model.dispose();
});

Deno.test("nothing to compare is an error", async () => {
  const { model, retrievalHeads } = plantedModel(await testKernels(), { seed: 5 });
  const removed = zeroHeads(retrievalHeads);
  await assertRejects(() => compareVariants(model, samples, {}), Error, "0 variants");
  await assertRejects(() => compareVariants(model, [], { removed }), Error, "0 samples");
  model.dispose();
});
