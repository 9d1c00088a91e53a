import { assert, assertEquals } from "@std/assert";
import { corelens } from "../suites/command_line.ts";
import { goldenDir } from "../suites/golden.ts";

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
