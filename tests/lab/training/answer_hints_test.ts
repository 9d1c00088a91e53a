import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { useBackend } from "../../../lib/backend/select.ts";
import { hintLoss, hintNames, hintsOf } from "../../../lab/training/answer_hints.ts";
import { assembleBatch } from "../../../lab/training/batches.ts";
import { imageGrids } from "../../../lab/training/curriculum.ts";
import { questionTokens } from "../../../lab/training/token_format.ts";
import { wordId, words } from "../../../lab/synthetic/vocabulary.ts";

await useBackend("auto");

const said = (question: string, answer: string) => {
  const tokens = questionTokens(question, answer);
  return hintsOf(tokens).map(({ name, at, word }) =>
    `${name} at ${words[tokens.ids[at]] ?? "special"}: ${words[word]}`
  );
};

Deno.test("a choice's name knows its letter, and the question's end the name of the right one", () => {
  const hints = said("who is beside the red star? (a) tom (b) eva (c) leo (d) mia", "c");
  assertEquals(hints.slice(0, 4), [
    "letter at tom: a",
    "letter at eva: b",
    "letter at leo: c",
    "letter at mia: d",
  ]);
  assertEquals(hints.slice(4), [
    "choice at mia: leo",
    ...["choice at special: leo", "choice at special: leo", "choice at assistant: leo"],
  ]);
});

Deno.test("a place's row is known from the question's end on; words have no hint", () => {
  assertEquals(said("where is the red star?", "x3 y5").at(0), "row at ?: y5");
  assertEquals(said("where is the red star?", "x3 y5").at(-1), "row at assistant: y5");
  assertEquals(said("where is the red star?", "a3 f5"), []);
  assertEquals(said("who is beside the red star? tom, eva, leo or mia?", "leo"), []);
});

Deno.test("a batch's hints stand at the rows of their tokens; the second word may weigh more", () => {
  const context = {
    ...{ labels: Int32Array.of(wordId("map"), wordId("tom")), pixels: null },
    questions: [
      { domain: "scene", question: "redstar", answer: "x3 y5" },
      { domain: "long-video", question: "redstar (a) tom (b) eva", answer: "b" },
    ],
  };
  const layout = { grids: imageGrids(1, 1, 2), format: "images" } as const;
  const { hints, inputIds, next, weights } = assembleBatch(layout, [context, context], 4);
  assertEquals(hints!.row.rows.length, 2 * 4);
  assertEquals(
    hints!.letter.rows.map((row) => words[inputIds[row]]),
    ["tom", "eva", "tom", "eva"],
  );
  assertEquals(hints!.choice.words, Array(8).fill(wordId("eva")));
  for (const [i, weight] of weights.entries()) {
    assertEquals(weight, next[i] === wordId("y5") ? 4 : 1);
  }
});

Deno.test("the loss is the sum of the means of the kinds that a batch has, or null", () => {
  const none = { rows: [], words: [] };
  const read = (rows: tf.Tensor1D) => tf.zeros([rows.size, 8]);
  const two = { letter: { rows: [0, 3], words: [1, 2] }, choice: none, row: none };
  assertAlmostEquals(hintLoss(two, read)!.dataSync()[0], Math.log(8), 1e-5);
  const all = { ...two, row: { rows: [1], words: [7] } };
  assertAlmostEquals(hintLoss(all, read)!.dataSync()[0], 2 * Math.log(8), 1e-5);
  assertEquals(hintLoss({ letter: none, choice: none, row: none }, read), null);
  assert(hintNames.length === 3);
});
