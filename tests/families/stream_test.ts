import { assertEquals, assertRejects } from "@std/assert";
import { openCheckpoint } from "../../lib/families/checkpoint.ts";
import { StreamedModel, type StreamedPrompt } from "../../lib/families/stream.ts";
import type { ForwardOptions } from "../../lib/model/run_options.ts";
import { goldenCase, goldenCases, goldenDir, goldenModel, testKernels } from "../suites/golden.ts";
import { assertNear } from "../suites/near.ts";

for (
  const family of [
    ...["qwen3_vl", "qwen3_vl_moe", "qwen2_5_vl", "internvl", "llava_next", "llava_onevision"],
  ]
) {
  Deno.test(`${family}: streamed layer by layer, prompts together give what each gives alone`, async () => {
    const kernels = await testKernels();
    const before = kernels.tensorCount();
    const stored = goldenCases(family);
    const names = ["text", "image", "two_images"].filter((name) => stored.includes(name));
    const cases = await Promise.all(names.map((name) => goldenCase(family, name)));
    const options: ForwardOptions = {
      logits: "all",
      capture: { names: ["blocks.*.attn.z", "ln_final.normalized"] },
      hooks: { "blocks.1.attn.z": (z) => z.mul(0.5) },
    };
    const rows: Float32Array[] = [];
    const prompts: StreamedPrompt[] = cases.map(({ inputs }) => ({
      inputs,
      options: {
        ...options,
        patternRows: {
          rows: [2, 5],
          onPattern: (_layer, pattern, k) => rows.push(k.readSync(pattern) as Float32Array),
        },
      },
    }));
    const stages: number[] = [];
    let streamed;
    {
      using model = new StreamedModel(kernels, await openCheckpoint(goldenDir(family)));
      streamed = await model.forward(prompts, (done) => stages.push(done));
    }
    assertEquals(kernels.tensorCount(), before, "streaming left tensors behind");
    const model = await goldenModel(family, kernels);
    const layers = model.config.text.numHiddenLayers;
    assertEquals(stages, Array.from({ length: layers + 2 }, (_, i) => i + 1));
    const streamedRows = rows.splice(0);
    for (const [i, { inputs, options }] of prompts.entries()) {
      const wanted = await model.forward(inputs, options);
      assertNear(streamed[i].logits!.data, wanted.logits!.data, 1e-6);
      for (const [name, arrays] of wanted.captured) {
        const [found] = streamed[i].captured.get(name)!;
        assertEquals(found.shape, arrays[0].shape);
        assertNear(found.data, arrays[0].data, 1e-6, name);
      }
      // streamed layer by layer for all prompts, here prompt by prompt for all layers
      rows.splice(0).forEach((row, layer) =>
        assertNear(streamedRows[layer * prompts.length + i], row, 1e-6)
      );
    }
    model.dispose();
  });
}

Deno.test("a streamed pass that fails frees what it holds and can be repeated", async () => {
  const kernels = await testKernels();
  using model = new StreamedModel(kernels, await openCheckpoint(goldenDir("qwen3_vl")));
  const before = kernels.tensorCount();
  const [text, image] = [
    await goldenCase("qwen3_vl", "text"),
    await goldenCase("qwen3_vl", "image"),
  ];
  const broken = { inputs: { ...image.inputs, media: {} } };
  await assertRejects(() => model.forward([{ inputs: text.inputs }, broken]), Error, "placeholder");
  await assertRejects(
    () =>
      model.forward([{ inputs: text.inputs, options: { hooks: { "blocks.9.attn.z": () => {} } } }]),
    Error,
    "blocks.9.attn.z",
  );
  assertEquals(kernels.tensorCount(), before);
  const [{ logits }] = await model.forward([{ inputs: text.inputs }]);
  const wanted = text.tensor("logits").data.slice(-logits!.data.length);
  assertNear(logits!.data, wanted, 2e-4);
});
