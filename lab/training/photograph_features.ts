/**
 * Features of photographs from a frozen vision network, for a projector to be trained on.
 *
 * @module
 */
import { dirname, join } from "node:path";
import type { PretrainedModel } from "../../lib/families/pretrained.ts";
import { questionMessages } from "../../lib/inputs/messages.ts";
import type { ConvTower } from "../../lib/model/conv_tower.ts";
import { digestOf } from "../../lib/common/digest.ts";
import { float32Tensor, readSafetensorsFile } from "../../lib/weights/safetensors_file.ts";
import { writeSafetensors } from "../../lib/weights/safetensors_write.ts";
import { Random } from "../../lib/stats/random.ts";
import { albumCells, drawAlbumImage } from "../pages/albums.ts";
import type { Photograph } from "../pages/photographs.ts";
import { efficientNetWidth } from "./photograph_tower.ts";
import { classIndices, imageNetNouns } from "./imagenet_nouns.ts";
import type { NamedDirections } from "./projector.ts";
import type { NamedFeatures } from "./projector_variables.ts";

/**
 * What the network makes of views of photographs: the first one plain, the others varied. The same photographs have the
 * same views at every call.
 *
 * @param model a FastVLM with EfficientNet-Lite0, whose projector is not used
 * @param views of each photograph
 * @param words names by their row in the word table
 */
export async function photographFeatures(
  model: PretrainedModel,
  photographs: readonly Photograph[],
  views: number,
  words: readonly string[],
): Promise<NamedFeatures> {
  const { kernels: k } = model.network, tower = model.network.vision as ConvTower;
  const cells = albumCells ** 2, size = cells * efficientNetWidth;
  const data = new Float32Array(photographs.length * views * size);
  const labels = new Int32Array(photographs.length * views);
  for (const [i, { file, name, image }] of photographs.entries()) {
    for (let view = 0; view < views; view++) {
      const random = new Random(`view ${view} of ${file}`);
      const shown = drawAlbumImage(image, view === 0 ? 0 : 1, random);
      const { media } = await model.prepare(questionMessages({ images: [shown], question: "?" }));
      const found = k.scope(() => k.cast(tower.encodeGrid(media["pixel_values"]), "float32"));
      data.set(await k.read(found) as Float32Array, (i * views + view) * size);
      k.dispose(found);
      labels[i * views + view] = words.indexOf(name);
    }
  }
  return { data, cells, channels: efficientNetWidth, words: labels };
}

/**
 * Numbers that take long to compute, from a file where they are there already.
 *
 * @param file is written once, whole or not at all
 */
export async function keptNumbers(
  file: string,
  compute: () => Promise<Float32Array>,
): Promise<Float32Array> {
  if (!await Deno.stat(file).then(() => true, () => false)) {
    const data = await compute();
    await Deno.mkdir(dirname(file), { recursive: true });
    await writeSafetensors(file, { features: { shape: [data.length], data } }, {});
  }
  return float32Tensor(await readSafetensorsFile(file), "features").data;
}

/** {@link photographFeatures}, kept in a file: they never change. */
export async function keptPhotographFeatures(
  folder: string,
  model: PretrainedModel,
  photographs: readonly Photograph[],
  views: number,
  words: readonly string[],
): Promise<NamedFeatures> {
  const file = join(folder, `${digestOf({ photographs, views }).slice(0, 16)}.safetensors`);
  const data = await keptNumbers(
    file,
    async () => (await photographFeatures(model, photographs, views, words)).data,
  );
  const labels = photographs.flatMap(({ name }) => Array<number>(views).fill(words.indexOf(name)));
  const cells = albumCells ** 2, channels = efficientNetWidth;
  return { data, cells, channels, words: Int32Array.from(labels) };
}

/**
 * Directions of the network's own classes that are named by a word.
 *
 * @param folder of the network
 * @param words names by their row in the word table
 */
export async function classDirections(
  folder: string,
  words: readonly string[],
): Promise<NamedDirections> {
  const content = await readSafetensorsFile(join(folder, "model.safetensors"));
  const { data } = float32Tensor(content, "_fc.weight");
  const found = words.flatMap((word, row) =>
    classIndices(imageNetNouns[word] ?? []).map((index) => ({ row, index }))
  );
  return {
    data: found.map(({ index }) =>
      data.slice(index * efficientNetWidth, (index + 1) * efficientNetWidth)
    ),
    words: Int32Array.from(found, ({ row }) => row),
  };
}
