import { assert, assertEquals, assertRejects } from "@std/assert";
import { goldenCase, goldenModel, relativeError, testKernels } from "../suites/golden.ts";

Deno.test("placeholders and features must match in number", async () => {
  const model = await goldenModel("qwen3_vl");
  const { inputs } = await goldenCase("qwen3_vl", "image");
  const without = { ...inputs, media: {} };
  await assertRejects(() => model.forward(without), Error, "Cannot place 0 image features on 6");
  const inputIds = inputs.inputIds.slice();
  inputIds[0] = 100_000;
  await assertRejects(
    () => model.forward({ ...inputs, inputIds }),
    Error,
    "token 100000 at position 0",
  );
  const empty = { ...inputs, inputIds: new Int32Array(), positionIds: new Int32Array() };
  await assertRejects(() => model.forward(empty), Error, "empty prompt");
  model.dispose();
});

Deno.test("pattern rows equal the same rows of the whole pattern at every layer", async () => {
  const k = await testKernels();
  const model = await goldenModel("qwen3_vl", k);
  const { inputs } = await goldenCase("qwen3_vl", "image");
  const { captured } = await model.forward(inputs, {
    logits: "none",
    capture: { names: ["blocks.*.attn.pattern"], rows: [3, 20, 25] },
  });
  const seen: number[] = [];
  await model.forward(inputs, {
    logits: "none",
    patternRows: {
      rows: [3, 20, 25],
      onPattern: (layer, pattern, kernels) => {
        seen.push(layer);
        const wanted = captured.get(`blocks.${layer}.attn.pattern`)![0];
        assertEquals(pattern.shape, wanted.shape);
        assert(relativeError(kernels.readSync(pattern), wanted.data) < 1e-5);
      },
    },
  });
  assertEquals(seen, [0, 1, 2, 3]);
  model.dispose();
});

Deno.test("a prompt in two pieces on a cache gives the logits of the whole", async () => {
  const k = await testKernels();
  const model = await goldenModel("qwen3_vl", k);
  const { inputs } = await goldenCase("qwen3_vl", "image");
  const whole = await model.forward(inputs, { logits: "all" });
  const before = k.tensorCount();
  const tokens = inputs.inputIds.length;
  const cut = 17;
  const positions = (from: number, to: number) =>
    Int32Array.from(
      [0, 1, 2].flatMap((
        axis,
      ) => [...inputs.positionIds.subarray(axis * tokens + from, axis * tokens + to)]),
    );
  const cache = model.newCache();
  const logits = k.scope(() => {
    const { embeddings, deepstack } = model.embedPrompt(inputs);
    const part = (from: number, size: number) => {
      const rows = (x: typeof embeddings) => k.slice(x, [0, from, 0], [-1, size, -1]);
      const options = { cache, deepstack: deepstack.map(rows) };
      return model.decoder.forward(rows(embeddings), positions(from, from + size), options);
    };
    part(0, cut);
    return k.readSync(model.decoder.logits(part(cut, tokens - cut)));
  });
  cache.dispose();
  assert(relativeError(logits, whole.logits!.data.slice(-logits.length)) < 1e-5);
  assertEquals(k.tensorCount(), before);
  model.dispose();
});

Deno.test("bfloat16 stays near float32 and agrees where the reference is sure", async () => {
  const k = await testKernels();
  if (k.name !== "native") return; // the portable kernels compute in float32 only
  const model = await goldenModel("qwen3_vl_bf16", await testKernels("bfloat16"));
  for (const name of ["text", "two_images", "video"]) {
    const golden = await goldenCase("qwen3_vl_bf16", name);
    const wanted = golden.tensor("logits").data as Float32Array;
    const { logits } = await model.forward(golden.inputs, { logits: "all" });
    assert(relativeError(logits!.data, wanted) < 3e-2);
    const [tokens, vocabulary] = logits!.shape;
    const scale = wanted.reduce((top, x) => Math.max(top, Math.abs(x)), 0);
    const best = (row: ArrayLike<number>) => {
      const order = [...Array(vocabulary).keys()].sort((a, b) => row[b] - row[a]);
      return { id: order[0], margin: row[order[0]] - row[order[1]] };
    };
    for (let token = 0; token < tokens; token++) {
      const range = [token * vocabulary, (token + 1) * vocabulary] as const;
      const reference = best(wanted.subarray(...range));
      if (reference.margin < 3e-2 * scale) continue;
      assertEquals(best(logits!.data.subarray(...range)).id, reference.id);
    }
  }
  model.dispose();
});
