import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { useBackend } from "../../../lib/backend/select.ts";
import { widenToFloat32 } from "../../../lib/backend/widen.ts";
import { fromPretrained, type PretrainedModel } from "../../../lib/families/pretrained.ts";
import { Random } from "../../../lib/stats/random.ts";
import { readCheckpointJson } from "../../../lib/weights/checkpoint_files.ts";
import { float32Tensor, readSafetensorsFile } from "../../../lib/weights/safetensors_file.ts";
import { type TensorToWrite, writeSafetensors } from "../../../lib/weights/safetensors_write.ts";
import { openWeights } from "../../../lib/weights/weights.ts";
import type { Photograph } from "../../../lab/pages/photographs.ts";
import { assembleLlava } from "../../../lab/training/assemble_llava.ts";
import { imageTowerInTraining, ThroughDecoder } from "../../../lab/training/through_decoder.ts";
import { photographPrompt, trainThrough } from "../../../lab/training/train_through.ts";
import { saveVisionTower } from "../../../lab/training/vision_tower_files.ts";
import {
  visionTowerConfig,
  VisionTowerParameters,
} from "../../../lab/training/vision_tower_model.ts";

await useBackend("auto");

const width = 64, rows = 384, pad = 330, folder = await Deno.makeTempDir();

/**
 * A tiny Qwen2 in Hugging Face's layout whose tokenizer has a placeholder for images within a table that is larger
 * than its vocabulary, as Qwen's are.
 */
async function tinyQwen(gguf: string, out: string): Promise<void> {
  await Deno.mkdir(out);
  const [config, tokenizer, tokenizerConfig] = await Promise.all(
    ["config.json", "tokenizer.json", "tokenizer_config.json"].map((file) =>
      readCheckpointJson(gguf, file)
    ),
  ) as Record<string, unknown>[];
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false };
  const more = { id: pad, content: "<|image_pad|>", ...flags, special: true };
  const added = [...tokenizer.added_tokens as unknown[], more];
  const files = {
    "config.json": { ...config, architectures: ["Qwen2ForCausalLM"], vocab_size: rows },
    "tokenizer.json": { ...tokenizer, added_tokens: added },
    "tokenizer_config.json": tokenizerConfig,
  };
  for (const [name, json] of Object.entries(files)) {
    await Deno.writeTextFile(`${out}/${name}`, JSON.stringify(json));
  }
  using source = await openWeights(gguf);
  const tensors: Record<string, TensorToWrite> = {};
  for (const name of source.names()) {
    const { bytes, dtype, shape } = await source.readWeight(name);
    const values = widenToFloat32(bytes, dtype);
    if (name === "lm_head.weight") continue; // tied
    const table = name === "model.embed_tokens.weight", random = new Random(name);
    const data = table
      ? Float32Array.from({ length: rows * width }, (_, i) => values[i] ?? random.normal(0, 0.1))
      : values;
    tensors[name] = { shape: table ? [rows, width] : shape, data, dtype: "BF16" };
  }
  await writeSafetensors(`${out}/model.safetensors`, tensors, { format: "pt" });
}

const tower = () =>
  new VisionTowerParameters(visionTowerConfig, width, new Float32Array(width).fill(0.1), 1);
const first = tower(), base = `${folder}/base`;
await tinyQwen("tests/golden/gguf/tiny-qwen2.gguf", base);
await saveVisionTower(`${folder}/tower`, first, 1, new Int32Array(0), []);
first.dispose();
await assembleLlava(base, `${folder}/tower`, `${folder}/model`);

/** Squares of noise with names. */
const photographs: readonly Photograph[] = Array.from({ length: 10 }, (_, i) => {
  const random = new Random(i);
  const data = Uint8Array.from({ length: 20 * 20 * 4 }, () => random.integer(256));
  const name = `thing${"abcdefghij"[i]}`;
  return { name, caption: "", file: "", kind: "train", image: { width: 20, height: 20, data } };
});

const load = () => fromPretrained(`${folder}/model`, { dtype: "float32" });

Deno.test("visual tokens stand at the placeholder that Qwen has, and its weights are its own", async () => {
  using model = await load();
  assertEquals([model.config.imageTokenId, model.config.text.vocabSize], [pad, rows]);
  const whole = await readSafetensorsFile(`${folder}/model/model.safetensors`);
  const alone = await readSafetensorsFile(`${base}/model.safetensors`);
  for (const name of alone.tensors.keys()) {
    const found = float32Tensor(whole, `language_model.${name}`).data;
    assertEquals(found, float32Tensor(alone, name).data, name);
  }
  assert([...alone.tensors.keys()].some((name) => name.endsWith("q_proj.bias")), "as Qwen2 has");
  const { inputs } = await photographPrompt(model, photographs, 0);
  assertEquals(inputs.inputIds.filter((id) => id === pad).length, 64);
  const text = model.processor.tokenizer.decode([...inputs.inputIds]);
  assert(text.includes("You are Qwen"), text);
});

/** Loss of a prompt with the projector's bias moved along a direction. */
async function lossAt(model: PretrainedModel, direction: Float32Array, length: number) {
  const parameters = tower();
  const through = new ThroughDecoder(
    model.network,
    imageTowerInTraining(model.network, parameters),
  );
  const bias = parameters.get("projector.linear_2.bias");
  bias.assign(tf.tensor(bias.dataSync().map((x, i) => x + length * direction[i])));
  const { loss, gradients } = await through.gradients(
    await photographPrompt(model, photographs, 1),
  );
  const slope = gradients["projector.linear_2.bias"].dataSync().slice() as Float32Array;
  tf.dispose(gradients as unknown as tf.TensorContainer);
  parameters.dispose();
  return { loss, slope };
}

Deno.test("through Qwen's biased queries and keys, the loss falls as its gradient says", async () => {
  using model = await load();
  const { slope } = await lossAt(model, new Float32Array(width), 0);
  const norm = Math.hypot(...slope), direction = slope.map((x) => x / norm), step = 0.01;
  const [up, down] = [await lossAt(model, direction, step), await lossAt(model, direction, -step)];
  assertAlmostEquals((up.loss - down.loss) / (2 * step * norm), 1, 0.03);
});

Deno.test("the phase moves the tower and leaves Qwen as it is", async () => {
  using model = await load();
  const { inputs } = await photographPrompt(model, photographs, 2);
  const before = (await model.forward({ ...inputs })).logits!.data.slice();
  const parameters = tower(), losses: number[] = [];
  await trainThrough(model, parameters, 1, photographs, {
    checkpoint: `${folder}/decoder`,
    ...{ steps: 2, prompts: 1, saveEvery: 2 },
    onStep: (_, loss) => losses.push(loss),
  });
  assert(losses.length === 2 && losses.every(Number.isFinite), losses.join(" "));
  const bias = parameters.get("projector.linear_2.bias").dataSync();
  assert(bias.some((value) => Math.abs(value - 0.1) > 1e-5), "nothing was learnt");
  assertEquals((await model.forward({ ...inputs })).logits!.data, before);
  parameters.dispose();
});

globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
