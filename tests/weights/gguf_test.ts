import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../lib/common/errors.ts";
import { widenToFloat32 } from "../../lib/backend/widen.ts";
import { ggufHeader } from "../../lib/weights/gguf_files.ts";
import { openGguf } from "../../lib/weights/gguf.ts";
import { halvesOrder, huggingFaceName } from "../../lib/weights/gguf_text_weights.ts";
import { openWeights } from "../../lib/weights/weights.ts";

const tiny = "tests/golden/gguf/tiny-llama.gguf";

Deno.test("huggingFaceName: names of layers, of the rest, and of nothing", () => {
  assertEquals(huggingFaceName("output.weight"), "lm_head.weight");
  assertEquals(
    huggingFaceName("blk.12.ffn_down.weight"),
    "model.layers.12.mlp.down_proj.weight",
  );
  assertEquals(huggingFaceName("blk.0.attn_k.bias"), "model.layers.0.self_attn.k_proj.bias");
  for (const name of ["rope_freqs.weight", "blk.x.attn_q.weight", "blk.0.toString.weight", ""]) {
    assertEquals(huggingFaceName(name), null);
  }
});

Deno.test("halvesOrder: undoes llama.cpp's reshape(heads, 2, H/2).swapaxes(1, 2)", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 5 }),
      (heads, half, width) => {
        const rows = Float32Array.from({ length: heads * 2 * half * width }, (_, i) => i);
        const stored = new Float32Array(rows.length);
        for (let head = 0; head < heads; head++) {
          for (let h = 0; h < 2; h++) {
            for (let i = 0; i < half; i++) {
              const from = ((head * 2 + h) * half + i) * width;
              const to = ((head * half + i) * 2 + h) * width;
              stored.set(rows.subarray(from, from + width), to);
            }
          }
        }
        assertEquals(halvesOrder(stored, heads, width), rows);
      },
    ),
  );
});

Deno.test("openGguf: every tensor has a name, a shape and finite values of that size", async () => {
  using weights = await openWeights(tiny);
  assertEquals(weights.names().length, 2 * 9 + 3);
  assert(weights.has("lm_head.weight") && !weights.has("output.weight"));
  for (const name of weights.names()) {
    const { shape, byteLength } = weights.info(name);
    const { bytes, dtype } = await weights.readWeight(name, shape);
    assertEquals(bytes.length, byteLength);
    const values = widenToFloat32(bytes, dtype);
    assert(values.length === shape.reduce((a, b) => a * b) && values.every(Number.isFinite), name);
  }
});

Deno.test("openGguf: a wrong name or shape is an error that says what there is", async () => {
  using weights = await openGguf(tiny);
  await assertRejects(() => weights.read("model.norm.wieght"), InputError, '"model.norm.weight"');
  await assertRejects(() => weights.readWeight("model.norm.weight", [65]), InputError, "[65]");
  await assertRejects(() => openGguf("tests/golden/gguf/none.gguf"), InputError, "no such file");
  await assertRejects(() => openGguf("tests/golden/gguf"), InputError, "not a file");
});

Deno.test("openGguf: a file that became shorter is an error, not half a tensor", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.copyFile(tiny, `${folder}/a.gguf`);
  using weights = await openGguf(`${folder}/a.gguf`);
  await Deno.truncate(`${folder}/a.gguf`, 100_000);
  await assertRejects(() => weights.read("lm_head.weight"), InputError, "truncated");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("openGguf: fuzzed files end in weights or in an InputError", async () => {
  const whole = await Deno.readFile(tiny);
  const folder = await Deno.makeTempDir();
  const change = fc.record({
    at: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 12000 })),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 9 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { minLength: 1, maxLength: 4 }),
      fc.option(fc.integer({ min: 0, max: whole.length }), { freq: 3 }),
      async (changes, length) => {
        const bytes = whole.slice(0, length ?? whole.length);
        for (const { at, bytes: own } of changes) {
          if (at + own.length <= bytes.length) bytes.set(own, at);
        }
        await Deno.writeFile(`${folder}/fuzzed.gguf`, bytes);
        try {
          using weights = await openGguf(`${folder}/fuzzed.gguf`);
          for (const name of weights.names()) await weights.read(name);
        } catch (error) {
          if (!(error instanceof InputError)) throw error;
          assert(error.message.length < 600, error.message);
        }
      },
    ),
    { numRuns: 200 },
  );
  await Deno.remove(folder, { recursive: true });
});

Deno.test("matrices in two bytes are handed on as they lie in the file", async () => {
  const path = "tests/golden/gguf_multimodal/qwen3_vl";
  using weights = await openGguf(path);
  const { tensors } = await ggufHeader(`${path}/mmproj.gguf`);
  const { offset, byteLength } = tensors.get("v.blk.0.attn_qkv.weight")!;
  const name = "model.visual.blocks.0.attn.qkv.weight";
  const { bytes, dtype } = await weights.readWeight(name);
  const file = await Deno.readFile(`${path}/mmproj.gguf`);
  assertEquals(dtype, "F16");
  assertEquals(bytes, file.slice(offset, offset + byteLength));
  assertEquals(weights.info(name).byteLength, byteLength);
  assertEquals(weights.info("model.visual.blocks.0.norm1.weight").dtype, "F32");
});
