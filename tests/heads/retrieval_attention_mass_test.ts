import { assert, assertEquals, assertRejects } from "@std/assert";
import { massOn } from "../../lib/heads/attention_mass.ts";
import { retrievalAttentionMass } from "../../lib/heads/retrieval_attention_mass.ts";
import { tokensOf } from "../../lib/inputs/token_spans.ts";
import { goldenCase, goldenModel, testKernels } from "../suites/golden.ts";
import { goldenSample } from "../suites/golden_samples.ts";

Deno.test("mass on no tokens is 0, on all tokens of a pattern row 1", () => {
  assertEquals(massOn([0.25, 0.75], []), 0);
  assertEquals(massOn([0.25, 0.75], [0, 1]), 1);
});

Deno.test("RAM equals the sums over transformers' own attention maps", async (t) => {
  const kernels = await testKernels();
  const cases = [["qwen3_vl", "image"], ["qwen3_vl", "two_images"], [
    "qwen3_vl_bf16",
    "two_images",
  ]];
  for (const [family, name] of cases) {
    await t.step(`${family} ${name}`, async () => {
      const model = await goldenModel(family, kernels);
      const before = kernels.tensorCount();
      const sample = await goldenSample(family, name);
      const found = await retrievalAttentionMass(model, sample);
      assertEquals(kernels.tensorCount(), before, "the pass left tensors behind");
      const { data, shape: [layers, heads, size] } = (await goldenCase(family, name)).tensor(
        "attentions",
      );
      const question = tokensOf(sample.spans.question), evidence = tokensOf(sample.spans.evidence);
      assert(question.length > 1 && evidence.length > 1);
      for (let map = 0; map < layers * heads; map++) {
        let sum = 0;
        for (const i of question) {
          for (const j of evidence) sum += data[(map * size + i) * size + j];
        }
        const wanted = sum / question.length;
        assert(
          Math.abs(found[map] - wanted) < 1e-4,
          `map ${map}: found ${found[map]}, transformers ${wanted}`,
        );
      }
      model.dispose();
    });
  }
});

Deno.test("evidence in a text: RAM of a prompt without images equals transformers' sums", async () => {
  const model = await goldenModel("qwen3_vl", await testKernels());
  const { inputs, tensor } = await goldenCase("qwen3_vl", "text");
  const tokens = inputs.inputIds.length;
  const [question, evidence] = [[tokens - 8, tokens - 5], [2, 5]] as const;
  const found = await retrievalAttentionMass(model, {
    id: "needle",
    domain: "text",
    inputs,
    spans: { system: [], visual: [], evidence: [evidence], question: [question], answer: [] },
  });
  const { data } = tensor("attentions");
  found.forEach((value, map) => {
    let sum = 0;
    for (let i = question[0]; i < question[1]; i++) {
      for (let j = evidence[0]; j < evidence[1]; j++) sum += data[(map * tokens + i) * tokens + j];
    }
    assert(Math.abs(value - sum / 3) < 1e-4, `map ${map}`);
  });
  model.dispose();
});

Deno.test("a weight that is not a number is an error that names sample and head", async () => {
  const kernels = await testKernels();
  const model = await goldenModel("qwen3_vl", kernels);
  const sample = await goldenSample("qwen3_vl", "image");
  const name = "text.layers.1.self_attn.q_proj.weight";
  const weight = model.weights.get(name);
  const broken = kernels.scale(weight, NaN);
  (model.decoder.weights.tensors as Map<string, unknown>).set(
    "layers.1.self_attn.q_proj.weight",
    broken,
  );
  const count = kernels.tensorCount();
  await assertRejects(
    () => retrievalAttentionMass(model, sample),
    Error,
    'Cannot score sample "qwen3_vl/image": the attention of head L1H0 is NaN',
  );
  assertEquals(kernels.tensorCount(), count, "the failed pass left tensors behind");
  kernels.dispose(broken);
  model.dispose();
});
