import { assert, assertEquals } from "@std/assert";
import { registerFusedOps } from "../../lib/backend/native_fused.ts";
import { numericChoices } from "../../lib/backend/numbers.ts";
import { PackedTensor } from "../../lib/backend/native_tensors.ts";
import { tensorFlow } from "../../lib/backend/tensorflow.ts";
import { logitAttribution } from "../../lib/causal/attribution.ts";
import { zeroHeads } from "../../lib/causal/head_mask.ts";
import { intervene } from "../../lib/causal/intervene.ts";
import { fromPretrained, type PretrainedModel } from "../../lib/families/pretrained.ts";
import { openStreamed } from "../../lib/families/stream.ts";
import { valueNorms } from "../../lib/heads/value_norms.ts";
import type { ForwardOptions } from "../../lib/model/run_options.ts";
import { hybridAttention } from "../../lib/sparse/attention.ts";
import { patterns } from "../../lib/sparse/patterns/registry.ts";
import { hybridPlan } from "../../lib/sparse/plan.ts";
import { assertNear } from "../suites/near.ts";

const options = { backend: "auto", dtype: "float32" } as const;
const inputIds = Int32Array.from({ length: 20 }, (_, i) => 3 + 5 * i % 90);
const inputs = {
  inputIds,
  positionIds: inputIds.map((_, i) => i),
  nextPosition: inputIds.length,
  media: {},
};

/** How many of a model's weights are in blocks, in its memory. */
function packedCount({ network, backend }: PretrainedModel): number | null {
  if (backend.backend !== "tensorflow" || !registerFusedOps(tensorFlow())?.packed) return null;
  return [...network.weights.tensors.values()].filter((x) => x instanceof PackedTensor).length;
}

async function generated(model: PretrainedModel): Promise<number[]> {
  const ids: number[] = [];
  for await (const { id } of model.generate(inputs, { maxNewTokens: 8, stopTokenIds: [] })) {
    ids.push(id);
  }
  return ids;
}

for (const name of ["llama", "qwen2", "qwen3"]) {
  const path = `tests/golden/gguf/tiny-${name}.gguf`;
  Deno.test(`${name}: weights that stay in their blocks give what plain ones give`, async () => {
    using packed = await fromPretrained(path, options);
    using plain = await fromPretrained(path, { ...options, unpack: true });
    assertEquals(packedCount(plain) ?? 0, 0);
    assert(packedCount(packed) === null || packedCount(packed)! >= 8, `${packedCount(packed)}`);
    const storage = async ({ network: { kernels } }: PretrainedModel) =>
      (await numericChoices(kernels))["quantised weights"];
    assertEquals(await storage(plain), undefined);
    if (packedCount(packed) !== null) assertEquals(await storage(packed), "in blocks");
    const local = patterns.local({ sink: 2, window: 4 });
    const head = { layer: 0, head: 1 };
    const passes: ForwardOptions[] = [
      {},
      { hooks: { "blocks.0.mlp.post": (x) => x.mul(0.5) } },
      { attention: intervene(packed, [zeroHeads([head])], { inputIds }) },
      { attention: hybridAttention(hybridPlan(packed.grid, [head], local)) },
    ];
    for (const pass of passes) {
      const own: ForwardOptions = {
        ...pass,
        logits: "all",
        capture: { names: ["blocks.*.attn.z", "blocks.*.resid_post"] },
      };
      const [a, b] = await Promise.all([packed, plain].map((model) => model.forward(inputs, own)));
      assertNear(a.logits!.data, b.logits!.data, 1e-5);
      for (const [point, arrays] of b.captured) {
        assertNear(a.captured.get(point)![0].data, arrays[0].data, 1e-5, point);
      }
    }
    assertEquals(await generated(packed), await generated(plain));
  });

  Deno.test(`${name}: matrices of heads and what is made of them see weights in blocks`, async () => {
    using packed = await fromPretrained(path, options);
    using plain = await fromPretrained(path, { ...options, unpack: true });
    const before = packed.network.kernels.tensorCount();
    const head = { layer: 0, head: 1 };
    for (const matrix of ["W_Q", "W_K", "W_V", "W_O"] as const) {
      assertEquals(packed[matrix](head), plain[matrix](head), matrix);
    }
    const [norms, wanted] = await Promise.all(
      [packed, plain].map((model) => valueNorms(model, inputs)),
    );
    assertNear(norms, wanted, 1e-5);
    const [found, parts] = await Promise.all(
      [packed, plain].map((model) => logitAttribution(model, inputs, { token: 7, against: 9 })),
    );
    assertNear(found.heads, parts.heads, 1e-4);
    assertNear(found.mlp, parts.mlp, 1e-4);
    assertEquals(packed.network.kernels.tensorCount(), before, "tensors left over");
  });

  Deno.test(`${name}: streamed layer by layer, weights in blocks give the same`, async () => {
    using packed = await openStreamed(path, options);
    using plain = await openStreamed(path, { ...options, unpack: true });
    const [[a], [b]] = await Promise.all(
      [packed, plain].map((model) => model.forward([{ inputs, options: { logits: "all" } }])),
    );
    assertNear(a.logits!.data, b.logits!.data, 1e-5);
  });
}

for (const kind of ["compressed_tensors", "mlx", "fp8"]) {
  Deno.test(`${kind}: weights that can stay in blocks do, and give what plain ones give`, async () => {
    const path = `tests/golden/packed/${kind}`;
    using packed = await fromPretrained(path, options);
    using plain = await fromPretrained(path, { ...options, unpack: true });
    const count = packedCount(packed);
    assert(count === null || count > 10, `${count}`);
    assertEquals(packedCount(plain) ?? 0, 0);
    const tokens = inputIds.length;
    const positionIds = new Int32Array(3 * tokens).map((_, i) => i % tokens);
    const [a, b] = await Promise.all(
      [packed, plain].map((model) =>
        model.forward({ ...inputs, positionIds }, {
          logits: "all",
          capture: { names: ["blocks.*.attn.z"] },
        })
      ),
    );
    assertNear(a.logits!.data, b.logits!.data, 1e-5);
    for (const [point, arrays] of b.captured) {
      assertNear(a.captured.get(point)![0].data, arrays[0].data, 1e-5, point);
    }
  });
}
