/**
 * What every model family must do on its golden checkpoint: agree with transformers, step by step.
 * Family-specific facts enter as data only.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { CapturedArray } from "../../lib/hooks/capture.ts";
import type { Hooks } from "../../lib/hooks/hook_point.ts";
import { visionDepth } from "../../lib/model/config.ts";
import { generate } from "../../lib/model/generate.ts";
import type { Kernels } from "../../lib/nn/kernels.ts";
import type { VisionLanguageModel } from "../../lib/model/vision_language_model.ts";
import { goldenCase, goldenCases, goldenModel, relativeError, testKernels } from "./golden.ts";
import { assertDiffers, assertNear } from "./near.ts";

/** Bound on errors relative to the reference's scale, in float32. */
const bound = 2e-4;

/** Multiplies the outputs of `[layer, head]` pairs by zero. */
function zeroHeads(heads: readonly (readonly [number, number])[], count: number): Hooks {
  const hooks: Record<string, Hooks[string]> = {};
  for (const layer of new Set(heads.map(([l]) => l))) {
    const keep = Float32Array.from(
      { length: count },
      (_, head) => heads.some(([l, h]) => l === layer && h === head) ? 0 : 1,
    );
    hooks[`blocks.${layer}.attn.z`] = {
      onTensor: (z, k) => k.mul(z, k.cast(k.tensor(keep, [count, 1]), z.dtype)),
    };
  }
  return hooks;
}

async function greedy(model: VisionLanguageModel, name: [string, string], hooks?: Hooks) {
  const { inputs } = await goldenCase(...name);
  const ids: number[] = [], logits: Float32Array[] = [];
  const options = { maxNewTokens: 12, stopTokenIds: [], keepLogits: true, hooks };
  for await (const token of generate(model, inputs, options)) {
    ids.push(token.id);
    logits.push(token.logits!);
  }
  return { ids, logits: Float32Array.from(logits.flatMap((row) => [...row])) };
}

/**
 * Registers the tests of one golden checkpoint.
 *
 * @param load gives the model, where its weights are not in the folder
 */
