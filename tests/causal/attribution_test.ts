import { assert, assertAlmostEquals, assertRejects } from "@std/assert";
import { plantedModel } from "../../lab/planted/planted.ts";
import { plantedSample } from "../../lab/planted/planted_world.ts";
import { logitAttribution } from "../../lib/causal/attribution.ts";
import { valueNorms } from "../../lib/heads/value_norms.ts";
import { goldenCase, goldenModel, testKernels } from "../suites/golden.ts";

const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0);

for (const [family, name] of [["qwen3_vl", "two_images"], ["llava", "image"]] as const) {
  Deno.test(`${family}: the parts of a logit add up to it, and sources to their head`, async () => {
    const kernels = await testKernels();
    const model = await goldenModel(family, kernels);
    const before = kernels.tensorCount();
    const { inputs } = await goldenCase(family, name);
    const tokens = inputs.inputIds.length;
    for (const options of [{ token: 7 }, { token: 7, against: 11 }]) {
      const parts = await logitAttribution(model, inputs, options);
      const { heads, bySource, mlp, bias, embedding, deepstack, logit } = parts;
      assertAlmostEquals(sum(heads) + sum(mlp) + sum(bias) + embedding + deepstack, logit, 1e-4);
      heads.forEach((value, i) =>
        assertAlmostEquals(sum(bySource.subarray(i * tokens, (i + 1) * tokens)), value, 1e-4)
      );
      assert(heads.some((value) => Math.abs(value) > 1e-3));
    }
    assert(kernels.tensorCount() === before, "tensors left behind");
    await assertRejects(() => logitAttribution(model, inputs, { token: -1 }), Error, "token -1");
    model.dispose();
  });
}

Deno.test("planted: the answer's logit comes from the retrieval heads, out of the evidence", async () => {
  const { model, retrievalHeads } = plantedModel(await testKernels(), { seed: 2 });
  const { inputs, answerIds, spans: { evidence: [[at]] } } = plantedSample(3, 1);
  const tokens = inputs.inputIds.length;
  const { heads, bySource, logit } = await logitAttribution(model, inputs, { token: answerIds[0] });
  const norms = await valueNorms(model, inputs);
  let found = 0;
  for (const { layer, head } of retrievalHeads) {
    const i = layer * 8 + head;
    found += bySource[i * tokens + at];
    assert(heads[i] > 0.1 * logit);
    assert(norms[i * tokens + at] > 5 * norms[i * tokens], "the first token has nothing to bring");
  }
  assert(found > 0.9 * logit && found < 1.1 * logit);
  model.dispose();
});
