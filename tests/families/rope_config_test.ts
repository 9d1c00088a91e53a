import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { sweep, withAnswer } from "../../lib/causal/sweep.ts";
import { decodeVariants } from "../../lib/causal/decode_variants.ts";
import { type JsonObject, JsonReader } from "../../lib/common/json_reader.ts";
import { openCheckpoint } from "../../lib/families/checkpoint.ts";
import { loadModel } from "../../lib/families/load_weights.ts";
import { readRope } from "../../lib/families/rope_config.ts";
import { generate } from "../../lib/model/generate.ts";
import type { VisionLanguageModel } from "../../lib/model/vision_language_model.ts";
import { plainFrequencies } from "../../lib/nn/rope_scaling.ts";
import { goldenCase, goldenDir, relativeError, testKernels } from "../suites/golden.ts";
import { goldenSample } from "../suites/golden_samples.ts";

/** Made by `tools/reference/make_rope_scaling.py`. */
const reference = JSON.parse(
  Deno.readTextFileSync(new URL("../golden/inputs/rope_scaling.json", import.meta.url)),
) as {
  readonly headDim: number;
  readonly frequencies: readonly {
    readonly theta: number;
    readonly maxPositions: number;
    readonly scaling: JsonObject;
    readonly length: number;
    readonly frequencies: readonly number[];
    readonly attentionFactor: number;
  }[];
  readonly logits: readonly {
    readonly family: string;
    readonly case: string;
    readonly maxPositions: number;
    readonly scaling: JsonObject;
    readonly ids: readonly number[];
    readonly logits: readonly number[];
  }[];
};

const { headDim } = reference;

function read(rope_scaling: JsonObject, theta = 10000, maxPositions = 64) {
  const text = new JsonReader({ rope_theta: theta, rope_scaling }, "config.json");
  const rope = readRope(text, headDim, maxPositions, {});
  text.finish();
  return rope;
}

Deno.test("scaled frequencies and their factor are transformers'", () => {
  for (const entry of reference.frequencies) {
    const why = `${JSON.stringify(entry.scaling)}, ${entry.length} positions`;
    const rope = read(entry.scaling, entry.theta, entry.maxPositions);
    const found = rope.ropeScaling!.frequencies(rope, entry.length);
    entry.frequencies.forEach((wanted, i) =>
      assert(Math.abs(found[i] / wanted - 1) < 2e-7, `${why}: ${found[i]} for ${wanted}`)
    );
    assertAlmostEquals(rope.ropeScaling!.attentionFactor, entry.attentionFactor, 1e-12, why);
    const plain = plainFrequencies(rope);
    const kept = entry.scaling["rope_type"] === "dynamic" && entry.length <= entry.maxPositions;
    assertEquals(found.some((x, i) => x !== plain[i]), !kept, why);
  }
});

/** A golden checkpoint with another rotary embedding, as a file would say it. */
async function rescaled(
  family: string,
  maxPositions: number,
  scaling: JsonObject,
): Promise<VisionLanguageModel> {
  const dir = await Deno.makeTempDir();
  try {
    for await (const { name, isFile } of Deno.readDir(goldenDir(family))) {
      if (isFile) await Deno.copyFile(`${goldenDir(family)}/${name}`, `${dir}/${name}`);
    }
    const json = JSON.parse(await Deno.readTextFile(`${dir}/config.json`));
    const text = json.text_config ?? json;
    const { mrope_section, mrope_interleaved } = text.rope_scaling ?? {};
    text.max_position_embeddings = maxPositions;
    text.rope_scaling = { ...scaling, mrope_section, mrope_interleaved };
    await Deno.writeTextFile(`${dir}/config.json`, JSON.stringify(json));
    const checkpoint = await openCheckpoint(dir);
    using source = checkpoint.source;
    return await loadModel(await testKernels(), checkpoint.family, checkpoint.config, source);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

for (const { family, case: name, maxPositions, scaling, ids, logits } of reference.logits) {
  const kind = scaling["rope_type"] ?? scaling["type"];
  Deno.test(`${family}/${name} with ${kind} of ${maxPositions} positions equals transformers`, async () => {
    const model = await rescaled(family, maxPositions, scaling);
    const { inputs } = await goldenCase(family, name);
    const result = await model.forward(inputs);
    assert(relativeError(result.logits!.data, logits) < 2e-4);
    const found: number[] = [];
    const options = { maxNewTokens: ids.length, stopTokenIds: [] };
    for await (const { id } of generate(model, inputs, options)) found.push(id);
    assertEquals(found, ids);
    model.dispose();
  });
}

Deno.test("beyond a dynamic factor's length a prompt in two pieces is turned as the whole", async () => {
  const scaling = { rope_type: "dynamic", factor: 2 };
  const model = await rescaled("qwen3_vl", 20, scaling);
  const sample = await goldenSample("qwen3_vl", "image");
  const options = { maxNewTokens: 4, stopTokenIds: [] };
  const [ids] = await decodeVariants(model, sample, [[]], options);
  const wanted = reference.logits.find((entry) =>
    entry.family === "qwen3_vl" && entry.scaling["rope_type"] === "dynamic"
  )!;
  assertEquals(ids, wanted.ids.slice(0, 4));
  const answer = { ...sample, answerIds: Int32Array.from(ids) };
  const [{ tokenLogProbs }] = await sweep(model, answer, [[]]);
  const { logits } = await model.forward(withAnswer(answer), { logits: "all" });
  const [rows, vocabulary] = logits!.shape;
  ids.forEach((id, i) => {
    const start = (rows - ids.length + i) * vocabulary;
    const row = logits!.data.subarray(start, start + vocabulary);
    const sum = row.reduce((total, x) => total + Math.exp(x - row[id]), 0);
    assertAlmostEquals(tokenLogProbs[i], -Math.log(sum), 1e-4);
  });
  model.dispose();
});

Deno.test("what a scaling lacks or has too much is told by name", () => {
  const wrong = (scaling: JsonObject, message: string) =>
    assertThrows(() => read(scaling), Error, message);
  wrong({ rope_type: "linear" }, "factor");
  wrong({ rope_type: "linear", factor: 0 }, "a number above 0");
  wrong({ rope_type: "proportional" }, "rope_type");
  wrong({ rope_type: "llama3", factor: 8 }, "low_freq_factor");
  wrong({ rope_type: "longrope", short_factor: [1], long_factor: [1] }, "a list of 8 numbers");
  wrong({ rope_type: "yarn", factor: 4, partial_rotary_factor: 0.5 }, "partial_rotary_factor");
  // without its own the factor is the quotient of both lengths
  const { ropeScaling } = read({ rope_type: "yarn", original_max_position_embeddings: 16 });
  assertEquals(ropeScaling?.parameters["factor"], 4);
  assertEquals(read({ type: "mrope" }).ropeScaling, undefined);
});
