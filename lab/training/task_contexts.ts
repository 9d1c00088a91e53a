/**
 * Contexts of the task generator as training contexts, with pixels or with words in their place.
 *
 * @module
 */
import { levelTable } from "../../lib/inputs/normalize.ts";
import { cutPatches, joinPatches } from "../../lib/inputs/patches.ts";
import type { Random } from "../../lib/stats/random.ts";
import { generateContext, type TaskContext } from "../synthetic/context.ts";
import type { DomainName, TaskOptions } from "../synthetic/options.ts";
import type { RgbImage } from "../../lib/data/sample.ts";
import type { Split } from "../synthetic/split.ts";
import type { TrainingContext } from "./batches.ts";
import type { TokenGrid } from "./layout.ts";

const half = [0.5, 0.5, 0.5];
const levels = levelTable({
  doRescale: true,
  rescaleFactor: 1 / 255,
  doNormalize: true,
  imageMean: half,
  imageStd: half,
});

/** Patches of images, as the exported processor settings make them: cells of 16 pixels. */
export function patchesOf(images: readonly RgbImage[]): Float32Array {
  const config = { patchSize: 8, temporalPatchSize: 2, mergeSize: 2 };
  return joinPatches(images.map((image) => cutPatches([image], levels, config)));
}

/** What to draw. */
export interface TaskContextOptions {
  readonly domain: DomainName;
  /** Grids of the images, all equal. */
  readonly grids: readonly TokenGrid[];
  /** Difficulty of the task generator, 0 to 4, or single choices on top of level 0. */
  readonly difficulty: TaskOptions["difficulty"];
  /** Most pairs; fewer where they do not fit. */
  readonly pairs: number;
  /** Most questions. */
  readonly questions: number;
  /** Words of each section. */
  readonly words: number;
  readonly split: Split;
  /** Whether images are drawn. */
  readonly pixels: boolean;
}

/** Pairs that fit for certain: the hardest level may need three cells for one and spare a row. */
function fittingPairs({ grids, difficulty, pairs, words }: TaskContextOptions): number {
  const [rows, columns] = grids[0];
  const simple = typeof difficulty === "number"
    ? difficulty < 4
    : (difficulty.keyWords ?? 1) + (difficulty.answerWords ?? 1) === 2 &&
      difficulty.label !== "once";
  const slots = simple
    ? grids.length * rows * Math.floor(columns / 2)
    : grids.length * (rows - 1) * Math.floor(columns / 3);
  return Math.max(1, Math.min(pairs, slots, simple ? words : Math.floor(words / 2)));
}

/**
 * Draws a context of the task generator.
 *
 * @param random its next integer is the context's seed
 */
export function taskContext(
  random: Random,
  options: TaskContextOptions,
): TrainingContext & { readonly task: TaskContext } {
  const { domain, grids, difficulty, words, split, questions } = options;
  const [rows, columns] = grids[0];
  const task = generateContext(domain, random.integer(2 ** 31), {
    cellsPerSide: [columns, rows],
    images: grids.length,
    difficulty,
    split,
    words,
    questions,
    pairs: fittingPairs(options),
    draw: options.pixels,
  });
  return {
    task,
    labels: Int32Array.from(task.labels),
    pixels: options.pixels ? patchesOf(task.images) : null,
    questions: task.questions.map(({ question, answer, keyCells: [cell] }) => {
      const inImage = cell % (rows * columns);
      const place = {
        row: Math.floor(inImage / columns),
        column: inImage % columns,
        grid: grids[0],
      };
      return { domain, question, answer, place };
    }),
  };
}
