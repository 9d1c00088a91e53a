import { assertEquals, assertThrows } from "@std/assert";
import { positionsOf, SharedPrefix } from "../../lib/model/shared_prefix.ts";
import { goldenCase, goldenModel, testKernels } from "../suites/golden.ts";
import { assertNear } from "../suites/near.ts";

Deno.test("positions of a stretch of tokens, on every axis", () => {
  const positions = Int32Array.of(0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23);
  assertEquals([...positionsOf(positions, 4, 1, 3)], [1, 2, 11, 12, 21, 22]);
  assertEquals([...positionsOf(positions, 4, 0, 4)], [...positions]);
  assertEquals([...positionsOf(Int32Array.of(4, 5), 2, 1, 1)], []);
});

Deno.test("prefix and rest give transformers' logits wherever the prompt is cut, also from a batch", async () => {
  const kernels = await testKernels();
  const model = await goldenModel("qwen3_vl", kernels);
  const golden = await goldenCase("qwen3_vl", "two_images");
  const wanted = golden.tensor("logits");
  const tokens = golden.inputs.inputIds.length;
  const before = kernels.tensorCount();
  for (const cut of [0, 1, 9, tokens - 1]) {
    using prefix = new SharedPrefix(model, golden.inputs, cut);
    assertEquals(prefix.cache.length, cut);
    for (const batch of [1, 3]) {
      const cache = model.newCache(prefix.cache);
      const logits = kernels.scope(() => {
        const wide = (x: typeof prefix.rest.embeddings) => kernels.broadcastBatch(x, batch);
        const residual = model.decoder.forward(wide(prefix.rest.embeddings), prefix.restPositions, {
          cache,
          deepstack: prefix.rest.deepstack.map(wide),
        });
        return model.decoder.logits(residual);
      });
      const found = kernels.readSync(logits) as Float32Array;
      kernels.dispose(logits);
      cache.dispose();
      const rest = wanted.data.slice(cut * wanted.shape[1]);
      for (let row = 0; row < batch; row++) {
        const own = found.subarray(row * rest.length, (row + 1) * rest.length);
        assertNear(own, rest, 2e-4);
      }
    }
  }
  assertEquals(kernels.tensorCount(), before);
  model.dispose();
});

Deno.test("a prefix that leaves no rest is an error and leaves nothing behind", async () => {
  const kernels = await testKernels();
  const model = await goldenModel("qwen3_vl", kernels);
  const { inputs } = await goldenCase("qwen3_vl", "text");
  const before = kernels.tensorCount();
  const tokens = inputs.inputIds.length;
  for (const length of [tokens, -1, 1.5]) {
    assertThrows(
      () => new SharedPrefix(model, inputs, length),
      Error,
      `Cannot run the first ${length} of ${tokens} tokens as a prefix`,
    );
  }
  const wrong = { ...inputs, inputIds: inputs.inputIds.map(() => 1 << 20) };
  assertThrows(() => new SharedPrefix(model, wrong, 2), Error, "the vocabulary has ids");
  assertEquals(kernels.tensorCount(), before);
  model.dispose();
});
