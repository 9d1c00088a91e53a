import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { checkHeads } from "../../lib/common/head_id.ts";
import { fromPretrained } from "../../lib/families/pretrained.ts";
import { shippedOrGiven } from "../../lib/families/shipped.ts";
import { goldenCase, goldenDir } from "../suites/golden.ts";

const dir = goldenDir("qwen3_vl");

Deno.test("a checkpoint is loaded, answers, and frees everything", async () => {
  const progress: [string, number, number][] = [];
  const model = await fromPretrained(dir, { onProgress: (...step) => progress.push(step) });
  assertEquals(progress.at(-1)![1], progress.at(-1)![2]);
  const golden = await goldenCase("qwen3_vl", "image");
  const { messages } = golden.json as { messages: Parameters<typeof model.prepare>[0] };
  const prompt = await model.prepare(messages, { mediaDir: `${dir}/expected` });
  assertEquals(prompt.inputIds, golden.inputs.inputIds);
  const texts: string[] = [];
  const { answer, tokenIds } = await model.ask(
    { images: [`image_image0.png`], question: "What is this?" },
    { mediaDir: `${dir}/expected`, maxNewTokens: 5, onText: (text) => texts.push(text) },
  );
  assert(tokenIds.length <= 5 && texts.length === tokenIds.length);
  assertEquals(texts.at(-1)?.trim() ?? "", answer);
  model.dispose();
  assertEquals(model.network.weights.tensors.size, 0);
});

Deno.test("a missing directory, a wrong head and an absent shipped model are clear errors", async () => {
  await assertRejects(() => fromPretrained("no/such/dir/here"), Error, "Cannot open model");
  using model = await fromPretrained(dir);
  assertThrows(
    () => checkHeads([{ layer: 4, head: 0 }], model.grid, "mask"),
    Error,
    "layers are 0 to 3",
  );
  checkHeads([{ layer: 3, head: 3 }], model.grid, "mask");
  assertEquals(shippedOrGiven(dir), dir);
});

Deno.test("what is no name, and a model that was disposed of, are told", async () => {
  for (const wrong of [3, null, undefined, {}, [dir]]) {
    await assertRejects(() => fromPretrained(wrong as never), InputError, "as a model");
  }
  const model = await fromPretrained(dir);
  const prompt = await model.prepare([{ role: "user", content: "Hi" }]);
  model.dispose();
  await assertRejects(() => model.forward(prompt), InputError, "disposed of");
  await assertRejects(() => model.answer(prompt, { maxNewTokens: 1 }), InputError, "disposed of");
});

Deno.test("a prompt that cannot be used ends the loading before the weights are read", async () => {
  const seen: string[] = [];
  const wide = { width: 60000, height: 1, data: new Uint8Array(180000) };
  const loading = fromPretrained(goldenDir("llava"), {
    onProgress: (stage) => seen.push(stage),
    beforeWeights: async ({ processor }) => {
      await processor.prepareQuestion({ images: [wide], question: "What?" });
    },
  });
  await assertRejects(() => loading, InputError, "less extreme shape");
  assertEquals(seen, []);
});

Deno.test("options of other programs and addresses of the hub say what they are here", async () => {
  const load = (name: string, options = {}) => () => fromPretrained(name, options as never);
  const cases: readonly (readonly [() => Promise<unknown>, string])[] = [
    [load(dir, { device: "cuda" }), 'there is no option "device"; nearest: backend'],
    [load(dir, { torch_dtype: "auto" }), 'there is no option "torch_dtype"; nearest: dtype'],
    [load(dir, { device_map: "auto" }), "nearest: backend"],
    [load(dir, { followlinks: true }), "nearest: followLinks"],
    [load("https://huggingface.co/Qwen/Qwen3-VL-4B-Instruct/tree/main"), 'id "Qwen/Qwen3-VL-4B-'],
  ];
  for (const [call, message] of cases) await assertRejects(call, InputError, message);
  using model = await fromPretrained(dir, { dtype: "float32" });
  const { inputs } = await goldenCase("qwen3_vl", "text");
  const forward = (options: object) => () => model.forward(inputs, options as never);
  await assertRejects(forward({ output_attentions: true }), InputError, "nearest: capture");
  await assertRejects(forward({ hook: {} }), InputError, "nearest: hooks");
  const generate = () => model.generate(inputs, undefined as never).next();
  await assertRejects(generate, InputError, "wanted an object such as { maxNewTokens: 64 }");
});
