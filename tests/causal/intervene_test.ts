import { interventions } from "../../lib/causal/interventions/registry.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { headOutputs, meanHeadOutputs } from "../../lib/causal/head_outputs.ts";
import { type HeadMask, type Variant, zeroHeads } from "../../lib/causal/head_mask.ts";
import {
  intervene,
  type InterveneOptions,
  type InterventionPrompt,
} from "../../lib/causal/intervene.ts";
import { InputError } from "../../lib/common/errors.ts";
import { allHeads, type HeadId } from "../../lib/common/head_id.ts";
import type { Hook, Hooks } from "../../lib/hooks/hook_point.ts";
import { tokensOf } from "../../lib/inputs/token_spans.ts";
import { generate } from "../../lib/model/generate.ts";
import type { VisionLanguageModel } from "../../lib/model/vision_language_model.ts";
import {
  goldenCase,
  goldenCases,
  goldenModel,
  relativeError,
  testKernels,
} from "../suites/golden.ts";
import { goldenSample } from "../suites/golden_samples.ts";
import { assertDiffers, assertNear } from "../suites/near.ts";

const heads: HeadId[] = [
  { layer: 0, head: 1 },
  { layer: 1, head: 0 },
  { layer: 1, head: 3 },
  { layer: 3, head: 2 },
];

interface Setting {
  readonly model: VisionLanguageModel;
  readonly sample: Awaited<ReturnType<typeof goldenSample>>;
  readonly prompt: Required<InterventionPrompt>;
  /** Logits of all positions with some variant. */
  logits(
    variant: Variant,
    other?: Partial<InterventionPrompt & InterveneOptions>,
  ): Promise<Float32Array>;
  /** Logits of all positions with hooks. */
  hooked(hooks: Hooks): Promise<Float32Array>;
}

async function withModel(body: (setting: Setting) => Promise<void>): Promise<void> {
  const kernels = await testKernels();
  const model = await goldenModel("qwen3_vl", kernels);
  const sample = await goldenSample("qwen3_vl", "image");
  const prompt = { inputIds: sample.inputs.inputIds, spans: sample.spans };
  const before = kernels.tensorCount();
  await body({
    model,
    sample,
    prompt,
    logits: async (variant, other = {}) => {
      const attention = intervene(model, [variant], { ...prompt, ...other }, { from: other.from });
      const result = await model.forward(sample.inputs, { attention, logits: "all" });
      return result.logits!.data;
    },
    hooked: async (hooks) =>
      (await model.forward(sample.inputs, { hooks, logits: "all" })).logits!.data,
  });
  assertEquals(kernels.tensorCount(), before, "an intervention left tensors behind");
  model.dispose();
}

/** Hooks that replace single heads' slices along an axis. */
function onHeads(
  point: string,
  axis: number,
  change: (x: tf.Tensor, head: HeadId) => tf.Tensor,
): Hooks {
  const layers = [...new Set(heads.map(({ layer }) => layer))];
  return Object.fromEntries(layers.map((layer): [string, Hook] => [
    `blocks.${layer}.${point}`,
    (x) =>
      tf.concat(
        tf.split(x, x.shape[axis]!, axis).map((slice, head) =>
          heads.some((id) => id.layer === layer && id.head === head)
            ? change(slice, { layer, head })
            : slice
        ),
        axis,
      ),
  ]));
}

const close = (found: Float32Array, wanted: Float32Array) => {
  const error = relativeError(found, wanted);
  assert(error < 1e-5, `differs by ${error} of the scale`);
};
const differs = (found: Float32Array, other: Float32Array) => assertDiffers(found, other, 1e-3);

