import { assert, assertEquals, assertRejects } from "@std/assert";
import { visionDepth } from "../../lib/model/config.ts";
import { goldenCase, goldenModel, hasBfloat16, testKernels } from "../suites/golden.ts";
import {
  assertBelow,
  assertNear,
  driftBound,
  rmsError,
  transformerRoundings,
} from "../suites/near.ts";

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
        assertNear(kernels.readSync(pattern), wanted.data, 1e-5, `pattern of layer ${layer}`);
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
  assertNear(logits, whole.logits!.data.slice(-logits.length), 1e-5, "logits");
  assertEquals(k.tensorCount(), before);
  model.dispose();
});

Deno.test({
  name: "bfloat16 stays near float32 and agrees where the reference is sure",
  ignore: !await hasBfloat16(), // the portable kernels compute in float32 only
  fn: async () => {
    const model = await goldenModel("qwen3_vl_bf16", await testKernels("bfloat16"));
    const { text } = model.config;
    for (const name of ["text", "two_images", "video"]) {
      const golden = await goldenCase("qwen3_vl_bf16", name);
      const wanted = golden.tensor("logits").data as Float32Array;
      const { logits } = await model.forward(golden.inputs, { logits: "all" });
      const layers = text.numHiddenLayers + (name === "text" ? 0 : visionDepth(model.config));
      const bound = driftBound("bfloat16", transformerRoundings(layers));
      assertBelow(rmsError(logits!.data, wanted), bound, `${name}: drift of the logits`);
      const [tokens, vocabulary] = logits!.shape;
      // 8.5 times the drift of one logit is six standard deviations of a difference of two
      const sure = 8.5 * bound *
        Math.sqrt(wanted.reduce((sum, x) => sum + x * x, 0) / wanted.length);
      const best = (row: ArrayLike<number>) => {
        const order = [...Array(vocabulary).keys()].sort((a, b) => row[b] - row[a]);
        return { id: order[0], margin: row[order[0]] - row[order[1]] };
      };
      let compared = 0;
      for (let token = 0; token < tokens; token++) {
        const range = [token * vocabulary, (token + 1) * vocabulary] as const;
        const reference = best(wanted.subarray(...range));
        if (reference.margin < sure) continue;
        const { id } = best(logits!.data.subarray(...range));
        assertEquals(id, reference.id, `${name}: most likely after token ${token}`);
        compared++;
      }
      assert(compared > tokens / 4, `${name}: the reference is sure at ${compared} of ${tokens}`);
    }
    model.dispose();
  },
});
