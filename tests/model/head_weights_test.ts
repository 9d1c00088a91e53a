import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { fromPretrained } from "../../lib/families/pretrained.ts";
import { goldenDir } from "../suites/golden.ts";
import { readSafetensorsFile } from "../../lib/weights/safetensors_file.ts";

/** `[D, H]` of one head from a stored projection `[heads * H, D]`, by indices alone. */
function headOf(
  stored: ArrayLike<number>,
  width: number,
  size: number,
  head: number,
): Float32Array {
  const own = new Float32Array(width * size);
  for (let d = 0; d < width; d++) {
    for (let h = 0; h < size; h++) own[d * size + h] = stored[(head * size + h) * width + d];
  }
  return own;
}

// qwen3_vl: a head dimension other than width / heads, and gains of query and key, which are applied
// in the tables of the rotary embedding; llava: LLaMA, with names of another layout
const families = {
  qwen3_vl: ["model.language_model.layers.2.self_attn", "lm_head.weight"],
  llava: ["language_model.model.layers.2.self_attn", "language_model.lm_head.weight"],
} as const;
for (const [family, [prefix, head]] of Object.entries(families)) {
  Deno.test(`${family}: weights of heads are the checkpoint's own`, async () => {
    using model = await fromPretrained(goldenDir(family), { dtype: "float32" });
    const { tensors } = await readSafetensorsFile(`${goldenDir(family)}/model.safetensors`);
    const stored = (name: string) => tensors.get(name)!.data as Float32Array;
    const { hiddenSize: width, headDim: size, numAttentionHeads: heads, vocabSize } =
      model.config.text;
    const query = stored(`${prefix}.q_proj.weight`), out = stored(`${prefix}.o_proj.weight`);
    for (let h = 0; h < heads; h++) {
      const id = { layer: 2, head: h }, group = Math.floor(h / 2);
      assertEquals(model.W_Q(id), { shape: [width, size], data: headOf(query, width, size, h) });
      for (const [role, found] of [["k", model.W_K(id)], ["v", model.W_V(id)]] as const) {
        const own = headOf(stored(`${prefix}.${role}_proj.weight`), width, size, group);
        assertEquals(found, { shape: [width, size], data: own });
      }
      assertEquals(model.W_K({ layer: 2, group }), model.W_K(id));
      const back = model.W_O(id);
      assertEquals(back.shape, [size, width]);
      for (let i = 0; i < size * width; i++) {
        const row = Math.floor(i / width), column = i % width;
        assertEquals(back.data[i], out[column * heads * size + h * size + row]);
      }
    }
    const unembedding = stored(head), some = model.W_U([5, 0]);
    assertEquals(model.W_U().shape, [width, vocabSize]);
    assertEquals(some.shape, [width, 2]);
    for (let d = 0; d < width; d++) {
      assertEquals([...some.data.slice(2 * d, 2 * d + 2)], [
        unembedding[5 * width + d],
        unembedding[d],
      ]);
      assertEquals(model.W_U([7]).data[d], unembedding[7 * width + d]);
    }
    for (
      const wrong of [
        () => model.W_Q({ layer: 9, head: 0 }),
        () => model.W_K({ layer: 0, group: 2 }),
        () => model.W_V({ layer: 0, head: 4 }),
        () => model.W_U([vocabSize]),
      ]
    ) assertThrows(wrong, InputError, "Cannot read");
  });
}

Deno.test("a model that was disposed of says so, whatever is asked of it", async () => {
  const model = await fromPretrained(goldenDir("qwen3_vl"));
  const prompt = await model.prepare([{ role: "user", content: "How many?" }]);
  model.dispose();
  const uses = [
    () => model.forward(prompt),
    () => model.ask({ question: "How many?" }),
    () => Promise.resolve().then(() => model.W_Q({ layer: 0, head: 0 })),
    () => Promise.resolve().then(() => model.W_U()),
  ];
  for (const use of uses) {
    const message = await use().then(() => "nothing", (error) => `${error.name}: ${error.message}`);
    assert(
      /^InputError: .*it was disposed of, its weights are freed; load it again/.test(message),
      message,
    );
  }
});
