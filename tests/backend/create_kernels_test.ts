import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { automaticDType, createKernels } from "../../lib/backend/create_kernels.ts";
import { InputError } from "../../lib/common/errors.ts";
import { readModelConfig } from "../../lib/families/checkpoint.ts";
import { visionDepth } from "../../lib/model/config.ts";
import { goldenCase, goldenDir, goldenModel, hasBfloat16, testKernels } from "../suites/golden.ts";
import { assertBelow, driftBound, rmsError, transformerRoundings } from "../suites/near.ts";

Deno.test("auto keeps two-byte weights at two bytes where four would be a burden", () => {
  const large = 7_000_000_000, small = 135_000_000;
  const choices = [
    ["BF16", large, "bfloat16"],
    ["F16", large, "bfloat16"],
    ["F32", large, "float32"],
    ["BF16", small, "float32"],
    ["F16", small, "float32"],
  ] as const;
  for (const [dtype, parameters, wanted] of choices) {
    assertEquals(automaticDType({ dtype, parameters }), wanted);
    assertEquals(automaticDType({ dtype, parameters }, false), "float32");
  }
  assertEquals(automaticDType(undefined), "float32");
});

Deno.test("float16 weights: exact in float32, within half-precision bounds in bfloat16", async () => {
  const { inputs, tensor } = await goldenCase("internvl_qwen3", "two_images");
  const error = async (dtype: "float32" | "bfloat16") => {
    const model = await goldenModel("internvl_qwen3", await testKernels(dtype));
    const { logits } = await model.forward(inputs, { logits: "all" });
    model.dispose();
    return rmsError(logits!.data, tensor("logits").data);
  };
  assertBelow(await error("float32"), 2e-4, "float32");
  if (await hasBfloat16()) {
    const { config } = await readModelConfig(goldenDir("internvl_qwen3"));
    const layers = config.text.numHiddenLayers + visionDepth(config);
    // and each weight once more, to bfloat16
    const roundings = 2 * transformerRoundings(layers);
    assertBelow(await error("bfloat16"), driftBound("bfloat16", roundings), "bfloat16");
  } else {
    await assertRejects(() => testKernels("bfloat16"), InputError, "it has float32 only");
  }
  const other = "float16" as "float32";
  assertThrows(() => createKernels(other), InputError, "wanted auto, float32, bfloat16");
});
