import { assert, assertEquals, assertRejects } from "@std/assert";
import { patchHeads } from "../../lib/causal/path.ts";
import { patchedHeads } from "../../lib/experiments/patched_heads.ts";
import { plantedModel } from "../../lab/planted/planted.ts";
import { plantedSample } from "../../lab/planted/planted_world.ts";
import { headIndex } from "../../lib/common/head_id.ts";
import { meanScores, sampleMap } from "../../lib/heads/head_scores.ts";
import type { ModelInputs } from "../../lib/model/model_inputs.ts";
import { testKernels } from "../suites/golden.ts";

const samples = [0, 1, 2].map((i) => ({ ...plantedSample(80, i), domain: "planted" }));

/** The planted world has no images: the prompt of another sample stands for a corrupted one. */
const corrupt = (_: ModelInputs) => plantedSample(81, 0).inputs;

Deno.test("planted heads bring the answer back, others do not", async () => {
  const { model, retrievalHeads } = plantedModel(await testKernels(), {
    ...{ seed: 6, retrievalHeads: 1, layers: 2 },
  });
  const told: number[] = [];
  const onProgress = (done: number) => void told.push(done);
  const found = await patchedHeads(model, samples, { corrupt, onProgress });
  assertEquals(told, [0, 1, 2, 3]);
  const mean = meanScores(found), planted = headIndex(retrievalHeads[0], found.shape[2]);
  assert(mean[planted] > 0.5);
  mean.forEach((share, i) => assert(i === planted || Math.abs(share) < 0.1, `head ${i}: ${share}`));
  const { restored } = await patchHeads(model, samples[0], corrupt(samples[0].inputs));
  assertEquals(sampleMap(found, 0), Float32Array.from(restored));
  model.dispose();
});

Deno.test("samples that lose nothing are left out; none left is an error", async () => {
  const { model } = plantedModel(await testKernels(), { seed: 6, retrievalHeads: 1, layers: 2 });
  const first = (inputs: ModelInputs) => inputs === samples[0].inputs ? inputs : corrupt(inputs);
  const found = await patchedHeads(model, samples, { corrupt: first });
  assertEquals(found.leftOut, [samples[0].id]);
  assertEquals(found.sampleIds, [samples[1].id, samples[2].id]);
  const nothing = (inputs: ModelInputs) => inputs;
  await assertRejects(() => patchedHeads(model, samples, { corrupt: nothing }), Error, "0.1 nats");
  model.dispose();
});
