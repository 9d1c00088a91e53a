/**
 * Images whose words are known, for the alignment of the vision encoder: half of them with every
 * word equally likely, half as the tasks draw them.
 *
 * @module
 */
import type { Random } from "../../lib/stats/random.ts";
import { domainNames } from "../synthetic/domains.ts";
import { renderBoard } from "../synthetic/raster.ts";
import { drawableCount } from "../synthetic/vocabulary.ts";
import type { LabelledImages } from "./align.ts";
import { imageGrids } from "./curriculum.ts";
import type { TokenGrid } from "./layout.ts";
import { patchesOf, taskContext } from "./task_contexts.ts";

/** Highest noise of the images: standard deviation, where 1 is white minus black. */
const mostNoise = 0.08;

/** Layouts of about 400 cells. */
const layouts: readonly (readonly TokenGrid[])[] = [
  imageGrids(6, 8),
  imageGrids(24, 4),
  imageGrids(2, 16),
  imageGrids(6, 6, 10),
  imageGrids(1, 24),
];

/** Draws the images of one step of alignment. */
export function imageWords(random: Random): LabelledImages {
  const grids = layouts[random.integer(layouts.length)];
  if (random.integer(2) === 0) {
    const context = taskContext(random, {
      domain: domainNames[random.integer(domainNames.length)],
      grids,
      difficulty: random.integer(4),
      pairs: 48,
      questions: 1,
      words: 64,
      split: "train",
      pixels: true,
    });
    return { grids, pixels: context.pixels!, labels: context.labels };
  }
  const [rows, columns] = grids[0];
  const noise = random.uniform(0, mostNoise);
  const boards = grids.map(() => ({
    rows,
    columns,
    words: Uint16Array.from({ length: rows * columns }, () => random.integer(drawableCount)),
    theme: random.integer(2) === 0 ? "paper" as const : "ground" as const,
    seed: random.uint32(),
  }));
  const images = boards.map((board) => renderBoard(board, noise, random.uint32()));
  return {
    grids,
    pixels: patchesOf(images),
    labels: Int32Array.from(boards.flatMap(({ words }) => [...words])),
  };
}
