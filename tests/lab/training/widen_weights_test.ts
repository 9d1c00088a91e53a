import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { useBackend } from "../../../lib/backend/select.ts";
import { InputError } from "../../../lib/common/errors.ts";
import { ImageTower } from "../../../lib/model/image_tower.ts";
import { Random } from "../../../lib/stats/random.ts";
import { takeEncoder } from "../../../lab/training/photograph_batches.ts";
import { trainingKernels } from "../../../lab/training/training_kernels.ts";
import { saveVisionTower } from "../../../lab/training/vision_tower_files.ts";
import {
  visionTowerConfig,
  VisionTowerParameters,
} from "../../../lab/training/vision_tower_model.ts";
import { widened } from "../../../lab/training/widen_weights.ts";

await useBackend("auto");

const width = 12;
const config = (hiddenSize: number, numHeads: number) => ({
  ...visionTowerConfig,
  encoder: {
    ...visionTowerConfig.encoder,
    ...{ depth: 2, featureDepth: 2, hiddenSize, numHeads, intermediateSize: 16, imageSize: 96 },
  },
});

const tower = (hiddenSize: number, numHeads: number, seed: number) =>
  new VisionTowerParameters(config(hiddenSize, numHeads), width, new Float32Array(width), seed);

async function features(parameters: VisionTowerParameters): Promise<Float32Array> {
  const random = new Random("two pages"), k = trainingKernels();
  const data = Float32Array.from({ length: 2 * 3 * 96 * 96 }, () => random.normal());
  const own = new ImageTower(k, parameters.config, parameters.weights(), { images: () => null });
  const pixels = { data, shape: [2, 3, 96, 96] };
  const rows = k.scope(() => k.keep(own.encodeMedia({ pixel_values: pixels }).images!.features));
  const read = await k.read(rows) as Float32Array;
  k.dispose(rows);
  return read;
}

const largest = (values: Iterable<number>) => Math.max(...[...values].map(Math.abs));

Deno.test("a tower twice as wide computes what the narrow one does, and its copies learn apart", async () => {
  const narrow = tower(8, 2, 1), wide = tower(16, 4, 2), random = new Random(3);
  for (const { variable } of narrow.parameters()) { // biases and norms are plain at first
    const own = random.fork(variable.name);
    const apart = tf.tensor([...variable.dataSync()].map((x) => x + own.normal(0, 0.1)));
    tf.tidy(() => variable.assign(tf.reshape(apart, variable.shape)));
    apart.dispose();
  }
  for (const { name, variable } of wide.parameters()) {
    const from = narrow.get(name),
      reads = /_proj|fc\d|linear/.test(name) && name.endsWith("weight");
    const weight = { data: from.dataSync() as Float32Array, shape: from.shape };
    const data = widened(weight, variable.shape, reads, random.fork(name));
    tf.tidy(() => variable.assign(tf.tensor(data, variable.shape)));
  }
  const [before, after] = [await features(narrow), await features(wide)];
  const off = largest(before.map((value, i) => value - after[i]));
  assert(off < 1e-4 * largest(before), `${off}`);
  const matrix = wide.get("encoder.layers.0.mlp.fc1.weight").dataSync(); // [16, 16]
  const differences = Array.from(
    { length: 256 },
    (_, i) => i % 16 < 8 ? matrix[i] - matrix[i + 8] : 0,
  );
  assert(largest(differences) > 0.1 * largest(matrix));
  narrow.dispose();
  wide.dispose();
});

Deno.test("an encoder is taken from a saved tower of half the width", async () => {
  const folder = await Deno.makeTempDir(), narrow = tower(8, 2, 1), wide = tower(16, 4, 2);
  await saveVisionTower(folder, narrow, 1, Int32Array.of(0), ["a"]);
  const projector = wide.get("projector.linear_1.weight").dataSync().slice();
  await takeEncoder(wide, folder);
  const name = "encoder.embeddings.patch_embedding.weight", taken = wide.get(name).dataSync();
  const own = narrow.get(name).dataSync();
  assertEquals(taken.slice(0, own.length), taken.slice(own.length));
  own.forEach((value, i) => assert(Math.abs(value - taken[i]) <= 2 ** -8 * Math.abs(value)));
  assertEquals(wide.get("projector.linear_1.weight").dataSync(), projector);
  narrow.dispose();
  wide.dispose();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a weight of any other size is refused", () => {
  const weight = { data: new Float32Array(6), shape: [2, 3] };
  for (const shape of [[2, 4], [6], [1, 3], [4, 6, 1]]) {
    assertThrows(() => widened(weight, shape, true, new Random(1)), InputError, "stay or double");
  }
  assertEquals(widened(weight, [2, 3], true, new Random(1)), weight.data);
});
