import { assertEquals, assertRejects } from "@std/assert";
import { headOutputs, meanHeadOutputs } from "../../lib/causal/head_outputs.ts";
import { goldenCase, goldenModel, testKernels } from "../suites/golden.ts";
import { assertNear } from "../suites/near.ts";

Deno.test("outputs and their means are those of transformers", async () => {
  const kernels = await testKernels();
  const model = await goldenModel("qwen3_vl", kernels);
  const before = kernels.tensorCount();
  const cases = [];
  for (const name of ["image", "text"]) cases.push(await goldenCase("qwen3_vl", name));

  const [first] = cases;
  const [layers, tokens, width] = first.tensor("o_proj_inputs").shape;
  const outputs = await headOutputs(model, "image", first.inputs, [0, 2]);
  assertEquals([outputs.tokens, ...outputs.layers.keys()], [tokens, 0, 2]);
  for (const [layer, found] of outputs.layers) {
    const size = tokens * width;
    const wanted = first.tensor("o_proj_inputs").data.slice(layer * size, (layer + 1) * size);
    assertNear(found, wanted, 1e-5);
  }

  const means = await meanHeadOutputs(model, "two", cases.map(({ inputs }) => inputs));
  const total = cases.reduce((sum, { inputs }) => sum + inputs.inputIds.length, 0);
  const wanted = new Float64Array(layers * width);
  for (const golden of cases) {
    const { data, shape: [, length] } = golden.tensor("o_proj_inputs");
    data.forEach((value: number, i: number) => {
      wanted[Math.floor(i / (length * width)) * width + i % width] += value / total;
    });
  }
  assertEquals(means.shape, [layers, 4, width / 4]);
  assertEquals(means.tokens, total);
  assertNear(means.data, wanted, 1e-5);
  assertEquals(kernels.tensorCount(), before);

  await assertRejects(() => meanHeadOutputs(model, "none", []), Error, '"none": it has no prompts');
  await assertRejects(
    () => headOutputs(model, "image", first.inputs, [7]),
    Error,
    "blocks.7.attn.z",
  );
  assertEquals(kernels.tensorCount(), before);
  model.dispose();
});