Deno.test("zeroed heads: logits and greedy tokens equal transformers'", async (t) => {
  for (const family of ["qwen3_vl", "qwen3_vl_bf16"]) {
    const model = await goldenModel(family, await testKernels());
    for (const name of goldenCases(family)) {
      await t.step(`${family} ${name}`, async () => {
        const golden = await goldenCase(family, name);
        const ids = golden.json["ablated_heads"] as [number, number][];
        const attention = intervene(
          model,
          [zeroHeads(ids.map(([layer, head]) => ({ layer, head })))],
          golden.inputs,
        );
        const tokens: number[] = [], logits: number[] = [];
        const options = { maxNewTokens: 12, stopTokenIds: [], keepLogits: true, attention };
        for await (const token of generate(model, golden.inputs, options)) {
          tokens.push(token.id);
          logits.push(...token.logits!);
        }
        assertEquals(tokens, golden.json["ablated_generated_ids"]);
        if (golden.names.includes("ablated.generated.logits")) {
          const wanted = golden.tensor("ablated.generated.logits").data;
          assertNear(logits, wanted, 2e-4);
        }
        if (golden.names.includes("ablated.logits_tail")) {
          const all = await model.forward(golden.inputs, { logits: "all", attention });
          const wanted = golden.tensor("ablated.logits_tail").data;
          assertNear(all.logits!.data.slice(-wanted.length), wanted, 2e-4);
        }
      });
    }
    model.dispose();
  }
});

Deno.test("no masks, masks without heads and masks that never act change nothing, bit for bit", async () => {
  await withModel(async ({ logits, hooked }) => {
    const plain = await hooked({});
    assertEquals(await logits([]), plain);
    assertEquals(await logits(zeroHeads([])), plain);
    assertEquals(
      await logits([{ heads, intervention: interventions.zero(), during: "decode" }]),
      plain,
    );
    differs(await logits(zeroHeads(heads)), plain);
    assertEquals(await hooked({}), plain, "the model is as it was");
  });
});

Deno.test("scaled heads equal a hook on z; by 1 nothing changes, by 0 they are zeroed", async () => {
  await withModel(async ({ logits, hooked }) => {
    const scaled = (factor: number) =>
      logits([{ heads, intervention: interventions.scale(factor) }]);
    close(await scaled(-1.5), await hooked(onHeads("attn.z", 2, (z) => z.mul(-1.5))));
    close(await scaled(1), await hooked({}));
    assertEquals(await scaled(0), await logits(zeroHeads(heads)));
  });
});

Deno.test("uniform heads equal a hook that makes their pattern even", async () => {
  await withModel(async ({ logits, hooked }) => {
    const even = (pattern: tf.Tensor) => {
      const size = pattern.shape[3]!;
      const lower = tf.linalg.bandPart(tf.ones([size, size]), -1, 0);
      return lower.div(lower.sum(1, true)).reshape(pattern.shape);
    };
    close(
      await logits([{ heads, intervention: interventions.uniform() }]),
      await hooked(onHeads("attn.pattern", 1, even)),
    );
  });
});

Deno.test("blocked keys equal a hook that takes them out of the pattern", async () => {
  await withModel(async ({ logits, hooked, sample }) => {
    for (const span of ["visual", "evidence"] as const) {
      const blocked = new Set(tokensOf(sample.spans[span]));
      const without = (pattern: tf.Tensor) => {
        const size = pattern.shape[3]!;
        const allowed = tf.tensor1d(Array.from({ length: size }, (_, j) => blocked.has(j) ? 0 : 1));
        const left = pattern.mul(allowed);
        return left.div(left.sum(3, true));
      };
      close(
        await logits([{ heads, intervention: interventions.knockOut(span) }]),
        await hooked(onHeads("attn.pattern", 1, without)),
      );
    }
  });
});

Deno.test("steered heads equal a hook that adds to their scores", async () => {
  await withModel(async ({ logits, hooked, sample }) => {
    const tokens = tokensOf(sample.spans.evidence);
    for (const bias of [3, -2]) {
      const drawn = (scores: tf.Tensor) => {
        const size = scores.shape[3]!;
        const added = Array.from({ length: size }, (_, j) => tokens.includes(j) ? bias : 0);
        return scores.add(tf.tensor1d(added));
      };
      close(
        await logits([{ heads, intervention: interventions.steer(tokens, bias) }]),
        await hooked(onHeads("attn.scores", 1, drawn)),
      );
    }
  });
});

Deno.test("heads cannot be steered towards nothing, beyond the prompt, or without a number", async () => {
  await withModel(async ({ logits }) => {
    const wrong = (tokens: number[], bias: number, message: string) =>
      assertRejects(
        () => logits([{ heads, intervention: interventions.steer(tokens, bias) }]),
        InputError,
        message,
      );
    await wrong([], 1, "towards 0 tokens");
    await wrong([100_000], 1, "towards token 100000: the prompt has tokens 0 to ");
    await wrong([0], NaN, "a bias of NaN");
  });
});

