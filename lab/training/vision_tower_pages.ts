/**
 * Pages for the alignment of the vision tower: words at random, drawn in every way.
 *
 * @module
 */
import { stackImages } from "../../lib/inputs/canvas.ts";
import { levelTable } from "../../lib/inputs/normalize.ts";
import type { Random } from "../../lib/stats/random.ts";
import { drawnObjects } from "../pages/drawn_objects.ts";
import type { DrawnWord } from "../pages/drawn_words.ts";
import { pageWords } from "../pages/page_words.ts";
import type { RgbImage } from "../../lib/data/sample.ts";
import { drawPage, pageCells, type PageVariety } from "../pages/word_page.ts";
import type { LabelledPages } from "./vision_tower_aligner.ts";
import { visionTowerPixels } from "./vision_tower_model.ts";

/** Words that pages hold far more often than others, and that are small. */
const frequent = ["\n", ".", ",", "The", "the", "of", "is", "a"];
/** Share of the cells that hold one of those. */
const frequentShare = 0.06;
/** Share of the words of things that are drawn as images. */
const picturedShare = 0.6;
/** Share of all cells that are images' words. */
const objectShare = 0.05;
/** Share of all cells that are drawn words, where there are some. */
const drawnShare = 0.5;

const levels = levelTable({
  doRescale: true,
  rescaleFactor: 1 / 255,
  doNormalize: true,
  imageMean: Array(3).fill(visionTowerPixels.mean),
  imageStd: Array(3).fill(visionTowerPixels.deviation),
});

/** Images as the vision tower takes them. */
export function labelledPages(images: readonly RgbImage[], labels: Int32Array): LabelledPages {
  const { data, shape } = stackImages(images, levels);
  return { pixels: { data: data as Float32Array, shape }, labels };
}

/**
 * Draws pages of random words.
 *
 * @param count how many pages
 * @param variety how they are drawn
 * @param words which, with the blank and all things that can be drawn among them: labels count these; the page words by default
 * @param drawn words that are drawn in full and stand for one of those; none by default
 */
export function randomPages(
  random: Random,
  count: number,
  variety: PageVariety,
  words: readonly string[] = pageWords,
  drawn: readonly DrawnWord[] = [],
): LabelledPages {
  const classes = new Map(words.map((word, i) => [word, i]));
  const often = frequent.filter((word) => classes.has(word));
  const labels = new Int32Array(count * pageCells);
  const images = Array.from({ length: count }, (_, page) => {
    const cells = Array.from({ length: pageCells }, (_, i) => {
      const kind = random.uniform();
      if (drawn.length > 0 && kind >= 1 - drawnShare) {
        const { text, piece } = drawn[random.integer(drawn.length)];
        labels[page * pageCells + i] = classes.get(piece)!;
        return { word: text };
      }
      const label = kind < frequentShare
        ? classes.get(often[random.integer(often.length)])!
        : kind < frequentShare + objectShare
        ? classes.get(drawnObjects[random.integer(drawnObjects.length)])!
        : random.integer(words.length);
      labels[page * pageCells + i] = label;
      const word = words[label];
      return { word, pictured: drawnObjects.includes(word) && random.uniform() < picturedShare };
    });
    return drawPage(cells, variety, random);
  });
  return labelledPages(images, labels);
}
