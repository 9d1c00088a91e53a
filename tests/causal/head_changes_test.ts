import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { plantedModel } from "../../lab/planted/planted.ts";
import { plantedSample } from "../../lab/planted/planted_world.ts";
import { attributionPatching } from "../../lib/causal/attribution_patching.ts";
import { edgeAttribution } from "../../lib/causal/edge_attribution.ts";
import { headOutputs } from "../../lib/causal/head_outputs.ts";
import { interventions } from "../../lib/causal/interventions/registry.ts";
import { answerLogit } from "../../lib/causal/paths/metric.ts";
import { InputError } from "../../lib/common/errors.ts";
import { headIndex } from "../../lib/common/head_id.ts";
import type { TokenSpans } from "../../lib/inputs/token_spans.ts";
import type { ModelInputs } from "../../lib/model/model_inputs.ts";
import { goldenCase, goldenModel, testKernels } from "../suites/golden.ts";

/** A golden prompt with an answer of two tokens, and the same prompt with other pixels or words. */
async function prompts(family: string) {
  const { inputs } = await goldenCase(family, family === "gemma3_text" ? "text" : "image");
  const tokens = inputs.inputIds.length, { pixel_values: pixels } = inputs.media;
  const spans: TokenSpans = {
    ...{ system: [], visual: [], evidence: [], answer: [] },
    question: [[tokens - 6, tokens]],
  };
  const corrupted: ModelInputs = pixels
    ? {
      ...inputs,
      media: {
        ...inputs.media,
        pixel_values: { ...pixels, data: Float32Array.from(pixels.data).reverse() },
      },
    }
    : { ...inputs, inputIds: inputs.inputIds.map((id, i) => i % 4 === 2 ? 30 + i : id) };
  return { sample: { id: family, inputs, spans, answerIds: Int32Array.of(7, 11) }, corrupted };
}

for (const family of ["gemma3_text", "qwen3_vl", "qwen2_5_vl", "llava", "qwen3_vl_moe"]) {
  Deno.test(`${family}: between two prompts, equal ones change nothing, and the way back undoes the way there`, async () => {
    const k = await testKernels(), model = await goldenModel(family, k), before = k.tensorCount();
    const { sample, corrupted } = await prompts(family);
    for (const steps of [1, 2]) {
      const same = await edgeAttribution(model, sample, { corrupted: sample.inputs }, { steps });
      for (const name of ["heads", "logits", "mlp", "queries", "keys", "values"] as const) {
        assert(same[name].every((x) => x === 0), `${name}, ${steps} steps`);
      }
      const none = await attributionPatching(model, sample, { corrupted: sample.inputs }, {
        steps,
      });
      assert(none.heads.every((x) => x === 0), `${none.heads}`);
    }
    for (const scope of ["all", "answer"] as const) {
      const there = await attributionPatching(model, sample, { corrupted }, { steps: 2, scope });
      const largest = Math.max(...there.heads.map(Math.abs)), near = 1e-3 * largest + 1e-6;
      assert(largest > 1e-4, `effects up to ${largest}`);
      const turned = { ...sample, inputs: corrupted };
      const back = await attributionPatching(model, turned, { corrupted: sample.inputs }, {
        ...{ steps: 2, scope },
      });
      const edges = await edgeAttribution(model, sample, { corrupted }, { steps: 2, scope });
      assertAlmostEquals(edges.value, there.value, 1e-5);
      there.heads.forEach((effect, i) => {
        assertAlmostEquals(back.heads[i], -effect, near, `${scope}, head ${i} back`);
        assertAlmostEquals(edges.heads[i], effect, near, `${scope}, edges of head ${i}`);
      });
    }
    assertEquals(k.tensorCount(), before, "tensors left behind");
    model.dispose();
  });
}

Deno.test("one step towards a prompt is resampling from it, wherever heads are changed", async () => {
  const model = await goldenModel("qwen3_vl"), { sample, corrupted } = await prompts("qwen3_vl");
  const one = { ...sample, answerIds: Int32Array.of(7) };
  const intervention = interventions.resample(await headOutputs(model, "other", corrupted));
  for (const scope of ["all", "answer"] as const) {
    const found = await attributionPatching(model, one, { corrupted }, { scope });
    const wanted = await attributionPatching(model, one, { intervention, during: "prefill" }, {
      scope,
    });
    const largest = Math.max(...wanted.heads.map(Math.abs));
    assert(largest > 1e-4);
    wanted.heads.forEach((effect, i) =>
      assertAlmostEquals(found.heads[i], effect, 1e-3 * largest, `${scope}, head ${i}`)
    );
  }
  model.dispose();
});

Deno.test("planted: the heads are found between two images, by a sure model too on the way", async () => {
  const k = await testKernels();
  for (const seed of [1, 2]) {
    const { model, retrievalHeads } = plantedModel(k, { seed }), before = k.tensorCount();
    const planted = retrievalHeads.map((id) => headIndex(id, 8));
    for (
      const options of [{ metric: answerLogit }, { metric: answerLogit, steps: 5 }, { steps: 8 }]
    ) {
      const lost = new Float64Array(32);
      for (const i of [0, 1, 2, 3]) {
        const { inputs: corrupted } = plantedSample(seed, i + 20);
        const found = await attributionPatching(
          model,
          plantedSample(seed, i),
          { corrupted },
          options,
        );
        found.heads.forEach((x, head) => lost[head] -= x);
      }
      const order = Array.from(lost.keys()).sort((a, b) => lost[b] - lost[a]);
      const [least, next] = [lost[order[planted.length - 1]], lost[order[planted.length]]];
      assertEquals(order.slice(0, planted.length).sort((a, b) => a - b), planted);
      assert(least > 4 * Math.abs(next), `${least}, ${next}`);
    }
    assertEquals(k.tensorCount(), before, "tensors left behind");
    model.dispose();
  }
});

Deno.test("prompts that do not match are refused, and nothing stays behind", async () => {
  const k = await testKernels(), model = await goldenModel("qwen3_vl", k), before = k.tensorCount();
  const { sample, corrupted } = await prompts("qwen3_vl");
  const refused = async (change: unknown, message: string) => {
    for (const attribute of [attributionPatching, edgeAttribution]) {
      await assertRejects(
        () => attribute(model, sample, change as never),
        InputError,
        message,
      );
    }
  };
  const short = (await goldenCase("qwen3_vl", "text")).inputs;
  await refused({ corrupted: short }, "wanted as many");
  await refused({ corrupted: short }, 'Cannot attribute sample "qwen3_vl" between prompts');
  const moved = corrupted.positionIds.map((position) => position + 1);
  await refused({ corrupted: { ...corrupted, positionIds: moved } }, "other positions");
  await refused({ corrupted: undefined }, "wanted a prompt");
  await refused({ corrupted: { ...corrupted, media: {} } }, "0 image features");
  const both = { corrupted, intervention: interventions.zero() };
  await refused(both, "wanted one of them");
  assertEquals(k.tensorCount(), before, "tensors left behind");
  model.dispose();
});
