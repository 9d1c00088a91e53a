import { interventions } from "../../lib/causal/interventions/registry.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { decodeVariants } from "../../lib/causal/decode_variants.ts";
import { type Variant, zeroHeads } from "../../lib/causal/head_mask.ts";
import { intervene } from "../../lib/causal/intervene.ts";
import { scopeStart } from "../../lib/causal/sweep.ts";
import { generate } from "../../lib/model/generate.ts";
import { goldenCase, goldenModel, testKernels } from "../suites/golden.ts";
import { goldenSample } from "../suites/golden_samples.ts";

Deno.test("a batch decodes what each variant decodes by itself; plain and zeroed, transformers'", async () => {
  const kernels = await testKernels();
  const model = await goldenModel("qwen3_vl", kernels);
  const before = kernels.tensorCount();
  for (const name of ["image", "two_images"]) {
    const { json } = await goldenCase("qwen3_vl", name);
    const sample = await goldenSample("qwen3_vl", name);
    const zeroed = zeroHeads(
      (json["ablated_heads"] as [number, number][]).map(([layer, head]) => ({ layer, head })),
    );
    const variants: Variant[] = [
      [],
      zeroed,
      [{ heads: [{ layer: 1, head: 2 }], intervention: interventions.knockOut("visual") }],
      [{
        heads: [{ layer: 0, head: 2 }],
        intervention: interventions.uniform(),
        during: "prefill",
      }],
      zeroHeads([{ layer: 2, head: 0 }, { layer: 2, head: 1 }]),
    ];
    for (const scope of ["answer", "all"] as const) {
      for (const batchRows of [1, 4096]) {
        const options = { scope, batchRows, maxNewTokens: 12, stopTokenIds: [] };
        const found = await decodeVariants(model, sample, variants, options);
        assertEquals(kernels.tensorCount(), before, "decoding left tensors behind");
        assertEquals(found[0], json["generated_ids"]);
        if (scope === "all") assertEquals(found[1], json["ablated_generated_ids"]);
        for (const [i, variant] of variants.entries()) {
          const attention = intervene(model, [variant], {
            inputIds: sample.inputs.inputIds,
            spans: sample.spans,
          }, {
            from: scopeStart(sample, scope),
          });
          const alone: number[] = [];
          const settings = { maxNewTokens: 12, stopTokenIds: [], attention };
          for await (const { id } of generate(model, sample.inputs, settings)) alone.push(id);
          assertEquals(found[i], alone, `${name} ${scope} variant ${i}`);
        }
      }
    }
  }
  model.dispose();
});

Deno.test("each row ends at its own stop token", async () => {
  const model = await goldenModel("qwen3_vl", await testKernels());
  const { json } = await goldenCase("qwen3_vl", "image");
  const sample = await goldenSample("qwen3_vl", "image");
  const [plain, ablated] = [json["generated_ids"], json["ablated_generated_ids"]] as number[][];
  const variants = [
    [],
    zeroHeads(
      (json["ablated_heads"] as [number, number][]).map(([layer, head]) => ({ layer, head })),
    ),
  ];
  const stop = plain[4];
  assert(!ablated.includes(stop));
  const options = { scope: "all" as const, maxNewTokens: 8, stopTokenIds: [stop] };
  const found = await decodeVariants(model, sample, variants, options);
  assertEquals(found, [plain.slice(0, plain.indexOf(stop)), ablated.slice(0, 8)]);
  await assertRejects(
    () => decodeVariants(model, sample, variants, { ...options, maxNewTokens: 0 }),
    Error,
    "Cannot generate with maxNewTokens 0",
  );
  const media = Object.fromEntries(
    Object.entries(sample.inputs.media).map(([name, tensor]) => [
      name,
      name === "pixel_values"
        ? { ...tensor, data: new Float32Array(tensor.data.length).fill(NaN) }
        : tensor,
    ]),
  );
  const broken = { ...sample, inputs: { ...sample.inputs, media } };
  await assertRejects(
    () => decodeVariants(model, broken, [[]], options),
    InputError,
    "Cannot choose token 1 of variant 0 of the batch: the logits are not numbers",
  );
  model.dispose();
});
