import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { zeroHeads } from "../../lib/causal/head_mask.ts";
import { intervene } from "../../lib/causal/intervene.ts";
import { corruptMedia, logitLens, patchHeads } from "../../lib/causal/path.ts";
import { plantedModel } from "../../lab/planted/planted.ts";
import { plantedSample } from "../../lab/planted/planted_world.ts";
import { allHeads, headIndex } from "../../lib/common/head_id.ts";
import { otherHeads } from "../../lib/heads/select.ts";
import { goldenCase, goldenModel, testKernels } from "../suites/golden.ts";

const grid = { layers: 4, heads: 8 };

Deno.test("the lens after the last layer is the model's own answer, by transformers' numbers", async () => {
  const kernels = await testKernels();
  const model = await goldenModel("qwen3_vl", kernels);
  const before = kernels.tensorCount();
  const { inputs, tensor } = await goldenCase("qwen3_vl", "image");
  const { data, shape: [rows, vocabulary] } = tensor("logits");
  for (const row of [rows - 1, 5]) {
    const own = Array.from(data.slice(row * vocabulary, (row + 1) * vocabulary), Number);
    const watched = 17;
    const lens = await logitLens(model, inputs, watched, { row });
    assertEquals(lens.map(({ layer }) => layer), [-1, 0, 1, 2, 3]);
    const last = lens[4];
    const sum = own.reduce((total, value) => total + Math.exp(value), 0);
    assertAlmostEquals(last.logProb, own[watched] - Math.log(sum), 1e-3);
    assertEquals(last.likeliest, own.indexOf(Math.max(...own)));
    assertEquals(last.rank, own.filter((value) => value > own[watched]).length);
  }
  assertEquals(kernels.tensorCount(), before);
  await assertRejects(() => logitLens(model, inputs, 608), Error, "Cannot watch token 608");
  await assertRejects(() => logitLens(model, inputs, 1, { row: rows }), Error, `row ${rows}`);
  model.dispose();
});

Deno.test("the lens finds the answer after the layer of the first retrieval head, unless ablated", async () => {
  const { model, retrievalHeads } = plantedModel(await testKernels(), { seed: 5 });
  const first = retrievalHeads[0].layer;
  let drop = 0;
  for (let i = 0; i < 6; i++) {
    const { inputs, answerIds } = plantedSample(5, i);
    const lens = await logitLens(model, inputs, answerIds[0]);
    for (const { layer, likeliest } of lens) {
      if (layer >= first) assertEquals(likeliest, answerIds[0], `after layer ${layer}`);
    }
    const attention = intervene(model, [zeroHeads(retrievalHeads)], inputs);
    const ablated = await logitLens(model, inputs, answerIds[0], { attention });
    assertEquals(ablated[0], lens[0]);
    drop += (lens[4].logProb - ablated[4].logProb) / 6;
  }
  assert(drop > 1, `ablated, the answer loses ${drop} nats`);
  model.dispose();
});

Deno.test("patching: the planted heads bring the answer back, all others do not", async () => {
  const kernels = await testKernels();
  const { model, retrievalHeads } = plantedModel(kernels, { seed: 2, retrievalHeads: 1 });
  const before = kernels.tensorCount();
  const sample = plantedSample(2, 3);
  const corrupted = plantedSample(2, 4).inputs; // another image, the clean question
  const inputs = { ...sample.inputs, media: corrupted.media };
  const sets = [retrievalHeads, otherHeads(retrievalHeads, grid), allHeads(grid)];
  const { clean, corrupted: lost, restored, patched } = await patchHeads(
    model,
    sample,
    inputs,
    sets,
  );
  assert(lost < clean - 1);
  assert(restored[0] > 0.9 && restored[1] < 0.1, `restored ${restored}`);
  assertAlmostEquals(restored[2], 1, 0.1);
  patched.forEach((value, i) =>
    assertAlmostEquals(restored[i], (value - lost) / (clean - lost), 1e-9)
  );
  const single = await patchHeads(model, sample, inputs);
  assertEquals(single.restored.length, 32);
  const best = single.restored.indexOf(Math.max(...single.restored));
  assertEquals(best, headIndex(retrievalHeads[0], 8));
  assertEquals(kernels.tensorCount(), before);
  await assertRejects(() => patchHeads(model, sample, sample.inputs), Error, "loses nothing");
  model.dispose();
});

Deno.test("corrupted images keep their values and shape, in another order, by the seed", () => {
  const { inputs } = plantedSample(1, 0);
  const noisy = corruptMedia(inputs, 3);
  const [clean, changed] = [inputs, noisy].map(({ media }) => media["pixel_values"]);
  assertEquals(changed.shape, clean.shape);
  assert(String(changed.data) !== String(clean.data));
  assertEquals(Float32Array.from(changed.data).sort(), Float32Array.from(clean.data).sort());
  assertEquals(corruptMedia(inputs, 3), noisy);
  assert(String(corruptMedia(inputs, 4).media["pixel_values"].data) !== String(changed.data));
  assertEquals(noisy.inputIds, inputs.inputIds);
  assertThrows(() => corruptMedia({ ...inputs, media: {} }, 1), Error, "it has none");
});
