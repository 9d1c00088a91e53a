import { assert, assertEquals } from "@std/assert";
import { useBackend } from "../../../lib/backend/select.ts";
import { ImageTower } from "../../../lib/model/image_tower.ts";
import { nearestRows } from "../../../lab/studies/read_cells.ts";
import { Random } from "../../../lib/stats/random.ts";
import { pageWords } from "../../../lab/pages/page_words.ts";
import { drawPage, pageCells } from "../../../lab/pages/word_page.ts";
import {
  loadVisionTower,
  readVisionTowerSettings,
  storedTowerName,
} from "../../../lab/training/vision_tower_files.ts";
import { labelledPages } from "../../../lab/training/vision_tower_pages.ts";
import { trainingKernels } from "../../../lab/training/training_kernels.ts";

await useBackend("auto");
const shipped = "data/models/smollm2-vision-tower";

Deno.test("weights are stored under the names of published LLaVA checkpoints", () => {
  assertEquals(
    storedTowerName("encoder.layers.2.self_attn.q_proj.weight"),
    "vision_tower.vision_model.encoder.layers.2.self_attn.q_proj.weight",
  );
  assertEquals(
    storedTowerName("encoder.pre_norm.bias"),
    "vision_tower.vision_model.pre_layrnorm.bias",
  );
  assertEquals(storedTowerName("projector.linear_1.bias"), "multi_modal_projector.linear_1.bias");
});

Deno.test("the shipped vision tower reads the words that pages are made of", async () => {
  const { words, tokens } = await readVisionTowerSettings(shipped);
  assertEquals(words, pageWords);
  assertEquals(new Set(tokens).size, words.length);
});

Deno.test("the shipped vision tower sees one word in two drawings as one, and two words as two", async () => {
  const { text_width: width } = await readVisionTowerSettings(shipped);
  const parameters = await loadVisionTower(shipped, {
    embeddings: new Float32Array(2 * width),
    words: 2,
    width,
    scale: 1,
  });
  const k = trainingKernels();
  const tower = new ImageTower(k, parameters.config, parameters.weights(), { images: () => null });
  const featuresOf = async (from: number, seed: number) => {
    const random = new Random(`two drawings ${seed}`);
    const words = pageWords.slice(from, from + pageCells);
    // words are put in another order, so that the place says nothing
    const order = [...random.permutation(words.length)];
    const image = drawPage(order.map((i) => ({ word: words[i] })), { level: 1 }, random);
    const { pixels } = labelledPages([image], new Int32Array(0));
    const features = k.scope(() =>
      k.keep(tower.encodeMedia({ pixel_values: pixels }).images!.features)
    );
    const rows = await k.read(features) as Float32Array;
    k.dispose(features);
    const sorted = new Float32Array(rows.length);
    order.forEach((word, place) =>
      sorted.set(rows.subarray(place * width, (place + 1) * width), word * width)
    );
    return sorted;
  };
  let right = 0, count = 0;
  for (const from of [1, 65, 129, 193, 257, 321]) {
    const found = nearestRows(await featuresOf(from, from), await featuresOf(from, -from), width);
    found.forEach((word, i) => right += Number(word === i));
    count += found.length;
  }
  assert(right >= 0.97 * count, `${right} of ${count}`);
  parameters.dispose();
});