export function familySuite(
  family: string,
  load: (kernels: Kernels) => Promise<VisionLanguageModel> = (kernels) =>
    goldenModel(family, kernels),
): void {
  const steps =
    (body: (model: VisionLanguageModel, t: Deno.TestContext) => Promise<void>) =>
    async (t: Deno.TestContext) => {
      const kernels = await testKernels();
      const before = kernels.tensorCount();
      const model = await load(kernels);
      const loaded = kernels.tensorCount();
      try {
        await body(model, t);
        assertEquals(kernels.tensorCount(), loaded, "a public call left tensors behind");
      } finally {
        model.dispose();
      }
      assertEquals(kernels.tensorCount(), before, "dispose() left weights behind");
    };

  Deno.test(
    `${family}: logits, hidden states, heads and attention equal transformers'`,
    steps(async (model, t) => {
      const layers = model.config.text.numHiddenLayers;
      for (const name of goldenCases(family)) {
        const golden = await goldenCase(family, name);
        if (!golden.names.includes("logits")) continue;
        await t.step(name, async () => {
          const close = (what: string, found: ArrayLike<number>, wanted: ArrayLike<number>) => {
            const error = relativeError(found, wanted);
            assert(error < bound, `${name} ${what}: ${error} of the scale, bound ${bound}`);
          };
          const result = await model.forward(golden.inputs, {
            logits: "all",
            capture: {
              names: [
                "blocks.*.resid_pre",
                "blocks.*.resid_post",
                "blocks.*.attn.z",
                "blocks.*.attn.pattern",
                "ln_final.normalized",
              ],
            },
          });
          const captured = (point: string) => result.captured.get(point)![0];
          const stack = (points: string[]) =>
            Float32Array.from(points.flatMap((point) => [...captured(point).data]));
          const byLayer = (point: string) =>
            stack(Array.from({ length: layers }, (_, l) => `blocks.${l}.${point}`));
          close("logits", result.logits!.data, golden.tensor("logits").data);
          const has = (tensor: string) => golden.names.includes(tensor);
          if (has("hidden_states")) {
            const points = ["blocks.0.resid_pre"];
            for (let l = 0; l < layers - 1; l++) points.push(`blocks.${l}.resid_post`);
            close(
              "hidden states",
              stack([...points, "ln_final.normalized"]),
              golden.tensor("hidden_states").data,
            );
          }
          if (has("layer_inputs")) {
            close("layer inputs", byLayer("resid_pre"), golden.tensor("layer_inputs").data);
          }
          if (has("attentions")) {
            close("attention", byLayer("attn.pattern"), golden.tensor("attentions").data);
          }
          if (has("o_proj_inputs")) {
            close("head outputs", byLayer("attn.z"), golden.tensor("o_proj_inputs").data);
          }
          // without hooks the fast path runs: blocked attention, nothing captured
          const plain = await model.forward(golden.inputs, { logits: "all" });
          close("logits without hooks", plain.logits!.data, golden.tensor("logits").data);
        });
      }
    }),
  );

  Deno.test(
    `${family}: the vision tower equals transformers' at every stage`,
    steps(async (model, t) => {
      for (const name of goldenCases(family)) {
        const golden = await goldenCase(family, name);
        if (!golden.names.includes("vision.features")) continue;
        await t.step(name, async () => {
          const depth = visionDepth(model.config);
          const result = await model.forward(golden.inputs, {
            logits: "none",
            capture: {
              names: [
                ...depth > 0 ? ["vision.embed", "vision.blocks.*.resid_post"] : [],
                "vision.merged",
                "vision.features",
              ]
                .concat(golden.names.includes("vision.deepstack") ? ["vision.deepstack"] : []),
            },
          });
          const all = (point: string) => result.captured.get(point) ?? [];
          const flat = (arrays: readonly CapturedArray[]) =>
            Float32Array.from(arrays.flatMap(({ data }) => [...data]));
          const blocks = Array.from(
            { length: depth },
            (_, l) => all(`vision.blocks.${l}.resid_post`),
          ).flat();
          const stages: [string, Float32Array][] = [
            ["vision.embeddings", flat(all("vision.embed"))],
            ["vision.blocks", flat(blocks)],
            ["vision.merged", flat(all("vision.merged"))],
            ["vision.features", flat(all("vision.features"))],
          ];
          if (golden.names.includes("vision.deepstack")) {
            stages.push(["vision.deepstack", flat(all("vision.deepstack"))]);
          }
          for (const [stage, found] of stages) {
            // to save space some cases keep only what the decoder gets
            if (stage !== "vision.features" && !golden.names.includes(stage)) continue;
            const error = relativeError(found, golden.tensor(stage).data);
            assert(error < bound, `${name} ${stage}: ${error} of the scale, bound ${bound}`);
          }
        });
      }
    }),
  );

  Deno.test(
    `${family}: greedy decoding equals transformers', also with heads zeroed`,
    steps(async (model, t) => {
      for (const name of goldenCases(family)) {
        await t.step(name, async () => {
          const golden = await goldenCase(family, name);
          const plain = await greedy(model, [family, name]);
          assertEquals(plain.ids, golden.json["generated_ids"]);
          if (golden.names.includes("generated.logits")) {
            assertNear(plain.logits, golden.tensor("generated.logits").data, bound);
          }
          const heads = golden.json["ablated_heads"] as [number, number][];
          const hooks = zeroHeads(heads, model.config.text.numAttentionHeads);
          const ablated = await greedy(model, [family, name], hooks);
          assertEquals(ablated.ids, golden.json["ablated_generated_ids"]);
          if (golden.names.includes("ablated.logits_tail")) {
            const { logits } = await model.forward(golden.inputs, { logits: "all", hooks });
            const wanted = golden.tensor("ablated.logits_tail");
            assertNear(logits!.data.slice(-wanted.data.length), wanted.data, bound);
          }
        });
      }
    }),
  );

  Deno.test(
    `${family}: hooks reach every decoder layer and change what follows`,
    steps(async (model) => {
      const { inputs } = await goldenCase(family, "text");
      const count = model.config.text.numHiddenLayers;
      const plain = await model.forward(inputs);
      const seen = await model.forward(inputs, { hooks: { "blocks.*.attn.pattern": () => {} } });
      assertEquals([...seen.fireCounts.values()], Array(count).fill(1));
      assertNear(seen.logits!.data, plain.logits!.data, 1e-5);
      const changed = await model.forward(inputs, {
        hooks: { [`blocks.${count - 1}.attn.pattern`]: (pattern) => pattern.mul(0) },
      });
      assertDiffers(changed.logits!.data, plain.logits!.data, 1e-3);
      await assertRejects(
        () => model.forward(inputs, { hooks: { "blocks.0.attn.patern": () => {} } }),
        Error,
        "blocks.0.attn.pattern",
      );
      await assertRejects(
        () => model.forward(inputs, { hooks: { "blocks.0.attn.z": (z) => z.sum() } }),
        Error,
        "wanted [",
      );
    }),
  );
}
