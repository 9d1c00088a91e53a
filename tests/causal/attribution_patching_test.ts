import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { plantedModel } from "../../lab/planted/planted.ts";
import { plantedSample } from "../../lab/planted/planted_world.ts";
import {
  attributionPatching,
  type AttributionPatchingOptions,
} from "../../lib/causal/attribution_patching.ts";
import type { HeadChange } from "../../lib/causal/head_changes.ts";
import { headOutputs, meanHeadOutputs } from "../../lib/causal/head_outputs.ts";
import { interventions } from "../../lib/causal/interventions/registry.ts";
import { sweep } from "../../lib/causal/sweep.ts";
import { InputError } from "../../lib/common/errors.ts";
import { answerLogit, answerLogProb, logitDifference } from "../../lib/causal/paths/metric.ts";
import { allHeads, headIndex } from "../../lib/common/head_id.ts";
import type { ModelInputs } from "../../lib/model/model_inputs.ts";
import { goldenDir, goldenNames, testKernels } from "../suites/golden.ts";
import { assertNear } from "../suites/near.ts";
import { withGolden } from "./golden_attribution.ts";

const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0);
const zero = { intervention: interventions.zero() };

/** As `make_attribution.py` corrupts a prompt: pixels in reverse, or some words changed. */
function otherPrompt(inputs: ModelInputs): ModelInputs {
  const { pixel_values: pixels } = inputs.media, tokens = inputs.inputIds.length;
  if (pixels) {
    const data = Float32Array.from(pixels.data).reverse();
    return { ...inputs, media: { ...inputs.media, pixel_values: { ...pixels, data } } };
  }
  const inputIds = inputs.inputIds.map((id, i) => (tokens - 1 - i) % 5 === 0 ? 30 + i : id);
  return { ...inputs, inputIds };
}

for (const family of ["gemma3_text", "qwen3_vl", "qwen2_5_vl", "llava", "qwen3_vl_moe"]) {
  Deno.test(`${family}: effects are those of PyTorch's gradients`, async () => {
    const stored = JSON.parse(
      await Deno.readTextFile(`${goldenDir(family)}/expected/attribution.json`),
    );
    const kernels = await testKernels();
    await withGolden(family, stored.case, async (model, { inputs, spans, id }) => {
      const pair = { clean: inputs, other: otherPrompt(inputs) };
      const sample = { id, inputs: pair.clean, spans, answerIds: Int32Array.of(stored.token) };
      const resampled = interventions.resample(await headOutputs(model, "other", pair.other));
      const changes = {
        zero,
        resample: { intervention: resampled, during: "prefill" as const },
      };
      const metrics = [answerLogProb, logitDifference(stored.against)];
      for (const [i, metric] of metrics.entries()) {
        for (const name of ["zero", "resample"] as const) {
          const { heads, value } = await attributionPatching(model, sample, changes[name], {
            ...{ metric, scope: "all" },
          });
          const wanted = stored.metrics[i][name].flat();
          assertAlmostEquals(value, stored.metrics[i].value, 2e-4);
          assertNear(heads, wanted, 2e-3, `${metric.name}, ${name}`);
        }
        for (const [steps, name] of [[1, "resample"], [stored.steps, "between"]] as const) {
          const change = { corrupted: pair.other };
          const { heads, value } = await attributionPatching(model, sample, change, {
            metric,
            steps,
          });
          assertAlmostEquals(value, stored.metrics[i].value, 2e-4);
          assertNear(heads, stored.metrics[i][name].flat(), 2e-3, `${metric.name}, ${steps} steps`);
        }
      }
    }, kernels);
  });
}

const cases = [
  ...goldenNames.filter((name) => name !== "qwen3_vl_bf16").map((
    name,
  ) => [name, name === "internvl_qwen3" ? "two_images" : "image"]),
  ["gemma3_text", "text"],
  ["gemma3", "image"],
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
      const options = { scope: "all" as const, steps: 12 };
      const { heads, value } = await attributionPatching(model, sample, change, options);
      const all = [{ heads: allHeads(model.grid), ...change }];
      const [plain, changed] = await sweep(model, sample, [[], all], { scope: "all" });
      const gap = changed.logProb - plain.logProb, { kind } = change.intervention;
      assertAlmostEquals(value, plain.logProb, 1e-4);
      assertAlmostEquals(sum(heads), gap, 0.01 * Math.abs(gap) + 5e-4, kind);
      const once = await attributionPatching(model, sample, change, { scope: "all" });
      assert(
        Math.abs(sum(once.heads) - gap) > 2 * Math.abs(sum(heads) - gap),
        `${kind}: one step gives ${sum(once.heads)}, many ${sum(heads)}, exact ${gap}`,
      );
    }
  });
});

