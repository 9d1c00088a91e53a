/**
 * Pages for the alignment of a vision tower to photographs and manuals: pages of words, of headings and of photographs.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { join } from "node:path";
import { InputError } from "../../lib/common/errors.ts";
import { Random } from "../../lib/stats/random.ts";
import { float32Tensor, readSafetensorsFile } from "../../lib/weights/safetensors_file.ts";
import { drawnObjects } from "../pages/drawn_objects.ts";
import type { HeadedSection } from "../pages/headed_sections.ts";
import type { DrawnWord } from "../pages/drawn_words.ts";
import { differentSections, drawManualPage } from "../pages/manual_page.ts";
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
import { widened } from "./widen_weights.ts";

/** Shares of a step's pages that are words and pages of manuals; the others show photographs. */
const shares = { words: 5 / 12, manuals: 3 / 8 };

/** Whether a word is one token. */
export function isOneToken(encode: WordSource["encode"], word: string): boolean {
  return encode(tokenText(word)).length === 1;
}

/**
 * What the vision tower is to read, as far as each is one token: empty cells, colons, full stops, the things that are drawn,
 * letters of blocks, names of photographs, digits, and the pieces of headings.
 *
 * @param pieces what cells of headings stand for
 */
export function photographWords(
  encode: WordSource["encode"],
  photographs: readonly Pick<Photograph, "name">[],
  pieces: readonly string[] = [],
): string[] {
  const names = photographs.map(({ name }) => name);
  const marks = [blank, captionColon, ".", ..."123456789"];
  const words = new Set([...marks, ...drawnObjects, ...blockLetters, ...names, ...pieces]);
  return [...words].filter((word) => isOneToken(encode, word));
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
 * @param sections of manuals to show; none by default
 * @param drawn words that pages of words show in full; none by default
 * @throws {InputError} for fewer than 4 pages
 */
export function mixedPages(
  random: Random,
  count: number,
  level: number,
  words: readonly string[],
  photographs: readonly Photograph[],
  sections: readonly HeadedSection[] = [],
  drawn: readonly DrawnWord[] = [],
): LabelledPages {
  if (count < 4) throw new InputError(`Cannot mix ${count} pages: at least 4 hold every kind`);
  const classes = new Map(words.map((word, i) => [word, i]));
  const ofWords = Math.round(shares.words * count);
  const ofManuals = sections.length > 0 ? Math.round(shares.manuals * count) : 0;
  const [four, eight] = blockGrids;
  const pages = [
    ...Array.from(
      { length: ofManuals },
      () => drawManualPage(differentSections(random, sections), level, random),
    ),
    ...Array.from(
      { length: count - ofWords - ofManuals },
      () => randomPhotographs(random, photographs, random.integer(4) === 0 ? four : eight, level),
    ),
  ];
  const labels = pages.flatMap((page) => page.words.map((word) => classes.get(word)!));
  const shown = labelledPages(pages.map(({ image }) => image), Int32Array.from(labels));
  const read = randomPages(random, ofWords, { level }, words, drawn);
  const [, ...side] = shown.pixels.shape;
  return {
    pixels: { data: joined(read.pixels.data, shown.pixels.data), shape: [count, ...side] },
    labels: Int32Array.from([...read.labels, ...shown.labels]),
  };
}

function joined(a: Float32Array, b: Float32Array): Float32Array {
  const out = new Float32Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

/** Takes over the encoder of a saved vision tower of the same sizes, or of half the width; the projector stays as it is. */
export async function takeEncoder(
  parameters: VisionTowerParameters,
  folder: string,
): Promise<void> {
  const content = await readSafetensorsFile(join(folder, visionTowerWeightsFile));
  const random = new Random("widened encoder");
  for (const { name, variable, rule } of parameters.parameters()) {
    if (!name.startsWith("encoder.")) continue;
    const stored = float32Tensor(content, storedTowerName(name));
    const data = widened(stored, variable.shape, rule === "muon", random.fork(name));
    tf.tidy(() => variable.assign(tf.tensor(data, variable.shape)));
  }
}
