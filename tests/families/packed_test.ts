import { assert, assertEquals } from "@std/assert";
import { fromPretrained } from "../../lib/families/pretrained.ts";
import {
  float32Tensor,
  int32Tensor,
  readSafetensorsFile,
} from "../../lib/weights/safetensors_file.ts";
import { goldenCase, relativeError } from "../suites/golden.ts";

for (const kind of ["compressed_tensors", "mlx", "fp8"]) {
  Deno.test(`${kind}: logits and greedy tokens are transformers' on the dequantised weights`, async () => {
    const folder = "tests/golden/packed";
    const expected = await readSafetensorsFile(`${folder}/expected/${kind}.safetensors`);
    const { inputs } = await goldenCase("qwen3_vl", "image");
    using model = await fromPretrained(`${folder}/${kind}`, { backend: "auto", dtype: "float32" });
    const { logits } = await model.forward(inputs, { logits: "all" });
    const wanted = float32Tensor(expected, "logits").data;
    const error = relativeError(logits!.data.subarray(-wanted.length), wanted);
    assert(error < 2e-4, `${error} of the scale`);
    const ids: number[] = [];
    for await (const { id } of model.generate(inputs, { maxNewTokens: 12, stopTokenIds: [] })) {
      ids.push(id);
    }
    assertEquals(ids, [...int32Tensor(expected, "generated").data]);
  });
}
