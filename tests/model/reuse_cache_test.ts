import { assert, assertEquals, assertThrows } from "@std/assert";
import { ReuseCache } from "../../lib/model/reuse_cache.ts";
import { SharedPrefix } from "../../lib/model/shared_prefix.ts";
import type { VisionLanguageModel } from "../../lib/model/vision_language_model.ts";
import { denseAttention } from "../../lib/nn/attention.ts";
import { goldenCase, goldenModel, testKernels } from "../suites/golden.ts";

/** Counts how often a model's vision tower runs. */
function towerRuns({ vision }: VisionLanguageModel): () => number {
  let runs = 0;
  const encode = vision!.encodeMedia.bind(vision);
  vision!.encodeMedia = (...given) => (runs++, encode(...given));
  return () => runs;
}

for (const family of ["qwen3_vl", "qwen2_vl", "llava_next"]) {
  Deno.test(`${family}: a prefix that is reused gives the same bits as one that is run`, async () => {
    const kernels = await testKernels();
    const model = await goldenModel(family, kernels);
    const runs = towerRuns(model);
    const { inputs } = await goldenCase(family, "image");
    const tokens = inputs.inputIds.length, before = kernels.tensorCount();
    const logits = (cut: number, reuse?: ReuseCache) => {
      using prefix = new SharedPrefix(model, inputs, cut, { reuse });
      const cache = model.newCache(prefix.cache);
      const out = kernels.scope(() =>
        model.decoder.logits(model.decoder.forward(prefix.rest.embeddings, prefix.restPositions, {
          cache,
          deepstack: prefix.rest.deepstack,
        }))
      );
      const data = kernels.readSync(out);
      kernels.dispose(out);
      cache.dispose();
      return [...data];
    };
    const visual = inputs.inputIds.lastIndexOf(model.config.imageTokenId);
    for (const cut of [visual - 1, visual + 1, tokens - 1]) { // within the image, and after it
      const wanted = logits(cut);
      const alone = runs();
      {
        using reuse = new ReuseCache(1e9);
        for (let i = 0; i < 3; i++) assertEquals(logits(cut, reuse), wanted);
        assertEquals(reuse.counts.prefixes, 1);
        assertEquals(reuse.counts.prefixesReused, 2);
        assertEquals(runs() - alone, 1);
      }
      using none = new ReuseCache(0);
      for (let i = 0; i < 2; i++) assertEquals(logits(cut, none), wanted);
      assertEquals([runs() - alone, none.counts.prefixesReused], [3, 0]);
    }
    assertEquals(kernels.tensorCount(), before);
    model.dispose();
  });
}

Deno.test("a prefix is another one where tokens, positions, media or attention differ", async () => {
  const kernels = await testKernels();
  const model = await goldenModel("qwen3_vl", kernels);
  const { inputs } = await goldenCase("qwen3_vl", "image");
  using reuse = new ReuseCache();
  const key = (changed: Partial<typeof inputs> = {}, length = 9, attention = denseAttention) =>
    reuse.prefixKey(model, { ...inputs, ...changed }, length, attention);
  const changedAt = (data: Int32Array, place: number) =>
    data.map((value, i) => i === place ? value + 1 : value);
  const pixels = inputs.media.pixel_values, tokens = inputs.inputIds.length;
  const media = {
    ...inputs.media,
    pixel_values: { ...pixels, data: pixels.data.map((value, i) => i === 5 ? value + 1 : value) },
  } as typeof inputs.media;
  const keys = [
    key(),
    key({ inputIds: changedAt(inputs.inputIds, 8) }),
    key({ positionIds: changedAt(inputs.positionIds, tokens + 8) }),
    key({ media }),
    key({}, 10),
    key({}, 9, (k, call) => denseAttention(k, call)),
  ];
  assertEquals(new Set(keys).size, keys.length);
  // what follows plays no part
  assertEquals(key({ inputIds: changedAt(inputs.inputIds, 9) }), keys[0]);
  assertEquals(key({ positionIds: changedAt(inputs.positionIds, tokens - 1) }), keys[0]);
  model.dispose();
});

Deno.test("hooks see everything: nothing is reused with them; errors leave nothing behind", async () => {
  const kernels = await testKernels();
  const model = await goldenModel("qwen3_vl", kernels);
  const runs = towerRuns(model);
  const { inputs } = await goldenCase("qwen3_vl", "image");
  const before = kernels.tensorCount();
  {
    using reuse = new ReuseCache();
    let fired = 0;
    for (let i = 0; i < 2; i++) {
      const hooks = model.runHooks({ "blocks.3.mlp_out": () => void fired++ });
      using _prefix = new SharedPrefix(model, inputs, 9, { reuse, hooks });
    }
    assertEquals([fired, runs(), reuse.memory.size], [2, 2, 0]);
    const wrong = { ...inputs, inputIds: inputs.inputIds.map(() => 1 << 20) };
    assertThrows(
      () => new SharedPrefix(model, wrong, 2, { reuse }),
      Error,
      "the vocabulary has ids",
    );
    using kept = new SharedPrefix(model, inputs, 9, { reuse });
    assert(kept.cache.bytes > 0);
    const tail = inputs.inputIds.map((id, i) => i < 9 ? id : 1 << 20);
    assertThrows(
      () => new SharedPrefix(model, { ...inputs, inputIds: tail }, 9, { reuse }),
      Error,
      "the vocabulary has ids",
    );
  }
  assertEquals(kernels.tensorCount(), before);
  model.dispose();
});