Deno.test("a token that sees only blocked tokens gets nothing from the head", async () => {
  await withModel(async ({ logits, hooked, sample, prompt }) => {
    const all = [[0, sample.inputs.inputIds.length]] as const;
    const spans = { ...prompt.spans, answer: all };
    const blockAll: HeadMask = { heads, intervention: interventions.knockOut("answer") };
    close(
      await logits([blockAll], { spans }),
      await hooked(onHeads("attn.z", 2, (z) => z.mul(0))),
    );
    const early = { ...prompt.spans, answer: [[0, 3]] as const };
    const found = await logits([blockAll], { spans: early });
    assert(found.every(Number.isFinite));
  });
});

Deno.test("means over a reference set equal a hook that puts them in", async () => {
  await withModel(async ({ model, logits, hooked }) => {
    const prompts = [];
    for (const name of ["image", "text", "two_images"]) {
      prompts.push((await goldenCase("qwen3_vl", name)).inputs);
    }
    const means = await meanHeadOutputs(model, "golden", prompts);
    const [, count, headDim] = means.shape;
    const put = (z: tf.Tensor, { layer, head }: HeadId) => {
      const start = (layer * count + head) * headDim;
      const mean = tf.tensor1d(Float32Array.from(means.data.subarray(start, start + headDim)));
      return z.mul(0).add(mean);
    };
    close(
      await logits([{ heads, intervention: interventions.mean(means) }]),
      await hooked(onHeads("attn.z", 2, put)),
    );
  });
});

Deno.test("resampled from itself nothing changes; from another prompt its outputs are put in", async () => {
  await withModel(async ({ model, logits, hooked, sample, prompt }) => {
    const own = await headOutputs(model, "itself", sample.inputs);
    const resample = (from: typeof own, seed?: number): Variant => [
      { heads, intervention: interventions.resample(from, seed), during: "prefill" },
    ];
    const plain = await hooked({});
    close(await logits(resample(own)), plain);
    const otherInputs = {
      ...sample.inputs,
      inputIds: sample.inputs.inputIds.map((id, i) => i > 12 ? 7 : id),
    };
    const other = await headOutputs(model, "other", otherInputs);
    const tokens = prompt.inputIds.length;
    const put =
      (rowOf: (position: number) => number) => (z: tf.Tensor, { layer, head }: HeadId) => {
        const [, , , headDim] = z.shape;
        const all = tf.tensor(other.layers.get(layer)!, [tokens, 4, headDim!]);
        const rows = tf.gather(all, Array.from({ length: tokens }, (_, i) => rowOf(i)));
        return rows.slice([0, head, 0], [-1, 1, -1]).expandDims(0);
      };
    const aligned = await logits(resample(other));
    close(aligned, await hooked(onHeads("attn.z", 2, put((i) => i))));
    differs(aligned, plain);

    const drawn = await logits(resample(other, 5));
    assertEquals(await logits(resample(other, 5)), drawn);
    differs(drawn, aligned);
    differs(await logits(resample(other, 6)), drawn);
  });
});

Deno.test("drawn positions work from a prompt of any length, in prefill and decoding", async () => {
  await withModel(async ({ model, logits, sample, prompt }) => {
    const text = (await goldenCase("qwen3_vl", "text")).inputs;
    const from = await headOutputs(model, "text", text, [0, 1, 3]);
    assert(from.tokens !== prompt.inputIds.length);
    const variant: Variant = [{ heads, intervention: interventions.resample(from, 1) }];
    assert((await logits(variant)).every(Number.isFinite));
    const attention = intervene(model, [variant], prompt);
    let count = 0;
    const options = { maxNewTokens: 3, stopTokenIds: [], attention };
    for await (const _ of generate(model, sample.inputs, options)) count++;
    assertEquals(count, 3);
  });
});

