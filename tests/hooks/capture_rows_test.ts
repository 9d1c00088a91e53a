import { assert, assertEquals, assertRejects } from "@std/assert";
import { type AttentionFunction, denseAttention } from "../../lib/nn/attention.ts";
import { hybridAttention } from "../../lib/sparse/attention.ts";
import { hybridPlan } from "../../lib/sparse/plan.ts";
import { patterns } from "../../lib/sparse/patterns/registry.ts";
import { goldenCase, goldenModel, testKernels } from "../suites/golden.ts";
import { assertNear } from "../suites/near.ts";

const names = ["blocks.*.attn.pattern", "blocks.*.attn.scores"];

/** An attention function, and how often hooks asked it for more than so many rows. */
function watched(attention: AttentionFunction, rows: number) {
  const layers: number[] = [];
  const watching: AttentionFunction = (k, call) => {
    const hooked = call.onScores || call.onPattern;
    if (hooked && call.query.shape[2] > rows) layers.push(call.layer);
    return attention(k, call);
  };
  return { watching, layers };
}

Deno.test("captured rows are those of the whole maps, under dense and hybrid attention, and cost no maps", async () => {
  const kernels = await testKernels();
  const model = await goldenModel("qwen3_vl", kernels);
  const { inputs } = await goldenCase("qwen3_vl", "two_images");
  const tokens = inputs.inputIds.length, before = kernels.tensorCount();
  const rows = [tokens - 1, 0, 5, 6]; // in any order
  const hybrid = hybridAttention(
    hybridPlan(model.grid, [{ layer: 1, head: 2 }], patterns.local({ sink: 2, window: 5 })),
  );
  for (const attention of [denseAttention, hybrid]) {
    const whole = await model.forward(inputs, { capture: { names }, attention });
    const { watching, layers } = watched(attention, 2);
    for (const used of [attention, watching]) {
      const some = await model.forward(inputs, { capture: { names, rows }, attention: used });
      assertEquals([...some.captured.keys()].sort(), [...whole.captured.keys()].sort());
      assertNear(some.logits!.data, whole.logits!.data, 1e-5);
      for (const [name, [{ data, shape }]] of some.captured) {
        assertEquals(shape, [1, model.grid.heads, rows.length, tokens], name);
        const [map] = whole.captured.get(name)!;
        const wanted = Array.from({ length: model.grid.heads }, (_, head) =>
          rows.flatMap((row) => {
            const start = (head * tokens + row) * tokens;
            return [...map.data.subarray(start, start + tokens)];
          })).flat();
        const seen = (value: number) => Math.max(value, -1e9); // hidden however often
        assertNear(data.map(seen), wanted.map(seen), 1e-5, name);
      }
      assertEquals([...some.fireCounts.values()].every((count) => count === 1), true);
    }
    assertEquals(layers, [], "no map was asked for");
  }
  assertEquals(kernels.tensorCount(), before);
  model.dispose();
});

Deno.test("a hook that may replace attention changes captured rows, and only its layer leaves the fast path", async () => {
  const kernels = await testKernels();
  const model = await goldenModel("qwen3_vl", kernels);
  const { inputs } = await goldenCase("qwen3_vl", "text");
  const rows = [3, 4];
  const { watching, layers } = watched(denseAttention, 2);
  const { captured } = await model.forward(inputs, {
    attention: watching,
    hooks: { "blocks.2.attn.pattern": (pattern) => pattern.mul(0.5) },
    capture: { names: ["blocks.*.attn.pattern"], rows },
  });
  assertEquals(layers, [2]);
  const sums = [...captured].map(([, [{ data }]]) => data.reduce((a, b) => a + b, 0));
  const all = model.grid.heads * rows.length;
  assertNear(sums, sums.map((_, layer) => layer === 2 ? all / 2 : all), 1e-5);
  model.dispose();
});

Deno.test("rows that are not there are an error that leaves nothing behind", async () => {
  const kernels = await testKernels();
  const model = await goldenModel("qwen3_vl", kernels);
  const { inputs } = await goldenCase("qwen3_vl", "text");
  const tokens = inputs.inputIds.length, before = kernels.tensorCount();
  for (const row of [tokens, -1, 0.5]) {
    await assertRejects(
      () => model.forward(inputs, { capture: { names, rows: [0, row] } }),
      Error,
      `Cannot capture row ${row} of "blocks.0.attn.scores": it has rows 0 to ${tokens - 1}`,
    );
  }
  assertEquals(kernels.tensorCount(), before);
  assert(tokens > 1);
  model.dispose();
});

Deno.test("a run that gives the last logits computes of the last layer only what is read of it", async () => {
  const kernels = await testKernels();
  const model = await goldenModel("qwen3_vl", kernels);
  const { inputs, tensor } = await goldenCase("qwen3_vl", "image");
  const tokens = inputs.inputIds.length, last = model.grid.layers - 1;
  const wanted = tensor("logits").data.slice(-model.config.text.vocabSize);
  const rowsOfLast = async (options: Parameters<typeof model.forward>[1]) => {
    let rows = 0;
    const attention: AttentionFunction = (k, call) => {
      if (call.layer === last) rows = Math.max(rows, call.query.shape[2]);
      return denseAttention(k, call);
    };
    const { logits } = await model.forward(inputs, { ...options, attention });
    if (logits) assertNear(logits.data.slice(-wanted.length), wanted, 2e-4);
    return rows;
  };
  const nothing = () => {};
  const capture = { names: ["blocks.*.attn.pattern"], rows: [tokens - 3, tokens - 2] };
  assertEquals(await rowsOfLast({}), 1);
  assertEquals(await rowsOfLast({ hooks: { "blocks.0.attn.z": nothing } }), 1);
  assertEquals(await rowsOfLast({ capture }), 3);
  assertEquals(
    await rowsOfLast({ patternRows: { rows: [tokens - 5], onPattern: nothing } }),
    5,
  );
  assertEquals(await rowsOfLast({ logits: "all" }), tokens);
  assertEquals(await rowsOfLast({ hooks: { [`blocks.${last}.resid_post`]: nothing } }), tokens);
  assertEquals(
    await rowsOfLast({ logits: "none", hooks: { "ln_final.normalized": nothing } }),
    tokens,
  );
  assertEquals(await rowsOfLast({ logits: "none" }), 1);
  model.dispose();
});
