/**
 * Features of photographs from a frozen vision network, for a projector to be trained on.
 *
 * @module
 */
import type { PretrainedModel } from "../../lib/families/pretrained.ts";
import { questionMessages } from "../../lib/inputs/messages.ts";
import type { ConvTower } from "../../lib/model/conv_tower.ts";
import { Random } from "../../lib/stats/random.ts";
import { albumCells, drawAlbumImage } from "../pages/albums.ts";
import type { Photograph } from "../pages/photographs.ts";
import { efficientNetWidth } from "./photograph_tower.ts";
import type { NamedFeatures } from "./projector.ts";

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
  for (const [i, { name, image }] of photographs.entries()) {
    for (let view = 0; view < views; view++) {
      const random = new Random(`view ${view} of photograph ${i}`);
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
