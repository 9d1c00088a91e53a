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
import { crossEntropy } from "./loss.ts";
import type { QuestionTokens } from "./token_format.ts";

/**
 * `letter`: the letter of a choice, known where its name stands; `choice`: the name that the right letter
 * stands for, and `row`: the row of a place, both known from the question's end on.
 */
export const hintNames = ["letter", "choice", "row"] as const;

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

/** The hints of a batch: rows of `[B * T]` and the word that each is to know. */
export type BatchHints = Readonly<
  Record<HintName, { readonly rows: readonly number[]; readonly words: readonly number[] }>
>;

const open = wordId("("), close = wordId(")");
const isIn = (category: "letters" | "rows", id: number) =>
  id >= categoryStart[category] && id < categoryStart[category] + categories[category].length;

/**
 * The hints of one question block.
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
    if (isIn("rows", second)) hints.push({ name: "row", at, word: second });
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
