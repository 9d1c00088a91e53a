import { assertEquals } from "@std/assert";
import { registerFusedOps } from "../../lib/backend/native_fused.ts";
import { PackedTensor } from "../../lib/backend/native_tensors.ts";
import { tensorFlow } from "../../lib/backend/tensorflow.ts";
import { openCheckpoint } from "../../lib/families/checkpoint.ts";
import { keptBytes, keptFormat } from "../../lib/families/kept_weights.ts";
import { loadModel } from "../../lib/families/load_weights.ts";
import type { Kernels } from "../../lib/nn/kernels.ts";
import { goldenCase, goldenDir, testKernels } from "../suites/golden.ts";
import { assertNear } from "../suites/near.ts";

const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

Deno.test("matrices of large models keep their two bytes, vectors and small models do not", async () => {
  const { source } = await openCheckpoint(goldenDir("qwen3_vl_bf16"));
  using open = source;
  for (const name of open.names()) {
    const { shape } = open.info(name), count = size(shape);
    assertEquals(keptFormat(open, name, false), null);
    assertEquals(keptFormat(open, name, true)?.name ?? null, shape.length > 1 ? "BF16" : null);
    const bytes = keptBytes(open, name, true);
    assertEquals(bytes, { float32: (shape.length > 1 ? 2 : 4) * count, bfloat16: 2 * count });
    assertEquals(keptFormat({ ...open, plainOnly: true }, name, true), null);
  }
});

Deno.test("what a quantised weight takes in memory is what its blocks take", async () => {
  const { source } = await openCheckpoint("tests/golden/packed/fp8");
  using open = source;
  const name = open.names().find((own) => open.packedAs!(own) !== null)!;
  const { elements, bytes } = open.packedAs!(name)!;
  const wanted = size(open.info(name).shape) / elements * bytes;
  assertEquals(keptBytes(open, name, false), { float32: wanted, bfloat16: wanted });
});

/** A model read as a large one, or as the small one that it is. */
async function read(dir: string, kernels: Kernels, large: boolean) {
  const { family, config, source } = await openCheckpoint(dir);
  using open = source;
  return await loadModel(kernels, family, config, open, undefined, null, large);
}

const cases = [
  ["qwen3_vl_bf16", "qwen3_vl", "image"],
  ["qwen3_vl_moe", "qwen3_vl_moe", "image"],
  ["internvl_qwen3", "internvl_qwen3", "two_images"],
] as const;

for (const [name, inputsOf, golden] of cases) {
  Deno.test(`${name}: weights in two bytes give in float32 what plain ones give`, async () => {
    const kernels = await testKernels(), dir = goldenDir(name);
    const [kept, plain] = [await read(dir, kernels, true), await read(dir, kernels, false)];
    const count = [...kept.weights.tensors.values()].filter((x) =>
      x instanceof PackedTensor
    ).length;
    const keeps = kernels.name === "native" && registerFusedOps(tensorFlow())?.packed;
    assertEquals(count > 10, keeps, `${count} in two bytes`);
    const { inputs } = await goldenCase(inputsOf, golden);
    const [a, b] = await Promise.all(
      [kept, plain].map((model) => model.forward(inputs, { logits: "all" })),
    );
    assertNear(a.logits!.data, b.logits!.data, 1e-5);
    kept.dispose();
    plain.dispose();
  });
}
