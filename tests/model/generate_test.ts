import { assert, assertEquals, assertRejects } from "@std/assert";
import type * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { InputError } from "../../lib/common/errors.ts";
import {
  chooseToken,
  drawToken,
  generate,
  type GenerateOptions,
} from "../../lib/model/generate.ts";
import type { KvCache } from "../../lib/model/kv_cache.ts";
import type { ModelInputs } from "../../lib/model/model_inputs.ts";
import { Random } from "../../lib/stats/random.ts";
import { goldenCase, goldenModel, testKernels } from "../suites/golden.ts";

const logits = Float32Array.of(0, 3, 1, 2);

Deno.test("greedy takes the largest logit, the first on a tie", () => {
  const greedy = (values: number[]) =>
    chooseToken(
      Float32Array.from(values),
      { rules: {}, draws: false },
      { ids: [], promptLength: 0, stop: new Set() },
      new Random(0),
    );
  assertEquals([greedy([0, 3, 1, 2]), greedy([1, 5, 5]), greedy([-1])], [1, 1, 0]);
});

Deno.test("draws follow the softmax, and top-k and top-p keep the likeliest", () => {
  const draw = (options: Record<string, number>) => {
    const random = new Random(7), counts = [0, 0, 0, 0];
    for (let i = 0; i < 4000; i++) {
      counts[drawToken(logits, { temperature: 1, ...options }, random)]++;
    }
    return counts.map((count) => count / 4000);
  };
  const weights = [...logits].map(Math.exp), total = weights.reduce((a, b) => a + b);
  draw({}).forEach((share, i) => assert(Math.abs(share - weights[i] / total) < 0.03));
  assertEquals(draw({ topK: 2 }).map((share) => share > 0), [false, true, false, true]);
  assertEquals(draw({ topP: 0.5 }), [0, 1, 0, 0]); // the likeliest alone holds more than half
  assert(draw({ temperature: 0.1 })[1] > 0.99);
});

Deno.test("a draw is always a token that the options allow", () => {
  const values = fc.array(fc.float({ min: -20, max: 20, noNaN: true }), {
    minLength: 1,
    maxLength: 9,
  });
  fc.assert(fc.property(values, fc.integer({ min: 1, max: 9 }), fc.nat(), (list, topK, seed) => {
    const rules = { temperature: 2, topK };
    const drawn = drawToken(Float32Array.from(list), rules, new Random(seed));
    const better = list.filter((value) => Math.fround(value) > Math.fround(list[drawn])).length;
    assert(better < topK);
  }));
});

Deno.test("the same seed gives the same tokens; decoding stops when told to", async () => {
  const k = await testKernels();
  const model = await goldenModel("qwen3_vl", k);
  const { inputs } = await goldenCase("qwen3_vl", "text");
  const before = k.tensorCount();
  const run = async (options: Record<string, unknown>) => {
    const ids: number[] = [];
    const all = { maxNewTokens: 6, stopTokenIds: [], temperature: 1.5, ...options };
    for await (const { id } of generate(model, inputs, all)) ids.push(id);
    return ids;
  };
  const ids = await run({ seed: 1 });
  assertEquals(await run({ seed: 1 }), ids);
  assert(String(await run({ seed: 2 })) !== String(ids));
  assertEquals(
    await run({ seed: 1, stopTokenIds: [ids[2]] }),
    ids.slice(0, ids.indexOf(ids[2]) + 1),
  );
  assertEquals(await run({ signal: AbortSignal.abort() }), []);
  for await (const _ of generate(model, inputs, { maxNewTokens: 5 })) break; // a reader who leaves early
  assertEquals(k.tensorCount(), before);
  for (
    const wrong of [
      ...[{ maxNewTokens: 0 }, { maxNewTokens: "5" }, { temperature: -1 }, { temperature: "1" }],
      ...[{ topP: 0 }, { topK: 0.5 }, { seed: NaN }, { repetitionPenalty: 0 }, { minP: 2 }],
      ...[{ stopTokenIds: 5 }, { suppressTokens: ["a"] }, { generationConfig: "none" }],
    ]
  ) {
    const error = await assertRejects(() => run(wrong), InputError, "Cannot generate with");
    assert(error.message.includes(Object.keys(wrong)[0]), error.message);
  }
  model.dispose();
});

Deno.test("a cache that is not empty, and a prompt or options of another kind, are refused", async () => {
  const k = await testKernels();
  const model = await goldenModel("qwen3_vl", k);
  const { inputs } = await goldenCase("qwen3_vl", "text");
  const before = k.tensorCount();
  const first = async (prompt: unknown, options: unknown, cache?: KvCache) => {
    const tokens = generate(model, prompt as ModelInputs, options as GenerateOptions, cache);
    return (await tokens.next()).value?.id;
  };
  const cache = model.newCache();
  k.dispose(model.prefill(inputs, { cache }));
  const length = cache.length;
  await assertRejects(
    () => first(inputs, { maxNewTokens: 1 }, cache),
    InputError,
    `a cache of ${length} positions`,
  );
  assertEquals(cache.length, length); // still the caller's, whole
  cache.dispose();
  await assertRejects(() => first(inputs, undefined), InputError, "Cannot generate with undefined");
  const promise = Promise.resolve(inputs);
  await assertRejects(() => first(promise, { maxNewTokens: 1 }), InputError, "await it first");
  const positionIds = inputs.positionIds.subarray(2);
  await assertRejects(
    () => first({ ...inputs, positionIds }, { maxNewTokens: 1 }),
    InputError,
    `at ${positionIds.length} positions`,
  );
  assertEquals(k.tensorCount(), before);
  model.dispose();
});

Deno.test("activations that are not numbers end the decoding with an error, not with token 0", async () => {
  const k = await testKernels();
  const model = await goldenModel("qwen3_vl", k);
  const { inputs } = await goldenCase("qwen3_vl", "text");
  const before = k.tensorCount();
  const hooks = { "blocks.1.resid_post": (x: tf.Tensor) => x.mul(NaN) };
  const tokens = generate(model, inputs, { maxNewTokens: 3, hooks });
  await assertRejects(() => tokens.next(), InputError, "logits are not numbers");
  assertEquals(k.tensorCount(), before);
  model.dispose();
});
