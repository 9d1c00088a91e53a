import { assertEquals, assertRejects } from "@std/assert";
import { openCheckpoint } from "../../lib/families/checkpoint.ts";
import { StreamedModel } from "../../lib/families/stream.ts";
import { streamedProfiles } from "../../lib/heads/streamed_profiles.ts";
import { tokensOf } from "../../lib/inputs/token_spans.ts";
import { goldenCase, goldenDir, testKernels } from "../suites/golden.ts";
import { goldenSample } from "../suites/golden_samples.ts";
import { assertNear } from "../suites/near.ts";

Deno.test("profiles of a streamed model equal rows of transformers' attention maps", async () => {
  const kernels = await testKernels();
  const before = kernels.tensorCount();
  using model = new StreamedModel(kernels, await openCheckpoint(goldenDir("qwen3_vl")));
  const names = ["image", "two_images"];
  const samples = await Promise.all(names.map((name) => goldenSample("qwen3_vl", name)));
  const profiles = await streamedProfiles(model, samples, { extras: ["argMax"] });
  assertEquals(kernels.tensorCount(), before, "the pass left tensors behind");
  for (const [i, name] of names.entries()) {
    const golden = (await goldenCase("qwen3_vl", name)).tensor("attentions");
    const [layers, heads, size] = golden.shape;
    assertEquals(profiles[i].shape, [layers, heads, size]);
    const question = tokensOf(samples[i].spans.question);
    const mean = new Float32Array(layers * heads * size);
    for (let map = 0; map < layers * heads; map++) {
      const largest = question.map((row) => {
        const values = golden.data.subarray(
          (map * size + row) * size,
          (map * size + row + 1) * size,
        );
        values.forEach((value, j) => mean[map * size + j] += value / question.length);
        return values.indexOf(Math.max(...values));
      });
      const start = map * question.length;
      assertEquals([...profiles[i].argMax!.subarray(start, start + question.length)], largest);
    }
    assertNear(profiles[i].question, mean, 1e-5);
  }
});

Deno.test("a contrast is refused, since it takes two passes", async () => {
  const kernels = await testKernels();
  using model = new StreamedModel(kernels, await openCheckpoint(goldenDir("qwen3_vl")));
  const sample = await goldenSample("qwen3_vl", "image");
  await assertRejects(
    () => streamedProfiles(model, [sample], { extras: ["nullQuery"] }),
    Error,
    "while streaming",
  );
});
