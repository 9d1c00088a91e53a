import { assert, assertEquals, assertRejects } from "@std/assert";
import { ProfileGathering } from "../../lib/heads/profile_gathering.ts";
import { tokensOf } from "../../lib/inputs/token_spans.ts";
import { goldenModel, testKernels } from "../suites/golden.ts";
import { goldenSample } from "../suites/golden_samples.ts";

Deno.test("means over the question's rows and single rows of a planted pattern", async () => {
  const kernels = await testKernels();
  const before = kernels.tensorCount();
  const model = await goldenModel("qwen3_vl", kernels);
  const sample = await goldenSample("qwen3_vl", "image");
  const keys = sample.inputs.inputIds.length, question = tokensOf(sample.spans.question);
  const { text } = model.config;
  const gathering = new ProfileGathering(kernels, sample, ["argMax"]);
  assertEquals(gathering.rows.slice(0, question.length), question);
  const { rows, onPattern } = gathering.request(question[0]);
  assertEquals(rows[0], 0, "rows are counted from the first row of the pass");
  // head n of layer l puts all weight of row i on token (i + l + n) mod 5
  for (let layer = 0; layer < text.numHiddenLayers; layer++) {
    kernels.scope(() => {
      const pattern = new Float32Array(text.numAttentionHeads * rows.length * keys);
      for (let head = 0; head < text.numAttentionHeads; head++) {
        rows.forEach((_, i) =>
          pattern[(head * rows.length + i) * keys + (i + layer + head) % 5] = 1
        );
      }
      const shape = [1, text.numAttentionHeads, rows.length, keys];
      onPattern(layer, kernels.tensor(pattern, shape), kernels);
    });
  }
  const profile = await gathering.finish(model.config);
  for (let map = 0; map < text.numHiddenLayers * text.numAttentionHeads; map++) {
    const shift = Math.floor(map / text.numAttentionHeads) + map % text.numAttentionHeads;
    question.forEach((_, i) =>
      assertEquals(profile.argMax![map * question.length + i], (i + shift) % 5)
    );
    const own = profile.question.subarray(map * keys, (map + 1) * keys);
    for (let token = 0; token < 5; token++) {
      const hits = question.filter((_, i) => (i + shift) % 5 === token).length;
      assert(Math.abs(own[token] - hits / question.length) < 1e-6);
    }
    assertEquals(profile.promptEnd[map * keys + (rows.length - 1 + shift) % 5], 1);
  }
  model.dispose();
  assertEquals(kernels.tensorCount(), before);
});

Deno.test("attention that is not a number is an error that names the sample", async () => {
  const kernels = await testKernels();
  const sample = await goldenSample("qwen3_vl", "image");
  const model = await goldenModel("qwen3_vl", kernels);
  const { config } = model;
  model.dispose();
  const gathering = new ProfileGathering(kernels, sample, []);
  const { rows, onPattern } = gathering.request();
  const shape = [1, config.text.numAttentionHeads, rows.length, sample.inputs.inputIds.length];
  const pattern = new Float32Array(shape.reduce((a, b) => a * b)).fill(NaN);
  for (let layer = 0; layer < config.text.numHiddenLayers; layer++) {
    kernels.scope(() => onPattern(layer, kernels.tensor(pattern, shape), kernels));
  }
  await assertRejects(() => gathering.finish(config), Error, sample.id);
  gathering.free();
});
