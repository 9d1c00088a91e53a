/**
 * What the tokens of a question are to know on the way to its answer: dense targets for auxiliary
 * losses, read from the residual stream between the retrieval and the last layers. From answers alone
 * neither the row of a place nor the letter of a choice was learnt: each takes two steps, and a loss on
 * the second says nothing while the first is missing.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { categories, categoryStart, wordId } from "../synthetic/vocabulary.ts";
import { lineWords } from "./cell_facts.ts";
import type { TokenGrid } from "./layout.ts";
import { crossEntropy } from "./loss.ts";
import type { QuestionTokens } from "./token_format.ts";

/**
 * `letter`: the letter of a choice, known where its name stands; `choice`: the name that the right letter
 * stands for, and `row`: the row of a place in eighths of its image, both known from the question's end on;
 * `key_column` and `key_row`: column and row of the cell that is asked about, `last_column` and `last_row`:
 * those of its image's last cell, from which together the eighths follow.
 */
export const hintNames = [
  "letter",
  "choice",
  "row",
  "key_column",
  "key_row",
  "last_column",
  "last_row",
] as const;

/** One of {@link hintNames}. */
export type HintName = typeof hintNames[number];

/** A word that is to be known at one token of a question block. */
export interface Hint {
  readonly name: HintName;
  /** Place in the block. */
  readonly at: number;
  /** Id of the word. */
  readonly word: number;
}

/** Where in its image stands what is asked about. */
export interface AskedPlace {
  /** Row and column, from 0. */
  readonly row: number;
  readonly column: number;
  /** Rows and columns of the image. */
  readonly grid: TokenGrid;
}

/** The hints of a batch: rows of `[B * T]` and the word that each is to know. */
export type BatchHints = Readonly<
  Record<HintName, { readonly rows: readonly number[]; readonly words: readonly number[] }>
>;

const open = wordId("("), close = wordId(")");
const isIn = (category: "letters" | "rows", id: number) =>
  id >= categoryStart[category] && id < categoryStart[category] + categories[category].length;

const [firstColumn] = lineWords("columns"), [firstRow] = lineWords("rows");

/**
 * The hints on the size of an image, without where they stand: at the questions that need it, and at the
 * token after the image, from which these can take it.
 */
export function sizeHints([rows, columns]: TokenGrid): Omit<Hint, "at">[] {
  return [
    { name: "last_column", word: firstColumn + columns - 1 },
    { name: "last_row", word: firstRow + rows - 1 },
  ];
}

/** The hints on a place that is asked for, without where they stand. */
function placeHints({ row, column, grid }: AskedPlace): Omit<Hint, "at">[] {
  return [
    { name: "key_column", word: firstColumn + column },
    { name: "key_row", word: firstRow + row },
    ...sizeHints(grid),
  ];
}

/**
 * The hints of one question block.
 *
 * @param place of what is asked about, told where the answer is one
 *
 * @example
 * ```ts
 * import { hintsOf } from "./answer_hints.ts";
 * import { questionTokens } from "./token_format.ts";
 * import { words } from "../synthetic/vocabulary.ts";
 * import { assertEquals } from "@std/assert";
 * const hints = hintsOf(questionTokens("redstar (a) tom (b) eva (c) leo (d) mia", "b"));
 * const said = hints.map(({ name, word }) => `${name} ${words[word]}`);
 * assertEquals(said.slice(0, 5), ["letter a", "letter b", "letter c", "letter d", "choice eva"]);
 * ```
 */
export function hintsOf(
  { ids, answerStart, questionEnd }: QuestionTokens,
  place?: AskedPlace,
): Hint[] {
  const hints: Hint[] = [];
  let choice: number | undefined;
  for (let i = 0; i + 3 <= questionEnd; i++) {
    const [opening, letter, closing, name] = ids.slice(i, i + 4);
    if (opening !== open || closing !== close || !isIn("letters", letter)) continue;
    hints.push({ name: "letter", at: i + 3, word: letter });
    if (letter === ids[answerStart]) choice = name;
  }
  const second = ids[answerStart + 1];
  for (let at = questionEnd; at < answerStart; at++) {
    if (choice !== undefined) hints.push({ name: "choice", at, word: choice });
    if (!isIn("rows", second)) continue;
    hints.push({ name: "row", at, word: second });
    if (place) hints.push(...placeHints(place).map((hint) => ({ ...hint, at })));
  }
  return hints;
}

/**
 * Sum over the hints of the mean cross entropy of what is read from their rows, a scalar; null where a
 * batch has none.
 *
 * @param read logits `[R, V]` of rows of the batch, through the readout of a hint
 */
export function hintLoss(
  hints: BatchHints,
  read: (rows: tf.Tensor1D, name: HintName) => tf.Tensor,
): tf.Scalar | null {
  const losses = hintNames.filter((name) => hints[name].rows.length > 0).map((name) => {
    const { rows, words } = hints[name];
    return crossEntropy(read(tf.tensor1d([...rows], "int32"), name), {
      classes: Int32Array.from(words),
    });
  });
  return losses.length > 0 ? tf.addN(losses) as tf.Scalar : null;
}
