/**
 * Boards: images as grids of words, before they are drawn, and the places of pairs on them.
 *
 * @module
 */
import type { Random } from "../../lib/stats/random.ts";
import { pairWidth, type TaskPlan } from "./options.ts";

/** What an image looks like behind its words. */
export type Theme = "paper" | "ground";

/** One image as a grid of words. */
export interface Board {
  /** Cells per row. */
  readonly columns: number;
  /** Cells per column. */
  readonly rows: number;
  /** Word id of each cell in reading order, `[rows * columns]`; {@link freeCell} before filling. */
  readonly words: Uint16Array;
  /** Look of the background. */
  readonly theme: Theme;
  /** Decides colours and jitter: images with the same seed share their background. */
  readonly seed: number;
}

/** Where a run of cells begins. */
export interface Slot {
  /** Index of the board. */
  readonly image: number;
  /** Row of cells, from the top. */
  readonly row: number;
  /** Column of cells, from the left. */
  readonly column: number;
}

/** Stands in a board for a cell that has no word yet. */
export const freeCell = 0xffff;

/**
 * Index of a cell among all cells of a context: the order of the visual tokens.
 *
 * @param board one of the context's boards, which all have the same size
 * @param slot the cell
 */
export function cellIndex(board: Board, slot: Slot): number {
  return (slot.image * board.rows + slot.row) * board.columns + slot.column;
}

/** Whether `width` cells from `slot` on lie on the board and are free. */
export function isFree(boards: readonly Board[], slot: Slot, width: number): boolean {
  const board = boards[slot.image];
  if (slot.row < 0 || slot.row >= board.rows) return false;
  if (slot.column < 0 || slot.column + width > board.columns) return false;
  const start = slot.row * board.columns + slot.column;
  for (let i = start; i < start + width; i++) if (board.words[i] !== freeCell) return false;
  return true;
}

/** Writes words side by side from `slot` on. */
export function writeWords(boards: readonly Board[], slot: Slot, words: readonly number[]): void {
  const board = boards[slot.image];
  words.forEach((word, i) => board.words[slot.row * board.columns + slot.column + i] = word);
}

/**
 * Empty boards of a plan.
 *
 * @param shared whether all boards have the same background, as frames of one video do
 */
export function emptyBoards(
  plan: TaskPlan,
  theme: Theme,
  shared: boolean,
  random: Random,
): Board[] {
  const seed = random.uint32();
  return Array.from({ length: plan.images }, () => ({
    columns: plan.columns,
    rows: plan.rows,
    words: new Uint16Array(plan.columns * plan.rows).fill(freeCell),
    theme,
    seed: shared ? seed : random.uint32(),
  }));
}

/** Moves each slot of a row to the right at random, in order and without overlap. */
function spread(slots: readonly Slot[], columns: number, width: number, random: Random): Slot[] {
  const spreadOut: Slot[] = [];
  for (let start = 0; start < slots.length;) {
    const { image, row } = slots[start];
    let end = start;
    while (end < slots.length && slots[end].image === image && slots[end].row === row) end++;
    const count = end - start;
    const spare = columns - count * width;
    const gaps = Array.from({ length: count }, () => random.integer(spare + 1)).sort((a, b) =>
      a - b
    );
    gaps.forEach((gap, i) => spreadOut.push({ image, row, column: gap + i * width }));
    start = end;
  }
  return spreadOut;
}

/**
 * Places for the pairs of a plan, in reading order, none overlapping.
 *
 * @returns `[plan.pairs]`
 */
export function placeSlots(plan: TaskPlan, random: Random): Slot[] {
  const width = pairWidth(plan.variety);
  const firstRow = plan.variety.label === "once" ? 1 : 0; // the label stands in the row above
  const perRow = Math.floor(plan.columns / width);
  const perImage = perRow * (plan.rows - firstRow);
  const chosen = random.choice(perImage * plan.images, plan.pairs).sort();
  const slots = Array.from(chosen, (i) => ({
    image: Math.floor(i / perImage),
    row: firstRow + Math.floor(i % perImage / perRow),
    column: i % perRow * width,
  }));
  return plan.variety.layout === "even" ? slots : spread(slots, plan.columns, width, random);
}
