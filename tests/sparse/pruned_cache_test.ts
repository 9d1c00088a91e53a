/**
 * Decoding under hybrid attention with a cache that holds only what each head needs, against masked
 * dense attention with a whole cache.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../lib/common/errors.ts";
import { gridOf } from "../../lib/common/head_id.ts";
import { generate } from "../../lib/model/generate.ts";
import type { VisionLanguageModel } from "../../lib/model/vision_language_model.ts";
import type { AttentionFunction } from "../../lib/nn/attention.ts";
import { hybridAttention, maskedAttention } from "../../lib/sparse/attention.ts";
import { cacheCost } from "../../lib/sparse/cost.ts";
import type { Pattern } from "../../lib/sparse/patterns/pattern.ts";
import { patterns } from "../../lib/sparse/patterns/registry.ts";
import { hybridPlan, type SparsePlan } from "../../lib/sparse/plan.ts";
import { Random } from "../../lib/stats/random.ts";
import {
  goldenCase,
  goldenModel,
  hasBfloat16,
  relativeError,
  testKernels,
} from "../suites/golden.ts";
import { assertBelow, driftBound, rmsError, transformerRoundings } from "../suites/near.ts";

/** The specification: masked dense attention, which needs all keys. */
const masked = (plan: SparsePlan): AttentionFunction => (k, call) =>
  maskedAttention(k, call, plan.patterns[call.layer]);

/** A plan in which some key-value heads are local, some mixed, some dense and a few strided. */
function mixedPlan(model: VisionLanguageModel, seed: number): SparsePlan {
  const { layers, heads } = gridOf(model.config.text), { numKeyValueHeads } = model.config.text;
  const random = new Random(seed);
  const draw = (): Pattern => {
    const sink = random.integer(6), window = 1 + random.integer(40);
    const kind = random.integer(8);
    if (kind === 0) return patterns.dense();
    return kind === 1
      ? patterns.strided({ sink, window, stride: 3 })
      : patterns.local({ sink, window });
  };
  const group = heads / numKeyValueHeads;
  return {
    patterns: Array.from({ length: layers }, () => {
      const common = draw(); // half of the key-value heads have one pattern
      return Array.from({ length: numKeyValueHeads }, () => random.uniform() < 0.5)
        .flatMap((alike) => Array.from({ length: group }, () => alike ? common : draw()));
    }),
  };
}

/** Prefills with runs of positions of the given lengths, and gives the logits after each. */
function logitsAfter(
  model: VisionLanguageModel,
  lengths: readonly number[],
  attention: AttentionFunction,
): Float32Array[] {
  const { kernels: k, decoder, config } = model;
  const cache = model.newCache(null, attention);
  const axes = config.text.mropeSection ? 3 : 1;
  const random = new Random(lengths.length);
  const found = lengths.map((length) =>
    k.scope(() => {
      const ids = Int32Array.from({ length }, () => random.integer(config.text.vocabSize));
      const positions = Int32Array.from({ length: axes * length }, (_, i) =>
        cache.length + i % length);
      const embeddings = k.reshape(decoder.embed(ids), [1, length, -1]);
      const residual = decoder.forward(embeddings, positions, { cache, attention });
      return k.readSync(decoder.logits(residual)) as Float32Array;
    })
  );
  cache.dispose();
  return found;
}

for (const family of ["qwen2_vl", "qwen3_vl", "llava_onevision", "internvl_qwen3"]) {
  Deno.test(`${family}: decoding with a pruned KV cache equals masked dense attention`, async () => {
    const model = await goldenModel(family);
    const before = model.kernels.tensorCount();
    const run = fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 50 }));
    const runs = fc.tuple(fc.integer({ min: 1, max: 140 }), fc.array(run, { maxLength: 40 }));
    const property = fc.property(runs, fc.nat(), ([prompt, steps], seed) => {
      const plan = mixedPlan(model, seed);
      const lengths = [prompt, ...steps];
      const found = logitsAfter(model, lengths, hybridAttention(plan));
      logitsAfter(model, lengths, masked(plan)).forEach((wanted, i) => {
        const error = relativeError(found[i], wanted);
        assert(error < 1e-4, `after ${lengths.slice(0, i + 1)}: ${error} of the scale`);
      });
    });
    fc.assert(property, { numRuns: 8 });
    assertEquals(model.kernels.tensorCount(), before);
    model.dispose();
  });
}

