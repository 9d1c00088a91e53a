import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { plantedModel } from "../../lab/planted/planted.ts";
import { plantedSample } from "../../lab/planted/planted_world.ts";
import {
  headInputAttribution,
  type InputAttributionOptions,
} from "../../lib/causal/input_attribution.ts";
import { answerLogit, answerLogProb } from "../../lib/causal/paths/metric.ts";
import { headInputNames } from "../../lib/causal/paths/nodes.ts";
import { pathPatch } from "../../lib/causal/paths/path_patch.ts";
import type { AnswerSample } from "../../lib/causal/sweep.ts";
import { InputError } from "../../lib/common/errors.ts";
import { allHeads, headAt, type HeadId, headIndex, headName } from "../../lib/common/head_id.ts";
import type { TokenSpan } from "../../lib/inputs/token_spans.ts";
import type { ModelInputs } from "../../lib/model/model_inputs.ts";
import type { VisionLanguageModel } from "../../lib/model/vision_language_model.ts";
import { goldenCase, goldenModel, testKernels } from "../suites/golden.ts";

/** What the metric gains where one head alone receives an input of the corrupted prompt. */
async function exactEffects(
  model: VisionLanguageModel,
  clean: AnswerSample,
  corrupted: ModelInputs,
  { input, metric, at, only = allHeads(model.grid) }: {
    readonly input: typeof headInputNames[number];
    readonly metric: InputAttributionOptions["metric"];
    readonly at?: readonly TokenSpan[];
    readonly only?: readonly HeadId[];
  },
): Promise<number[]> {
  const senders = { heads: allHeads(model.grid), embedding: true }, found: number[] = [];
  for (const head of only) {
    const receivers = [{ head, input, ...at ? { at } : {} }];
    const { effect } = await pathPatch(model, { clean, corrupted, metric, receivers, senders });
    found.push(-effect);
  }
  return found;
}

Deno.test("planted: queries and keys of saturated heads have no slope, and are found all the same", async () => {
  const kernels = await testKernels();
  for (const seed of [1, 2]) {
    const { model, retrievalHeads } = plantedModel(kernels, { seed });
    const planted = retrievalHeads.map((id) => headIndex(id, 8)), metric = answerLogit;
    const before = kernels.tensorCount();
    for (const index of [2, 3]) {
      const clean = plantedSample(seed, 0), corrupted = plantedSample(seed, index).inputs;
      const wanted = { input: "query", metric, only: retrievalHeads } as const;
      const exact = await exactEffects(model, clean, corrupted, wanted);
      const change = { corrupted },
        { value, inputs } = await headInputAttribution(
          model,
          clean,
          change,
          { metric },
        );
      const slope = await headInputAttribution(model, clean, change, { metric, softmax: "slope" });
      const least = Math.min(...exact.map(Math.abs));
      assert(least > 2, `the answer needs these queries: ${least}`);
      const order = Array.from(inputs.query.keys())
        .sort((a, b) => inputs.query[a] - inputs.query[b]);
      assertEquals(order.slice(0, planted.length).sort((a, b) => a - b), planted);
      for (const [i, head] of planted.entries()) {
        assert(Math.abs(slope.inputs.query[head]) < 0.01 * Math.abs(exact[i]), "saturated");
        assert(inputs.query[head] < 0.2 * exact[i], `${inputs.query[head]}, ${exact[i]}`);
      }
      // an output is linear in its values: there is nothing to correct
      assertEquals(slope.inputs.value, inputs.value);
      assertEquals(slope.value, value);
    }
    assertEquals(kernels.tensorCount(), before, "tensors left behind");
    model.dispose();
  }
});

for (const family of ["qwen3_vl", "gemma3"]) {
  Deno.test(`${family}: for a small corruption both ways give the exact effects`, async () => {
    const kernels = await testKernels(), model = await goldenModel(family, kernels);
    const { inputs } = await goldenCase(family, "image"), tokens = inputs.inputIds.length;
    const { data, shape } = inputs.media["pixel_values"];
    const mixed = data.map((x, i) => x + 0.005 * (data[data.length - 1 - i] - x));
    const corrupted = {
      ...inputs,
      media: { ...inputs.media, pixel_values: { shape, data: Float32Array.from(mixed) } },
    };
    const spans = { system: [], visual: [], evidence: [], answer: [] };
    const question: TokenSpan[] = [[tokens - 6, tokens]], metric = answerLogProb;
    const clean = {
      id: "a",
      inputs,
      spans: { ...spans, question },
      answerIds: Int32Array.of(7, 11),
    };
    const { heads } = model.grid, before = kernels.tensorCount();
    const only = [0, 1, heads, heads + 1].map((i) => headAt(i, heads)); // of two layers
    for (const scope of ["all", "answer"] as const) {
      const at = scope === "all" ? {} : { at: [[tokens - 6, tokens + 1]] as const };
      const options = { metric, scope }, change = { corrupted };
      const exact = await headInputAttribution(model, clean, change, options);
      const slope = await headInputAttribution(model, clean, change, {
        ...options,
        softmax: "slope",
      });
      for (const input of headInputNames) {
        const wanted = await exactEffects(model, clean, corrupted, { input, metric, only, ...at });
        const largest = Math.max(...wanted.map(Math.abs));
        for (const [name, { inputs: found }] of Object.entries({ exact, slope })) {
          only.forEach((head, i) =>
            assertAlmostEquals(
              found[input][headIndex(head, heads)],
              wanted[i],
              0.05 * largest + 4e-6,
              `${scope}, ${name}, ${input} of ${headName(head)}`,
            )
          );
        }
      }
    }
    assertEquals(kernels.tensorCount(), before, "tensors left behind");
    model.dispose();
  });
}

Deno.test("inputs of heads are not attributed without a corrupted prompt that fits", async () => {
  const { model } = plantedModel(await testKernels(), { seed: 1 }), clean = plantedSample(1, 0);
  const refused = (change: unknown, options: object, message: string) =>
    assertRejects(
      () => headInputAttribution(model, clean, change as never, options),
      InputError,
      message,
    );
  const { inputs: corrupted } = plantedSample(1, 1);
  await refused({}, {}, "without a corrupted prompt");
  await refused({ corrupted }, { softmax: "smooth" }, 'softmax "smooth": wanted exact or slope');
  const { inputs: longer } = plantedSample(1, 1, { wording: true });
  await refused({ corrupted: longer }, {}, "wanted as many");
  model.dispose();
});
