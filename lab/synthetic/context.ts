/**
 * Contexts: images with many questions and a label for every cell, which is what training needs.
 *
 * @module
 */
import type { Board } from "./board.ts";
import { compose } from "./compose.ts";
import { domainSpec } from "./specs.ts";
import { InputError } from "../../lib/common/errors.ts";
import { type DomainName, resolveOptions, type TaskOptions, type TaskPlan } from "./options.ts";
import { askQuestions, type ContextQuestion } from "./questions.ts";
import { renderBoard } from "./raster.ts";
import type { RgbImage } from "../../lib/data/sample.ts";
import { sampleRandom } from "./split.ts";

/** What to put into a context. */
export interface ContextOptions extends TaskOptions {
  /** Most questions wanted, each on another pair; 1 by default. */
  readonly questions?: number;
  /** Whether images are drawn, true by default; without, `images` is empty. */
  readonly draw?: boolean;
}

/** Images and questions on them. */
export interface TaskContext {
  /** Options with every default filled in. */
  readonly plan: TaskPlan;
  /** Images in order, or the different frames of one video. */
  readonly media: "images" | "video";
  /** One image for each board, `[images]`, 16 pixels for each cell. */
  readonly images: readonly RgbImage[];
  /** The images as grids of words. */
  readonly boards: readonly Board[];
  /** Word id of every cell, in the order of the visual tokens, `[images * rows * columns]`. */
  readonly labels: Uint16Array;
  /** At least one. */
  readonly questions: readonly ContextQuestion[];
}

/**
 * Makes a context: the same one for the same domain, seed and options.
 *
 * @param domain one of `domainNames`
 * @param seed any integer; contexts of different splits differ whatever their seeds are
 * @param options size, split, variety and number of questions
 * @throws {InputError} when an option is out of range or does not fit the others
 *
 * @example
 * ```ts
 * import { generateContext } from "./context.ts";
 * import { words } from "./vocabulary.ts";
 * import { assertEquals } from "@std/assert";
 * const context = generateContext("scene", 1, {
 *   cellsPerSide: 8,
 *   images: 1,
 *   difficulty: 0,
 *   split: "train",
 *   questions: 4,
 * });
 * const { keyCells, question } = context.questions[0];
 * assertEquals(words[context.labels[keyCells[0]]], question); // level 0 asks by the key alone
 * ```
 */
export function generateContext(
  domain: DomainName,
  seed: number,
  options: ContextOptions,
): TaskContext {
  const count = options.questions ?? 1;
  if (!(Number.isInteger(count) && count >= 1)) {
    throw new InputError(`Cannot ask ${count} questions: wanted an integer of at least 1`);
  }
  const spec = domainSpec(domain);
  const random = sampleRandom(options.split, domain, seed);
  const plan = resolveOptions(domain, options, random);
  const composition = compose(spec, plan, random);
  const questions = askQuestions(spec, plan, composition, count, random);
  const { boards } = composition;
  const cells = plan.rows * plan.columns;
  const labels = new Uint16Array(boards.length * cells);
  boards.forEach((board, i) => labels.set(board.words, i * cells));
  const images = options.draw === false
    ? []
    : boards.map((board) => renderBoard(board, plan.noise, random.uint32()));
  return { plan, media: spec.media, images, boards, labels, questions };
}
