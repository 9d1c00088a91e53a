/**
 * What the vision tower of a language model reads: the word whose embedding lies nearest to each visual token.
 *
 * @module
 */
import { widenToFloat32 } from "../../lib/backend/widen.ts";
import { InputError } from "../../lib/common/errors.ts";
import type { PretrainedModel } from "../../lib/families/pretrained.ts";
import type { Media } from "../../lib/model/model_inputs.ts";
import { pageWordTokens } from "../training/run_vision_tower.ts";
import { openWeights } from "../../lib/weights/weights.ts";

/** Page words as a model knows them. */
export interface ReadableWords {
  /** Token of each page word. */
  readonly tokens: Int32Array;
  /** Their embeddings, `[K, D]`. */
  readonly embeddings: Float32Array;
  /** D. */
  readonly width: number;
}

/**
 * The page words of a multimodal model.
 *
 * @throws {InputError} if its tokenizer cuts one of them into several tokens
 */
export async function readableWords(model: PretrainedModel): Promise<ReadableWords> {
  const { tokenizer } = model.processor;
  const tokens = pageWordTokens((text) => [
    ...tokenizer.encode(text, { addSpecialTokens: false }),
  ]);
  using source = await openWeights(model.dir);
  const { bytes, dtype } = await source.readWeight("language_model.model.embed_tokens.weight");
  const table = widenToFloat32(bytes, dtype), width = model.config.text.hiddenSize;
  const embeddings = new Float32Array(tokens.length * width);
  tokens.forEach((token, i) =>
    embeddings.set(table.subarray(token * width, (token + 1) * width), i * width)
  );
  return { tokens, embeddings, width };
}

/**
 * Index of the row of a table that lies nearest to each of some rows.
 *
 * @param rows `[R, D]`
 * @param table `[K, D]`
 * @param width D
 *
 * @example
 * ```ts
 * import { nearestRows } from "./read_cells.ts";
 * import { assertEquals } from "@std/assert";
 * const table = Float32Array.of(0, 0, 4, 4);
 * assertEquals([...nearestRows(Float32Array.of(1, 1, 5, 3), table, 2)], [0, 1]);
 * ```
 */
export function nearestRows(
  rows: Float32Array,
  table: Float32Array,
  width: number,
): Int32Array {
  const words = table.length / width, nearest = new Int32Array(rows.length / width);
  for (let row = 0; row < nearest.length; row++) {
    let best = Infinity;
    for (let word = 0; word < words; word++) {
      let distance = 0;
      for (let i = 0; i < width && distance < best; i++) {
        distance += (rows[row * width + i] - table[word * width + i]) ** 2;
      }
      if (distance < best) [best, nearest[row]] = [distance, word];
    }
  }
  return nearest;
}

/**
 * Class of the word that is read in each cell of some pages.
 *
 * @param media the pages as the model's processor prepares them
 * @throws {InputError} for a model without a vision tower
 */
export async function readCells(
  { network }: PretrainedModel,
  media: Media,
  { embeddings, width }: ReadableWords,
): Promise<Int32Array> {
  const { kernels: k, vision } = network;
  if (!vision) throw new InputError("Cannot read pages: this model has no vision tower");
  const features = k.keep(k.scope(() => vision.encodeMedia(media).images!.features));
  const rows = await k.read(features) as Float32Array;
  k.dispose(features);
  return nearestRows(rows, embeddings, width);
}