Deno.test("planted: attribution finds exactly the planted heads, whatever takes their place", async () => {
  const kernels = await testKernels();
  for (const seed of [1, 2]) {
    const { model, retrievalHeads } = plantedModel(kernels, { seed });
    const planted = retrievalHeads.map((id) => headIndex(id, 8));
    const before = kernels.tensorCount();
    const samples = [0, 1, 2, 3].map((i) => plantedSample(seed, i));
    const means = await meanHeadOutputs(model, "planted", samples.map(({ inputs }) => inputs));
    const other = await headOutputs(model, "another image", plantedSample(seed, 9).inputs);
    const changes = [
      zero,
      { intervention: interventions.mean(means) },
      { intervention: interventions.knockOut("evidence") },
      { intervention: interventions.resample(other), during: "prefill" as const },
    ];
    /** What each head's change loses, over the samples. */
    const lossOf = async (change: HeadChange, options: AttributionPatchingOptions) => {
      const lost = new Float64Array(32);
      for (const sample of samples) {
        const { heads } = await attributionPatching(model, sample, change, options);
        heads.forEach((x, i) => lost[i] -= x / samples.length);
      }
      return lost;
    };
    const best = (lost: Float64Array) => Array.from(lost.keys()).sort((a, b) => lost[b] - lost[a]);
    for (const change of changes) {
      const lost = await lossOf(change, { metric: answerLogit });
      const order = best(lost), { kind } = change.intervention;
      assertEquals(order.slice(0, planted.length).sort((a, b) => a - b), planted, kind);
      const [least, next] = [order[planted.length - 1], order[planted.length]];
      assert(lost[least] > 4 * Math.abs(lost[next]), `${kind}: ${lost[least]}, ${lost[next]}`);
    }
    // the model is sure (log-probability -1e-14): where it stands there is no slope, on the way there is
    const sure = await lossOf(zero, {});
    assert(sure.every((loss) => Math.abs(loss) < 1e-6), `${sure}`);
    const integrated = await lossOf(zero, { steps: 4 });
    assertEquals(best(integrated).slice(0, planted.length).sort((a, b) => a - b), planted);
    assertEquals(kernels.tensorCount(), before, "tensors left behind");
    model.dispose();
  }
});

Deno.test("effects on logits and their differences are those of the logits", async () => {
  await withGolden("qwen3_vl", "image", async (model, sample) => {
    const step = 0.02, id = { layer: 1, head: 2 }, at = headIndex(id, model.grid.heads);
    const logitsAt = async (factor: number) => {
      const hook = (z: tf.Tensor) => {
        const scale = Array.from(
          { length: model.grid.heads },
          (_, n) => n === id.head ? factor : 1,
        );
        return tf.mul(z, tf.tensor(scale, [1, 1, model.grid.heads, 1]));
      };
      const { logits } = await model.forward(sample.inputs, { hooks: { "blocks.1.attn.z": hook } });
      return logits!.data;
    };
    const [up, down, plain] = [
      await logitsAt(1 + step),
      await logitsAt(1 - step),
      await logitsAt(1),
    ];
    const change = { intervention: interventions.scale(1 + step) };
    const one = Int32Array.of(7); // the logits at the prompt's end
    for (
      const [metric, of] of [
        [answerLogit, (x: Float32Array) => x[7]],
        [logitDifference(11), (x: Float32Array) => x[7] - x[11]],
      ] as const
    ) {
      const found = await attributionPatching(model, { ...sample, answerIds: one }, change, {
        ...{ metric, scope: "all" },
      });
      const slope = (of(up) - of(down)) / 2;
      assertAlmostEquals(found.value, of(plain), 1e-5);
      assert(Math.abs(slope) > 1e-4);
      assertAlmostEquals(found.heads[at], slope, 0.02 * Math.abs(slope));
    }
  });
});

Deno.test("what cannot be attributed is refused, and nothing stays behind", async () => {
  await withGolden("llava", "image", async (model, sample) => {
    const refused = (change: HeadChange, options: AttributionPatchingOptions, message: string) =>
      assertRejects(
        () => attributionPatching(model, sample, change, options),
        InputError,
        message,
      );
    for (const steps of [0, 1.5, -1, NaN, 1e9]) {
      await refused(zero, { steps }, `over ${steps} steps`);
    }
    const metric = logitDifference(100000);
    await refused(zero, { metric }, "Cannot compare with token 100000");
    await refused({ intervention: interventions.knockOut("evidence") }, {}, 'span "evidence"');
    await refused({ intervention: "zero" as never }, {}, "wanted an intervention");
    const unasked = { ...sample, spans: { ...sample.spans, question: [] } };
    await assertRejects(
      () => attributionPatching(model, unasked, zero),
      InputError,
      "its question has no tokens",
    );
    const failing = {
      ...answerLogProb,
      gradient: () => {
        throw new Error("no metric");
      },
    };
    await assertRejects(
      () => attributionPatching(model, sample, zero, { metric: failing }),
      Error,
      "no metric",
    );
  });
});
