/**
 * What cells are to know about themselves and their surroundings: dense targets for auxiliary losses,
 * read from the residual stream of the visual tokens below the retrieval. From answers alone, about ten
 * a context, a decoder hardly learns where a cell stands or what stands two cells before it.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import {
  categories,
  type Category,
  categoryStart,
  drawableCount,
  objectParts,
} from "../synthetic/vocabulary.ts";
import type { TokenGrid } from "./layout.ts";
import { crossEntropy } from "./loss.ts";

/** A cell: its words' grid, its place in it, and where its image begins. */
interface Cell {
  readonly labels: Int32Array;
  /** Index over all cells. */
  readonly at: number;
  readonly row: number;
  readonly column: number;
  readonly grid: TokenGrid;
}

/** One thing to know: which words answer it, and which of them a cell's answer is; -1 for none. */
interface CellFact {
  readonly name: string;
  readonly words: readonly [start: number, count: number];
  target(cell: Cell): number;
}

const wordsOf = (category: Category): [number, number] => [
  categoryStart[category],
  categories[category].length,
];
const drawable: readonly [number, number] = [0, drawableCount];

/** Word of the cell `before` cells to the left; -1 beyond the edge. */
const wordBefore = ({ labels, at, column }: Cell, before: number) =>
  column >= before ? labels[at - before] : -1;

/** Colour and shape of the object `before` cells to the left. */
function partsBefore(name: string, before: number): CellFact[] {
  const part = (which: "colour" | "shape") => (cell: Cell) => {
    const object = wordBefore(cell, before) - categoryStart.objects;
    return object >= 0 && object < categories.objects.length ? objectParts(object)[which] : -1;
  };
  return [
    { name: `${name}_colour`, words: wordsOf("colours"), target: part("colour") },
    { name: `${name}_shape`, words: wordsOf("shapes"), target: part("shape") },
  ];
}

/** Most rows and columns of an image that are told apart. */
const mostLines = 32;

/**
 * The words that count rows or columns from the first: `x1` to `x8` or `y1` to `y8`, and where these end the
 * words that follow them in the vocabulary, which stand for the further numbers.
 */
export function lineWords(category: "columns" | "rows"): readonly [start: number, count: number] {
  return [categoryStart[category], mostLines];
}

const within = (index: number) => index < mostLines ? index : -1;

/** All facts; each has a readout of its own. */
export const cellFacts: readonly CellFact[] = [
  { name: "second_left", words: drawable, target: (cell) => wordBefore(cell, 2) },
  {
    name: "first_of_image",
    words: drawable,
    target: ({ labels, at, row, column, grid: [, columns] }) => labels[at - row * columns - column],
  },
  ...partsBefore("own", 0),
  ...partsBefore("left", 1),
  ...partsBefore("second", 2),
  { name: "column", words: lineWords("columns"), target: ({ column }) => within(column) },
  { name: "row", words: lineWords("rows"), target: ({ row }) => within(row) },
];

/** Names of the readouts that the facts need. */
export const cellReadouts: readonly string[] = cellFacts.map(({ name }) => name);

/**
 * Target of each fact for each cell, `[cells]`, -1 where there is none.
 *
 * @param labels word of every cell, images one after the other
 * @param grids of all images
 */
export function cellTargets(
  labels: Int32Array,
  grids: readonly TokenGrid[],
): Readonly<Record<string, Int32Array>> {
  const targets = cellFacts.map(() => new Int32Array(labels.length));
  let at = 0;
  for (const grid of grids) {
    for (let i = 0; i < grid[0] * grid[1]; i++, at++) {
      const cell = { labels, at, row: Math.floor(i / grid[1]), column: i % grid[1], grid };
      cellFacts.forEach((fact, f) => targets[f][at] = fact.target(cell));
    }
  }
  return Object.fromEntries(cellFacts.map(({ name }, f) => [name, targets[f]]));
}

/**
 * Sum over the facts of the mean cross entropy of what is read from the cells, a scalar.
 *
 * @param rows normalised residual rows of the chosen cells, `[R, D]`
 * @param chosen their indices, `[R]`
 * @param matrix the readout of a fact, `[D, D]`
 * @param table the embedding table, `[V, D]`, through which words are read
 */
export function cellFactLoss(
  rows: tf.Tensor,
  targets: Readonly<Record<string, Int32Array>>,
  chosen: Int32Array,
  matrix: (name: string) => tf.Tensor,
  table: tf.Tensor,
): tf.Scalar {
  const width = rows.shape[1]!;
  const losses = cellFacts.flatMap(({ name, words: [start, count] }) => {
    const wanted = chosen.map((cell) => targets[name][cell]);
    if (wanted.every((target) => target < 0)) return [];
    const read = tf.matMul(
      tf.mul(rows, width ** -0.5) as tf.Tensor2D,
      matrix(name) as tf.Tensor2D,
      false,
      true,
    );
    const logits = tf.matMul(
      read,
      tf.slice(table, [start, 0], [count, width]) as tf.Tensor2D,
      false,
      true,
    );
    return [crossEntropy(logits, {
      classes: wanted.map((target) => Math.max(0, target)),
      weights: Float32Array.from(wanted, (target) => Number(target >= 0)),
    })];
  });
  return tf.addN(losses) as tf.Scalar;
}
