import { assert, assertEquals } from "@std/assert";
import { corelens } from "../suites/command_line.ts";
import { goldenDir } from "../suites/golden.ts";
import { fromPretrained } from "../../lib/families/pretrained.ts";
import { openSafetensors } from "../../lib/weights/safetensors.ts";
import { type TensorToWrite, writeSafetensors } from "../../lib/weights/safetensors_write.ts";

/** Standard output of one command line that succeeds. */
async function output(...args: string[]): Promise<string> {
  const { code, out, err } = await corelens(...args);
  assertEquals(code, 0, `${args.join(" ")}: ${err}`);
  return out;
}

/** A data set of three samples on a golden image. */
async function dataSet(): Promise<string> {
  const folder = await Deno.makeTempDir();
  await Deno.copyFile(
    `${goldenDir("qwen3_vl")}/expected/image_image0.png`,
    `${folder}/image.png`,
  );
  const lines = ["What is it?", "Which colour?", "Where?"].map((question, i) =>
    JSON.stringify({
      ...{ id: `s${i}`, domain: "image", images: ["image.png"], question, answer: "a" },
      ...{ choices: ["a", "b"], evidence: [{ image: 0, box: [0, 0, 40, 40] }] },
    })
  );
  await Deno.writeTextFile(`${folder}/samples.jsonl`, lines.join("\n") + "\n");
  return folder;
}

const folders: readonly (readonly [folder: string, stored: string])[] = [
  ["gguf_multimodal/qwen3_vl", "Q8_0"],
  ["packed/compressed_tensors", "int4 (compressed-tensors)"],
  ["packed/mlx", "int4 (MLX)"],
  ["packed/fp8", "fp8"],
];

for (const [folder, stored] of folders) {
  Deno.test(`info, ask, forward, generate, identify and ablate work on ${folder}`, async () => {
    const model = ["--model", `tests/golden/${folder}`, "--dtype", "float32"];
    const info = JSON.parse(await output("info", ...model.slice(0, 2), "--json"));
    assert(info.stored[stored] > 0, JSON.stringify(info.stored));
    assert(info.bytes < info.unpackedBytes.float32);
    assert(info.memoryBytes.float32 < info.unpackedBytes.float32);
    assert(info.memoryBytes.bfloat16 <= info.memoryBytes.float32);
    const data = await dataSet(), out = await Deno.makeTempDir();
    const image = `${data}/image.png`;
    await output("ask", ...model, "--image", image, "--question", "What is it?");
    const messages = `${goldenDir("qwen3_vl")}/expected/image.json`;
    await output("forward", ...model, "--messages", messages, "--out", `${out}/f.safetensors`);
    const made = await output(
      ...["generate", ...model, "--messages", messages, "--max-new-tokens", "3", "--json"],
      "--ignore-eos",
    );
    assertEquals(JSON.parse(made).token_ids.length, 3);
    const run = [...model, "--dataset", data];
    await output("identify", ...run, "--out", `${out}/heads`);
    const scores = JSON.parse(await Deno.readTextFile(`${out}/heads/scores.json`));
    assertEquals(scores.samples, 3);
    await output("ablate", ...run, "--scores", `${out}/heads`, "--out", `${out}/ablation`);
    const results = JSON.parse(await Deno.readTextFile(`${out}/ablation/results.json`));
    assert(results.length > 0);
    await Promise.all([data, out].map((dir) => Deno.remove(dir, { recursive: true })));
  });
}

/** The golden mixture of experts with one matrix of 24 columns in 8-bit floats. */
async function narrowPacked(folder: string): Promise<void> {
  const golden = goldenDir("qwen3_vl_moe"),
    module = "model.language_model.layers.0.self_attn.q_proj";
  const files = ["tokenizer.json", "tokenizer_config.json", "preprocessor_config.json"];
  for (const name of files) await Deno.copyFile(`${golden}/${name}`, `${folder}/${name}`);
  const config = JSON.parse(await Deno.readTextFile(`${golden}/config.json`));
  const quantization_config = { quant_method: "fp8", activation_scheme: "static" };
  await Deno.writeTextFile(
    `${folder}/config.json`,
    JSON.stringify({ ...config, quantization_config }),
  );
  using source = await openSafetensors(golden);
  const tensors: Record<string, TensorToWrite> = {};
  for (const name of source.names()) {
    const { dtype, shape } = source.info(name);
    tensors[name] = { dtype, shape, data: await source.read(name) };
  }
  tensors[`${module}.weight`] = {
    ...{ dtype: "F8_E4M3", shape: [32, 24] } as const,
    data: Uint8Array.from({ length: 32 * 24 }, (_, i) => i % 100),
  };
  tensors[`${module}.weight_scale`] = { shape: [], data: Float32Array.of(0.1) };
  tensors[`${module}.input_scale`] = { shape: [], data: Float32Array.of(1) };
  await writeSafetensors(`${folder}/model.safetensors`, tensors, { format: "pt" });
}

Deno.test("info says which packed weights become plain numbers in memory", async () => {
  const folder = await Deno.makeTempDir();
  await narrowPacked(folder);
  const info = async (model: string) =>
    JSON.parse(await output("info", "--model", model, "--json"));
  assertEquals((await info(folder)).dequantised, { fp8: 1 });
  assert((await output("info", "--model", folder)).includes("dequantised     fp8 1"));
  assertEquals((await info("tests/golden/packed/fp8")).dequantised, {});
  using model = await fromPretrained(folder, { backend: "auto", dtype: "float32" });
  const inputIds = Int32Array.of(3, 5, 7), positions = [0, 1, 2];
  const positionIds = Int32Array.from([...positions, ...positions, ...positions]);
  const prompt = { inputIds, positionIds, nextPosition: 3, media: {} };
  const { logits } = await model.forward(prompt, { logits: "all" });
  assert(logits!.data.every(Number.isFinite));
  await Deno.remove(folder, { recursive: true });
});
