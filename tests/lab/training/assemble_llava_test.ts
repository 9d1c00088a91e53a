import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Kernels } from "../../../lib/nn/kernels.ts";
import { useBackend } from "../../../lib/backend/select.ts";
import { InputError } from "../../../lib/common/errors.ts";
import { fromPretrained } from "../../../lib/families/pretrained.ts";
import { ImageTower } from "../../../lib/model/image_tower.ts";
import { Random } from "../../../lib/stats/random.ts";
import { pageWords } from "../../../lab/pages/page_words.ts";
import { drawPage } from "../../../lab/pages/word_page.ts";
import { assembleLlava } from "../../../lab/training/assemble_llava.ts";
import {
  loadVisionTower,
  readVisionTowerSettings,
  saveVisionTower,
} from "../../../lab/training/vision_tower_files.ts";
import {
  visionTowerConfig,
  VisionTowerParameters,
  wideTowerConfig,
} from "../../../lab/training/vision_tower_model.ts";
import { trainingKernels } from "../../../lab/training/training_kernels.ts";
import { float32Tensor, readSafetensorsFile } from "../../../lib/weights/safetensors_file.ts";
import { readCheckpointJson } from "../../../lib/weights/checkpoint_files.ts";

await useBackend("auto");

const base = "tests/golden/gguf/tiny-llama.gguf", width = 64, scale = 0.25;
const folder = await Deno.makeTempDir();
const towerFolder = `${folder}/tower`, model = `${folder}/model`;
const parameters = new VisionTowerParameters(
  visionTowerConfig,
  width,
  new Float32Array(width).fill(0.5),
  1,
);
const tokens = Int32Array.from(pageWords, (_, i) => i);
await saveVisionTower(towerFolder, parameters, scale, tokens);
await assembleLlava(base, towerFolder, model);

Deno.test("a saved vision tower says what it reads, and loads as it was within bfloat16", async () => {
  const settings = await readVisionTowerSettings(towerFolder);
  assertEquals([settings.words, settings.text_width], [pageWords, width]);
  const table = { embeddings: new Float32Array(2 * width), words: 2, width, scale };
  const loaded = await loadVisionTower(towerFolder, table);
  for (const [name, variable] of parameters.variables) {
    const off = tf.tidy(() =>
      tf.max(tf.abs(tf.sub(variable, loaded.variables.get(name)!))).dataSync()[0] /
      Math.max(1e-9, tf.max(tf.abs(variable)).dataSync()[0])
    );
    assert(off <= 2 ** -8, `${name}: ${off}`);
  }
  loaded.dispose();
});

Deno.test("the assembled model is a LLaVA whose language model computes what it did alone", async () => {
  using alone = await fromPretrained(base, { dtype: "float32" });
  using whole = await fromPretrained(model, { dtype: "float32" });
  assertEquals(whole.config.modelType, "llava");
  assertEquals(whole.config.imageTokenId, alone.config.text.vocabSize);
  const inputIds = Int32Array.of(5, 9, 2, 7, 11);
  const positionIds = inputIds.map((_, i) => i);
  const inputs = { inputIds, positionIds, nextPosition: 5, media: {} };
  const ours = (await whole.forward(inputs)).logits!.data;
  const theirs = (await alone.forward(inputs)).logits!.data;
  const largest = Math.max(...theirs.map(Math.abs));
  theirs.forEach((value, i) => assert(Math.abs(value - ours[i]) < 0.02 * largest)); // bfloat16
});

Deno.test("a page becomes as many tokens as it has cells, with the features of the vision tower", async () => {
  using whole = await fromPretrained(model, { dtype: "float32" });
  const image = drawPage(
    pageWords.slice(1, 65).map((word) => ({ word })),
    { level: 1 },
    new Random(1),
  );
  const { recipe, tokenizer } = whole.processor;
  const { tensors, layouts } = recipe.images!.prepare([image]);
  const [piece] = layouts[0];
  if (typeof piece === "string") throw new Error("no grid");
  assertEquals([piece.grid.rows, piece.grid.columns], [8, 8]);
  assertEquals(tokenizer.tokenId(piece.token), whole.config.imageTokenId);
  const read = async (k: Kernels, tower: Pick<ImageTower, "encodeMedia">) => {
    const features = k.keep(k.scope(() => tower.encodeMedia(tensors).images!.features));
    const data = await k.read(features) as Float32Array;
    k.dispose(features);
    return data;
  };
  const k = trainingKernels();
  const tower = new ImageTower(k, visionTowerConfig, parameters.weights(), { images: () => null });
  const trained = await read(k, tower);
  const found = await read(whole.network.kernels, whole.network.vision!);
  const largest = Math.max(...trained.map(Math.abs));
  found.forEach((value, i) =>
    assert(Math.abs(value - scale * trained[i]) < 0.03 * scale * largest, `${i}`)
  );
});

Deno.test("a wide tower is assembled with its own sizes", async () => {
  const wide = new VisionTowerParameters(wideTowerConfig, width, new Float32Array(width), 1);
  await saveVisionTower(`${folder}/wide`, wide, scale, tokens);
  await assembleLlava(base, `${folder}/wide`, `${folder}/wide-model`);
  using whole = await fromPretrained(`${folder}/wide-model`, { dtype: "float32" });
  const table = { embeddings: new Float32Array(2 * width), words: 2, width, scale };
  const loaded = await loadVisionTower(`${folder}/wide`, table, wideTowerConfig);
  const name = "encoder.layers.1.self_attn.q_proj.weight";
  assertEquals(loaded.get(name).shape, [512, 512]);
  const norm = await readSafetensorsFile(`${folder}/wide-model/model.safetensors`);
  const stored = "vision_tower.vision_model.post_layernorm.weight";
  assertEquals(float32Tensor(norm, stored).shape, [512]);
  assertEquals(whole.config.modelType, "llava");
  wide.dispose();
  loaded.dispose();
});

Deno.test("a vision tower of another width is refused", async () => {
  const settings = { ...await readVisionTowerSettings(towerFolder), text_width: 48 };
  await Deno.mkdir(`${folder}/other`);
  await Deno.writeTextFile(`${folder}/other/vision_tower.json`, JSON.stringify(settings));
  await assertRejects(
    () => assembleLlava(base, `${folder}/other`, `${folder}/none`),
    InputError,
    "its width is 64, the tower's 48",
  );
});

Deno.test("the tokenizer keeps its tokens and has one more", async () => {
  const before = (await readCheckpointJson(base, "tokenizer.json")).added_tokens as unknown[];
  const after = (await readCheckpointJson(model, "tokenizer.json")).added_tokens as unknown[];
  assertEquals(after.slice(0, -1), before);
  assertEquals((after.at(-1) as { content: string }).content, "<image>");
});

globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
