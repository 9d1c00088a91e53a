import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { plantedModel } from "../../lab/planted/planted.ts";
import { plantedSample } from "../../lab/planted/planted_world.ts";
import { answerMetrics } from "../../lib/causal/answer_metrics.ts";
import { attributionPatching } from "../../lib/causal/attribution_patching.ts";
import { headOutputs, meanHeadOutputs } from "../../lib/causal/head_outputs.ts";
import { interventions } from "../../lib/causal/interventions/registry.ts";
import { type AnswerSample, sweep } from "../../lib/causal/sweep.ts";
import { allHeads, headIndex } from "../../lib/common/head_id.ts";
import type { TokenSpans } from "../../lib/inputs/token_spans.ts";
import type { Kernels } from "../../lib/nn/kernels.ts";
import { goldenCase, goldenModel, goldenNames, testKernels } from "../suites/golden.ts";

const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0);
const zero = { intervention: interventions.zero() };

/** A golden prompt with an answer of two tokens, whose last tokens are taken for its question. */
async function goldenSample(family: string, name: string): Promise<AnswerSample> {
  const { inputs } = await goldenCase(family, name);
  const tokens = inputs.inputIds.length;
  const spans: TokenSpans = {
    ...{ system: [], visual: [[2, 3]], evidence: [], answer: [] },
    question: [[tokens - 6, tokens]],
  };
  return { id: `${family} ${name}`, inputs, spans, answerIds: Int32Array.of(7, 11) };
}

/** Runs a test of a model, and finds what it leaves behind. */
async function withGolden(
  family: string,
  name: string,
  body: (model: Awaited<ReturnType<typeof goldenModel>>, sample: AnswerSample) => Promise<void>,
  kernels?: Kernels,
): Promise<void> {
  const k = kernels ?? await testKernels(), model = await goldenModel(family, k);
  const before = k.tensorCount();
  await body(model, await goldenSample(family, name));
  assertEquals(k.tensorCount(), before, "tensors left behind");
  model.dispose();
}

const cases = [
  ...goldenNames.filter((name) => name !== "qwen3_vl_bf16").map((name) => [name, name === "internvl_qwen3" ? "two_images" : "image"]),
  ["gemma3_text", "text"],
];

for (const [family, name] of cases) {
  Deno.test(`${family}: effects are the slopes of the metric along each head's change`, async () => {
    await withGolden(family, name, async (model, sample) => {
      const ids = allHeads(model.grid), step = 0.02;
      for (const scope of ["answer", "all"] as const) {
        const scaled = (factor: number) => ({ intervention: interventions.scale(factor) });
        const { heads, value, shape } = await attributionPatching(model, sample, scaled(1 + step), {
          scope,
        });
        assertEquals(shape, [model.grid.layers, model.grid.heads]);
        const both = [1 + step, 1 - step].flatMap((factor) =>
          ids.map((id) => [{ heads: [id], ...scaled(factor) }])
        );
        const [plain, ...found] = await sweep(model, sample, [[], ...both], { scope });
        assertAlmostEquals(value, plain.logProb, 1e-4);
        const slopes = ids.map((_, i) => (found[i].logProb - found[i + ids.length].logProb) / 2);
        const largest = Math.max(...slopes.map(Math.abs));
        assert(largest > 1e-4, `slopes up to ${largest}`);
        slopes.forEach((slope, i) =>
          assertAlmostEquals(heads[i], slope, 0.02 * largest + 1e-5, `${scope}, head ${i}`)
        );
      }
    });
  });
}

Deno.test("integrated effects add up to that of changing all heads at once", async () => {
  await withGolden("qwen3_vl", "image", async (model, sample) => {
    const tokens = sample.inputs.inputIds.length, other = sample.inputs.inputIds.toReversed();
    const from = await headOutputs(model, "backwards", {
      ...{ inputIds: other, positionIds: sample.inputs.positionIds, nextPosition: tokens },
      media: sample.inputs.media,
    });
    const means = await meanHeadOutputs(model, "prompt", [sample.inputs]);
    const changes = [
      zero,
      { intervention: interventions.mean(means) },
      { intervention: interventions.resample(from), during: "prefill" as const },
      { intervention: interventions.knockOut("visual") },
    ];
    for (const change of changes) {
      const options = { scope: "all" as const, steps: 32 };
      const { heads, value } = await attributionPatching(model, sample, change, options);
      const all = [{ heads: allHeads(model.grid), ...change }];
      const [plain, changed] = await sweep(model, sample, [[], all], { scope: "all" });
      const gap = changed.logProb - plain.logProb, { kind } = change.intervention;
      assertAlmostEquals(value, plain.logProb, 1e-4);
      assertAlmostEquals(sum(heads), gap, 1e-3 * Math.abs(gap) + 2e-4, kind);
      const once = await attributionPatching(model, sample, change, { scope: "all" });
      assert(
        Math.abs(sum(once.heads) - gap) > 2 * Math.abs(sum(heads) - gap),
        `${kind}: one step gives ${sum(once.heads)}, many ${sum(heads)}, exact ${gap}`,
      );
    }
  });
});