Deno.test("prefill and decoding together are both; each alone is neither", async () => {
  await withModel(async ({ model, sample, prompt }) => {
    const run = async (variant: Variant) => {
      const attention = intervene(model, [variant], prompt);
      const rows: Float32Array[] = [];
      const options = { maxNewTokens: 3, stopTokenIds: [], keepLogits: true, attention };
      for await (const { logits } of generate(model, sample.inputs, options)) rows.push(logits!);
      return rows;
    };
    const mask = (during: HeadMask["during"]): HeadMask => ({
      heads,
      intervention: interventions.zero(),
      during,
    });
    const [plain, prefill, decode, both] = [
      await run([]),
      await run([mask("prefill")]),
      await run([mask("decode")]),
      await run([mask("both")]),
    ];
    assertEquals(decode[0], plain[0]); // the first token comes from the prompt alone
    assertEquals(prefill[0], both[0]);
    differs(both[0], plain[0]);
    differs(decode[1], plain[1]);
    assertEquals(await run([mask("prefill"), mask("decode")]), both);
  });
});

Deno.test("masks act in order: zero then scale is zero, mean then scale is the scaled mean", async () => {
  await withModel(async ({ model, logits, sample }) => {
    const twice: HeadMask = { heads, intervention: interventions.scale(2) };
    const zero: HeadMask = { heads, intervention: interventions.zero() };
    assertEquals(await logits([zero, twice]), await logits([zero]));
    const over = await meanHeadOutputs(model, "one", [sample.inputs]);
    const doubled = { ...over, data: over.data.map((value) => 2 * value) };
    close(
      await logits([{ heads, intervention: interventions.mean(over) }, twice]),
      await logits([{ heads, intervention: interventions.mean(doubled) }]),
    );
  });
});

Deno.test("from a position on: earlier positions keep their logits, later ones change", async () => {
  await withModel(async ({ logits, hooked, prompt }) => {
    const from = 15;
    const plain = await hooked({});
    const width = plain.length / prompt.inputIds.length;
    const over = Float64Array.from({ length: 4 * 4 * 32 }, (_, i) => Math.sin(i));
    const means = { name: "m", shape: [4, 4, 32] as const, data: over, tokens: 1 };
    const all: HeadMask["intervention"][] = [
      interventions.zero(),
      interventions.uniform(),
      interventions.knockOut("visual"),
      interventions.mean(means),
    ];
    for (const intervention of all) {
      const found = await logits([{ heads, intervention }], { from });
      close(found.slice(0, from * width), plain.slice(0, from * width));
      differs(found.slice(from * width), plain.slice(from * width));
    }
  });
});

Deno.test("several variants in one batch equal each by itself, whatever their kinds", async () => {
  await withModel(async ({ model, prompt, sample, logits }) => {
    const k = model.kernels;
    const own = await headOutputs(model, "itself", sample.inputs);
    const over = await meanHeadOutputs(model, "one", [sample.inputs]);
    const some = heads.slice(0, 2);
    const variants: Variant[] = [
      [],
      zeroHeads(heads),
      zeroHeads(allHeads(model.grid)),
      [{ heads: some, intervention: interventions.uniform() }, {
        heads,
        intervention: interventions.scale(3),
      }],
      [{ heads, intervention: interventions.knockOut("visual"), during: "prefill" }],
      [{ heads: some, intervention: interventions.mean(over) }],
      [{ heads, intervention: interventions.resample(own, 2) }],
      [{ heads: [heads[3]], intervention: interventions.uniform() }],
    ];
    const tokens = prompt.inputIds.length;
    const batched = k.scope(() => {
      const { embeddings, deepstack } = model.embedPrompt(sample.inputs);
      const wide = (x: typeof embeddings) => k.broadcastBatch(x, variants.length);
      const residual = model.decoder.forward(wide(embeddings), sample.inputs.positionIds, {
        attention: intervene(model, variants, prompt),
        deepstack: deepstack.map(wide),
      });
      return model.decoder.logits(residual);
    });
    const data = k.readSync(batched) as Float32Array;
    k.dispose(batched);
    const size = data.length / variants.length;
    assertEquals(size % tokens, 0);
    for (const [i, variant] of variants.entries()) {
      close(data.slice(i * size, (i + 1) * size), await logits(variant));
    }
  });
});
