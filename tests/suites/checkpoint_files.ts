/**
 * Checkpoints in other files than safetensors, against transformers on the dequantised weights.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { fromPretrained } from "../../lib/families/pretrained.ts";
import type { ModelInputs } from "../../lib/model/model_inputs.ts";
import { float32Tensor, int32Tensor } from "../../lib/weights/safetensors_file.ts";
import { relativeError } from "./golden.ts";

/** Checks logits (within 2e-4 of their scale) and twelve greedy tokens. */
export async function assertAsExpected(
  path: string,
  inputs: ModelInputs,
  expected: Parameters<typeof float32Tensor>[0],
): Promise<void> {
  using model = await fromPretrained(path, { backend: "auto", dtype: "float32" });
  const { logits } = await model.forward(inputs, { logits: "all" });
  const wanted = float32Tensor(expected, "logits").data;
  const error = relativeError(logits!.data.subarray(-wanted.length), wanted);
  assert(error < 2e-4, `${error} of the scale`);
  const ids: number[] = [];
  for await (const { id } of model.generate(inputs, { maxNewTokens: 12, stopTokenIds: [] })) {
    ids.push(id);
  }
  assertEquals(ids, [...int32Tensor(expected, "generated").data]);
}
