import { readSafetensorsFile } from "../../lib/weights/safetensors_file.ts";
import { assertAsExpected } from "../suites/checkpoint_files.ts";
import { goldenCase } from "../suites/golden.ts";

for (const kind of ["compressed_tensors", "mlx", "fp8"]) {
  Deno.test(`${kind}: logits and greedy tokens are transformers' on the dequantised weights`, async () => {
    const folder = "tests/golden/packed";
    const expected = await readSafetensorsFile(`${folder}/expected/${kind}.safetensors`);
    const { inputs } = await goldenCase("qwen3_vl", "image");
    await assertAsExpected(`${folder}/${kind}`, inputs, expected);
  });
}
