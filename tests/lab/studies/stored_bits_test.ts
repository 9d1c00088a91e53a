import { assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../../lib/common/errors.ts";
import { storedBits } from "../../../lab/studies/stored_bits.ts";

Deno.test("stored bits: bfloat16 has sixteen in every part", async () => {
  const { attention, feedForward, embedding } = await storedBits("tests/golden/qwen3_vl_bf16");
  for (const part of [attention, feedForward, embedding]) {
    assertEquals(part, { bits: 16, formats: ["BF16"] });
  }
});

Deno.test("stored bits: of MLX's groups of 32 inputs, 4 bits and two numbers of 16", async () => {
  const { attention, feedForward } = await storedBits("tests/golden/packed/mlx");
  assertEquals(attention, { bits: 4 + 32 / 32, formats: ["int4 (MLX)"] });
  assertEquals(feedForward.bits, 5);
});

Deno.test("stored bits: of a GGUF file", async () => {
  const { attention, bytes } = await storedBits("tests/golden/gguf/tiny-llama.gguf");
  assertEquals([attention.bits > 1, bytes > 0], [true, true]);
});

Deno.test("stored bits: files without a part are refused", async () => {
  await assertRejects(() => storedBits("data/models/smollm2-vision-tower"), InputError);
});
