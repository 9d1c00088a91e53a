import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { JsonReader } from "../../lib/common/json_reader.ts";
import { openCheckpoint } from "../../lib/families/checkpoint.ts";
import { loadModel } from "../../lib/families/load_weights.ts";
import { qwen3VlMoe } from "../../lib/families/qwen3_vl_moe.ts";
import type { WeightSource } from "../../lib/weights/weight_source.ts";
import { visionDepth } from "../../lib/model/config.ts";
import { familySuite } from "../suites/family_suite.ts";
import { assertBelow, driftBound, rmsError, transformerRoundings } from "../suites/near.ts";
import { goldenCase, goldenDir, goldenModel, hasBfloat16, testKernels } from "../suites/golden.ts";

familySuite("qwen3_vl_moe");

const config = () => JSON.parse(Deno.readTextFileSync(`${goldenDir("qwen3_vl_moe")}/config.json`));
const read = (change: Record<string, unknown>) => {
  const json = config();
  Object.assign(json.text_config, change);
  const reader = new JsonReader(json, "config.json");
  const result = qwen3VlMoe.readConfig(reader);
  reader.finish();
  return result.text.experts!;
};

Deno.test("the layers with experts are transformers'", () => {
  assertEquals(read({}), {
    ...{ numExperts: 5, numExpertsPerTok: 2, moeIntermediateSize: 8 },
    layers: [0, 2],
  });
  const layers = (step: number, without: number[] | null) =>
    read({ num_hidden_layers: 6, decoder_sparse_step: step, mlp_only_layers: without }).layers;
  assertEquals(layers(1, null), [0, 1, 2, 3, 4, 5]);
  assertEquals(layers(2, []), [1, 3, 5]);
  assertEquals(layers(3, [5]), [2]);
  assertEquals(read({ num_experts: undefined, num_local_experts: 7 }).numExperts, 7);
});

Deno.test("settings that would compute something else are errors", () => {
  assertThrows(() => read({ num_experts_per_tok: 6 }), Error, "at most the 5 experts");
  assertThrows(() => read({ norm_topk_prob: false }), Error, "norm_topk_prob");
  assertThrows(() => read({ shared_expert_intermediate_size: 4 }), Error, "shared_expert");
});

/** The matrices `[E, rows, columns]` of two-byte numbers with rows and columns exchanged. */
function turned(bytes: Uint8Array, [count, rows, columns]: readonly number[]) {
  const from = new Uint16Array(bytes.slice().buffer), to = new Uint16Array(from.length);
  for (let e = 0; e < count; e++) {
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        to[(e * columns + c) * rows + r] = from[(e * rows + r) * columns + c];
      }
    }
  }
  return new Uint8Array(to.buffer);
}

Deno.test("experts as published and as transformers 5 holds them load alike", async () => {
  const kernels = await testKernels();
  const { family, config, source } = await openCheckpoint(goldenDir("qwen3_vl_moe"));
  using open = source;
  const other = ([count, rows, columns]: readonly number[]) => [count, columns, rows];
  const isExperts = (name: string) => name.includes(".mlp.experts.");
  const saved: WeightSource = {
    ...open,
    path: open.path,
    names: () => open.names(),
    info: (name) => {
      const info = open.info(name);
      return isExperts(name) ? { ...info, shape: other(info.shape) } : info;
    },
    readWeight: async (name, shape) => {
      if (!isExperts(name)) return await open.readWeight(name, shape);
      const stored = await open.readWeight(name, other(shape!));
      return { ...stored, bytes: turned(stored.bytes, stored.shape), shape: shape! };
    },
    lying: () => null,
  };
  assertEquals(open.names().filter(isExperts).length, 4);
  const { inputs } = await goldenCase("qwen3_vl_moe", "text");
  const [published, model] = [
    await goldenModel("qwen3_vl_moe", kernels),
    await loadModel(kernels, family, config, saved),
  ];
  const wanted = await published.forward(inputs);
  const found = await model.forward(inputs);
  assertEquals(found.logits!.data, wanted.logits!.data);
  published.dispose();
  model.dispose();
});

Deno.test({
  name: "bfloat16 stays near the reference at most positions",
  ignore: !await hasBfloat16(), // the portable kernels compute in float32 only
  fn: async () => {
    const model = await goldenModel("qwen3_vl_moe", await testKernels("bfloat16"));
    const golden = await goldenCase("qwen3_vl_moe", "image");
    const { logits } = await model.forward(golden.inputs, { logits: "all" });
    model.dispose();
    const wanted = golden.tensor("logits").data as Float32Array;
    const [tokens, vocabulary] = logits!.shape;
    const errors = Array.from({ length: tokens }, (_, token) => {
      const row = [token * vocabulary, (token + 1) * vocabulary] as const;
      return rmsError(logits!.data.subarray(...row), wanted.subarray(...row));
    });
    const roundings = transformerRoundings(
      model.config.text.numHiddenLayers + visionDepth(model.config),
    );
    // rounding may choose another expert where two are nearly as probable, as in transformers
    const median = errors.sort((a, b) => a - b)[Math.floor(tokens / 2)];
    assertBelow(median, driftBound("bfloat16", roundings), "drift at half of the positions");
  },
});

Deno.test("points inside of the feed-forward layer exist where it has no experts", async () => {
  const model = await goldenModel("qwen3_vl_moe");
  const { inputs } = await goldenCase("qwen3_vl_moe", "text");
  const { captured } = await model.forward(inputs, {
    capture: { names: ["blocks.1.mlp.post", "blocks.*.mlp_out"] },
  });
  const tokens = inputs.inputIds.length;
  assertEquals(captured.get("blocks.1.mlp.post")![0].shape, [1, tokens, 28]);
  assertEquals(captured.get("blocks.2.mlp_out")![0].shape, [1, tokens, 24]);
  await assertRejects(
    () => model.forward(inputs, { hooks: { "blocks.2.mlp.post": () => {} } }),
    Error,
    'hook "blocks.2.mlp_out"',
  );
  model.dispose();
});
