import { assert, assertEquals } from "@std/assert";
import { StagedForward } from "../../lib/model/staged_forward.ts";
import { goldenCase, goldenModel, testKernels } from "../suites/golden.ts";
import { assertNear } from "../suites/near.ts";

Deno.test("stages one by one give the reference's logits, whatever layers run together", async () => {
  const kernels = await testKernels();
  const model = await goldenModel("qwen3_vl", kernels); // DeepStack adds to several layers' outputs
  const { inputs, tensor } = await goldenCase("qwen3_vl", "image");
  const before = kernels.tensorCount();
  const layers = model.config.text.numHiddenLayers;
  for (
    const cuts of [
      [0, layers],
      [0, 1, layers],
      Array.from({ length: layers + 1 }, (_, i) => i),
    ]
  ) {
    const run = new StagedForward(model, inputs, { logits: "all" });
    run.embed();
    for (let i = 1; i < cuts.length; i++) run.runLayers(cuts[i - 1], cuts[i]);
    const { logits } = await run.finish();
    assertNear(logits!.data, tensor("logits").data, 2e-4);
    assertEquals(kernels.tensorCount(), before);
  }
  model.dispose();
});

Deno.test("an abandoned run frees its captures and its residual stream", async () => {
  const kernels = await testKernels();
  const model = await goldenModel("qwen3_vl", kernels);
  const { inputs } = await goldenCase("qwen3_vl", "image");
  const before = kernels.tensorCount();
  const run = new StagedForward(model, inputs, { capture: { names: ["blocks.0.attn.z"] } });
  run.embed();
  run.runLayers(0, 1);
  assert(kernels.tensorCount() > before);
  run.abandon();
  assertEquals(kernels.tensorCount(), before);
  model.dispose();
});

Deno.test("the head is needed for logits and for hooks on what follows the last layer", async () => {
  const model = await goldenModel("qwen3_vl");
  const { inputs } = await goldenCase("qwen3_vl", "text");
  const needs = (options: ConstructorParameters<typeof StagedForward>[2]) =>
    new StagedForward(model, inputs, options).needsHead;
  assertEquals([needs({}), needs({ logits: "all" }), needs({ logits: "none" })], [
    true,
    true,
    false,
  ]);
  assert(needs({ logits: "none", capture: { names: ["ln_final.normalized"] } }));
  assert(!needs({ logits: "none", hooks: { "blocks.0.attn.z": () => {} } }));
  model.dispose();
});
