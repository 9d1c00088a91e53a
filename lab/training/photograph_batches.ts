/**
 * Pages for the alignment of a vision tower to photographs: pages of words among pages of photographs.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { join } from "node:path";
import type { Random } from "../../lib/stats/random.ts";
import { float32Tensor, readSafetensorsFile } from "../../lib/weights/safetensors_file.ts";
import { drawnObjects } from "../pages/drawn_objects.ts";
import { blank, tokenText } from "../pages/page_words.ts";
import type { Photograph } from "../pages/photographs.ts";
import {
  type BlockGrid,
  blockGrids,
  blockLetters,
  captionColon,
  drawPhotographs,
  type PhotographPage,
} from "../pages/photograph_page.ts";
import type { WordSource } from "./run_vision_tower.ts";
import type { LabelledPages } from "./vision_tower_aligner.ts";
import { storedTowerName, visionTowerWeightsFile } from "./vision_tower_files.ts";
import type { VisionTowerParameters } from "./vision_tower_model.ts";
import { labelledPages, randomPages } from "./vision_tower_pages.ts";

/** Share of a step's pages that are words: most were learnt before, and must not be forgotten. */
const wordShare = 1 / 4;

/** Whether a word is one token. */
export function isOneToken(encode: WordSource["encode"], word: string): boolean {
  return encode(tokenText(word)).length === 1;
}

/**
 * What the vision tower is to read, as far as each is one token: empty cells, colons, the things that are drawn, letters of
 * blocks, names of photographs. They are fewer than the numbers of the tower's features (256): embeddings are
 * nearly independent directions, and of more words the tower could not give each its own.
 */
export function photographWords(
  encode: WordSource["encode"],
  photographs: readonly Pick<Photograph, "name">[],
): string[] {
  const names = photographs.map(({ name }) => name);
  const words = [...new Set([blank, captionColon, ...drawnObjects, ...blockLetters, ...names])];
  return words.filter((word) => isOneToken(encode, word));
}

/** Some photographs, no two of one name, on a page. */
export function randomPhotographs(
  random: Random,
  photographs: readonly Photograph[],
  grid: BlockGrid,
  level: number,
): PhotographPage & { readonly shown: readonly Photograph[] } {
  const shown: Photograph[] = [];
  for (const i of random.permutation(photographs.length)) {
    if (shown.length === grid.columns * grid.rows) break;
    if (shown.every(({ name }) => name !== photographs[i].name)) shown.push(photographs[i]);
  }
  return { ...drawPhotographs(shown, grid, level, random), shown };
}

/**
 * Draws the pages of a step.
 *
 * @param words what labels count: {@link photographWords}
 * @param photographs to show
 */
export function mixedPages(
  random: Random,
  count: number,
  level: number,
  words: readonly string[],
  photographs: readonly Photograph[],
): LabelledPages {
  const classes = new Map(words.map((word, i) => [word, i]));
  const ofWords = randomPages(random, Math.round(wordShare * count), { level }, words);
  const pages = Array.from(
    { length: count - Math.round(wordShare * count) },
    (_, i) => randomPhotographs(random, photographs, blockGrids[i % blockGrids.length], level),
  );
  const labels = pages.flatMap((page) => page.words.map((word) => classes.get(word)!));
  const shown = labelledPages(pages.map(({ image }) => image), Int32Array.from(labels));
  const [, ...side] = shown.pixels.shape;
  return {
    pixels: {
      data: joined(ofWords.pixels.data, shown.pixels.data),
      shape: [count, ...side],
    },
    labels: Int32Array.from([...ofWords.labels, ...shown.labels]),
  };
}

function joined(a: Float32Array, b: Float32Array): Float32Array {
  const out = new Float32Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

/** Takes over the encoder of a saved vision tower of the same sizes; the projector stays as it is. */
export async function takeEncoder(
  parameters: VisionTowerParameters,
  folder: string,
): Promise<void> {
  const content = await readSafetensorsFile(join(folder, visionTowerWeightsFile));
  for (const [name, variable] of parameters.variables) {
    if (!name.startsWith("encoder.")) continue;
    const { data } = float32Tensor(content, storedTowerName(name));
    tf.tidy(() => variable.assign(tf.tensor(data, variable.shape)));
  }
}
