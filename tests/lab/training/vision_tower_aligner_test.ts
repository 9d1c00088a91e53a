import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { useBackend } from "../../../lib/backend/select.ts";
import { Random } from "../../../lib/stats/random.ts";
import {
  type LabelledPages,
  VisionTowerAligner,
} from "../../../lab/training/vision_tower_aligner.ts";
import {
  visionTowerConfig,
  VisionTowerParameters,
} from "../../../lab/training/vision_tower_model.ts";

await useBackend("auto");

const words = 5, width = 24, cell = 4, side = 3;
const config = {
  ...visionTowerConfig,
  encoder: {
    ...visionTowerConfig.encoder,
    ...{ depth: 1, featureDepth: 1, hiddenSize: 16, intermediateSize: 32, numHeads: 2 },
    ...{ imageSize: side * cell, patchSize: cell },
  },
};

/** Pages whose cells hold a pattern of their word. */
function drawPages(random: Random, count: number): LabelledPages {
  const edge = side * cell, data = new Float32Array(count * 3 * edge * edge);
  const labels = Int32Array.from({ length: count * side * side }, () => random.integer(words));
  for (let i = 0; i < data.length; i++) {
    const x = i % edge, y = Math.floor(i / edge) % edge, page = Math.floor(i / (3 * edge * edge));
    const label = labels[(page * side + Math.floor(y / cell)) * side + Math.floor(x / cell)];
    const on = [x % 2, y % 2, (x + y) % 2, x % 4 > 1, y % 4 > 1].map(Number)[label];
    data[i] = 2 * on - 1 + random.normal(0, 0.1);
  }
  return { pixels: { data, shape: [count, 3, edge, edge] }, labels };
}

const random = new Random(4);
const embeddings = Float32Array.from({ length: words * width }, () => random.normal());

Deno.test("cells learn to be the embeddings of their words, also on pages not seen before", () => {
  const parameters = new VisionTowerParameters(config, width, new Float32Array(width), 1);
  const aligner = new VisionTowerAligner(parameters, { embeddings, words, width, scale: 1 });
  aligner.step(drawPages(random, 8), 1);
  const before = tf.memory().numTensors;
  let distance = Infinity;
  for (let i = 0; i < 40; i++) ({ distance } = aligner.step(drawPages(random, 6), 2, 5));
  assertEquals(tf.memory().numTensors, before);
  const unseen = drawPages(new Random("unseen"), 4);
  assertEquals(aligner.read(unseen), unseen.labels);
  assert(distance < 0.6, `${distance}`);
  aligner.dispose();
  parameters.dispose();
});

Deno.test("the reported distance is that of the features from the right embeddings", () => {
  // with nothing but a bias, every cell is projected to it
  const middle = Float32Array.from({ length: width }, (_, i) => i / width);
  const parameters = new VisionTowerParameters(config, width, middle, 1);
  const last = parameters.variables.get("projector.linear_2.weight")!;
  tf.tidy(() => last.assign(tf.zeros(last.shape)));
  const aligner = new VisionTowerAligner(parameters, { embeddings, words, width, scale: 1 });
  const pages = drawPages(random, 1);
  let sum = 0;
  pages.labels.forEach((label) =>
    middle.forEach((value, i) => sum += (value - embeddings[label * width + i]) ** 2)
  );
  const { distance } = aligner.step(pages, 0);
  assertAlmostEquals(distance, Math.sqrt(sum / pages.labels.length / width), 1e-4);
  aligner.dispose();
  parameters.dispose();
});