const local = patterns.local({ sink: 2, window: 8 });

Deno.test("generating takes the same tokens, and the cache holds what the cost model says", async () => {
  const model = await goldenModel("qwen3_vl");
  const { inputs } = await goldenCase("qwen3_vl", "video");
  const { layers, heads } = gridOf(model.config.text);
  const plan = hybridPlan({ layers, heads }, [{ layer: 1, head: 0 }], local);
  const run = async (attention: AttentionFunction) => {
    const cache = model.newCache(null, attention);
    const options = { maxNewTokens: 50, stopTokenIds: [], attention };
    const ids: number[] = [], bytes: number[] = [];
    for await (const { id } of generate(model, inputs, options, cache)) {
      ids.push(id);
      bytes.push(cache.bytes);
    }
    return { ids, bytes };
  };
  const short = await run(hybridAttention(plan)), whole = await run(masked(plan));
  assertEquals(short.ids, whole.ids);
  const prompt = inputs.inputIds.length;
  short.bytes.forEach((bytes, i) => {
    const cost = cacheCost(model.config.text, prompt + i, plan);
    assertEquals(whole.bytes[i], cost.dense);
    const tail = cacheCost(model.config.text, 32, plan).dense; // what gathers until it is shortened
    assert(bytes <= cost.sparse + tail, `${bytes} bytes at step ${i}, ${cost.sparse} are needed`);
  });
  assert(short.bytes.at(-1)! < 0.5 * whole.bytes.at(-1)!);
  model.dispose();
});

Deno.test("where a hook wants the pattern, generating keeps all keys", async () => {
  const model = await goldenModel("qwen3_vl");
  const { inputs } = await goldenCase("qwen3_vl", "text");
  const { layers, heads } = gridOf(model.config.text);
  const plan = hybridPlan({ layers, heads }, [{ layer: 1, head: 0 }], local);
  const attention = hybridAttention(plan);
  const tokens = async (hooked: boolean) => {
    const ids: number[] = [], keys = new Set<number>();
    const hooks = {
      "blocks.2.attn.pattern": (x: { shape: readonly number[] }) => void keys.add(x.shape[3]),
    };
    const options = { maxNewTokens: 20, stopTokenIds: [], attention, ...hooked ? { hooks } : {} };
    for await (const { id } of generate(model, inputs, options)) ids.push(id);
    return { ids, keys: [...keys] };
  };
  const { ids, keys } = await tokens(true);
  assertEquals(ids, (await tokens(false)).ids);
  const prompt = inputs.inputIds.length;
  assertEquals(keys, Array.from({ length: 20 }, (_, i) => prompt + i));
  const cache = model.newCache(null, attention);
  const runHooks = model.runHooks({ "blocks.2.attn.pattern": () => {} });
  const before = model.kernels.tensorCount();
  assertThrows(
    () => model.prefill(inputs, { cache, attention, runHooks }),
    InputError,
    "Cannot show the attention of layer 2",
  );
  cache.dispose();
  assert(model.kernels.tensorCount() <= before);
  model.dispose();
});

Deno.test({
  name: "bfloat16: a pruned KV cache gives the whole cache's logits",
  ignore: !await hasBfloat16(), // the portable kernels compute in float32 only
  fn: async () => {
    const model = await goldenModel("qwen3_vl_bf16", await testKernels("bfloat16"));
    const plan = mixedPlan(model, 5), lengths = [60, ...Array<number>(50).fill(1)];
    const whole: AttentionFunction = (k, call) => hybridAttention(plan)(k, call);
    const wanted = logitsAfter(model, lengths, whole);
    // both runs drift from float32, each in its own way
    const roundings = 2 * transformerRoundings(model.config.text.numHiddenLayers);
    logitsAfter(model, lengths, hybridAttention(plan)).forEach((found, i) =>
      assertBelow(rmsError(found, wanted[i]), driftBound("bfloat16", roundings), `after piece ${i}`)
    );
    model.dispose();
  },
});
