import { assertEquals } from "@std/assert";
import { goldenCase, goldenModel, testKernels } from "../suites/golden.ts";
import { assertNear } from "../suites/near.ts";

Deno.test("the last rows alone equal those of a run with all rows, in residual stream and pattern", async () => {
  const kernels = await testKernels();
  const model = await goldenModel("qwen3_vl", kernels);
  const { inputs } = await goldenCase("qwen3_vl", "two_images");
  const before = kernels.tensorCount();
  const tokens = inputs.inputIds.length;
  const rows = [tokens - 4, tokens - 2];
  const run = (lastRows?: number) => {
    const patterns: Float32Array[] = [];
    const residual = model.prefill(inputs, {
      lastRows,
      patternRows: {
        rows,
        onPattern: (_, pattern, k) => patterns.push(k.readSync(pattern) as Float32Array),
      },
    });
    const data = kernels.readSync(residual) as Float32Array;
    kernels.dispose(residual);
    return { data, shape: residual.shape, patterns };
  };
  const all = run();
  for (const lastRows of [4, 7, tokens, tokens + 3]) {
    const last = run(lastRows);
    assertEquals(last.shape[1], Math.min(lastRows, tokens));
    assertNear(last.data, all.data.slice(-last.data.length), 1e-5);
    last.patterns.forEach((pattern, l) => assertNear(pattern, all.patterns[l], 1e-5));
  }
  assertEquals(kernels.tensorCount(), before);
  model.dispose();
});

Deno.test("hooks of the last layer are told where its rows begin", async () => {
  const kernels = await testKernels();
  const model = await goldenModel("qwen3_vl", kernels);
  const { inputs } = await goldenCase("qwen3_vl", "text");
  const tokens = inputs.inputIds.length, last = model.config.text.numHiddenLayers - 1;
  const seen: Record<string, [rows: number, first: number]> = {};
  const points = ["attn.k", "attn.q", "attn.pattern", "attn.z", "resid_post"];
  const hooks = Object.fromEntries(
    points.map((point) => [`blocks.${last}.${point}`, {
      onTensor: (
        x: { shape: readonly number[] },
        _: unknown,
        { firstPosition }: { firstPosition: number },
      ) => {
        seen[point] = [x.shape[point === "attn.pattern" ? 2 : 1], firstPosition];
      },
    }]),
  );
  kernels.dispose(model.prefill(inputs, { hooks, lastRows: 3 }));
  assertEquals(seen, {
    "attn.k": [tokens, 0],
    "attn.q": [3, tokens - 3],
    "attn.pattern": [3, tokens - 3],
    "attn.z": [3, tokens - 3],
    "resid_post": [3, tokens - 3],
  });
  model.dispose();
});
