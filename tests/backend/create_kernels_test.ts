import { assert, assertEquals, assertThrows } from "@std/assert";
import { automaticDType, createKernels } from "../../lib/backend/create_kernels.ts";
import { currentBackend } from "../../lib/backend/select.ts";
import { InputError } from "../../lib/common/errors.ts";
import { goldenCase, goldenModel, relativeError, testKernels } from "../suites/golden.ts";

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
  }
  assertEquals(automaticDType(undefined), "float32");
});

Deno.test("float16 weights: exact in float32, within half-precision bounds in bfloat16", async () => {
  const { inputs, tensor } = await goldenCase("internvl_qwen3", "two_images");
  const error = async (dtype: "float32" | "bfloat16") => {
    const model = await goldenModel("internvl_qwen3", await testKernels(dtype));
    const { logits } = await model.forward(inputs, { logits: "all" });
    model.dispose();
    return relativeError(logits!.data, tensor("logits").data);
  };
  assert(await error("float32") < 2e-4);
  if (currentBackend()?.backend === "tensorflow") assert(await error("bfloat16") < 5e-2);
  else await testKernels("bfloat16").then(() => assert(false), () => {});
  const other = "float16" as "float32";
  assertThrows(() => createKernels(other), InputError, "wanted auto, float32, bfloat16");
});
