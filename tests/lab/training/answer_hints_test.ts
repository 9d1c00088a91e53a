import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { useBackend } from "../../../lib/backend/select.ts";
import {
  type BatchHints,
  hintLoss,
  type HintName,
  hintNames,
  hintsOf,
} from "../../../lab/training/answer_hints.ts";
import { assembleBatch } from "../../../lab/training/batches.ts";
import { imageGrids } from "../../../lab/training/curriculum.ts";
import { taskContext } from "../../../lab/training/task_contexts.ts";
import { Random } from "../../../lib/stats/random.ts";
import { questionTokens, tokenIds } from "../../../lab/training/token_format.ts";
import { categoryStart, wordId, words } from "../../../lab/synthetic/vocabulary.ts";

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

Deno.test("a place's question knows its cell and its image's last one, of which the eighths are made", () => {
  const grids = imageGrids(2, 5, 12);
  const { task, questions } = taskContext(new Random(4), {
    ...{ domain: "scene", grids, difficulty: { place: "coordinates" }, pairs: 6, questions: 6 },
    ...{ words: 64, split: "train", pixels: false },
  });
  questions.forEach(({ question, answer, place }, q) => {
    const hints = hintsOf(questionTokens(question, answer), place);
    const told = (name: HintName, line: "columns" | "rows") => {
      const words = hints.filter((hint) => hint.name === name).map(({ word }) => word);
      assertEquals(words, Array(4).fill(words[0])); // from the question's end to "assistant"
      return words[0] - categoryStart[line];
    };
    const [column, columns] = [told("key_column", "columns"), told("last_column", "columns") + 1];
    const [row, rows] = [told("key_row", "rows"), told("last_row", "rows") + 1];
    assertEquals([rows, columns], [5, 12]);
    const board = task.boards[Math.floor(task.questions[q].keyCells[0] / 60)];
    assertEquals(words[board.words[row * columns + column]], question);
    const eighth = (at: number, of: number) => 1 + Math.floor(8 * (at + 0.5) / of);
    assertEquals(answer, `x${eighth(column, columns)} y${eighth(row, rows)}`);
  });
  const place = { row: 1, column: 2, grid: grids[0] };
  assertEquals(hintsOf(questionTokens("redstar", "tom"), place), []); // no other answer needs it
});

Deno.test("a batch's hints stand at the rows of their tokens; a second word and an end in its place may weigh more, alike", () => {
  const context = {
    ...{ labels: Int32Array.of(wordId("map"), wordId("tom")), pixels: null },
    questions: [
      { domain: "scene", question: "redstar", answer: "x3 y5" },
      { domain: "long-video", question: "redstar (a) tom (b) eva", answer: "b" },
    ],
  };
  const layout = { grids: imageGrids(1, 1, 2), format: "images" } as const;
  const { hints, inputIds, rows, next, weights } = assembleBatch(layout, [context, context], 4);
  assertEquals(hints!.row.rows.length, 2 * 4);
  assertEquals(
    hints!.letter.rows.map((row) => words[inputIds[row]]),
    ["tom", "eva", "tom", "eva"],
  );
  assertEquals(hints!.choice.words, Array(8).fill(wordId("eva")));
  assertEquals(hints!.last_row.rows, []);
  assert(weights.every((weight) => weight === 1 || weight === 4));
  const heavy = [...weights.keys()].filter((i) => weights[i] === 4);
  assertEquals(heavy.map((i) => words[inputIds[rows[i]]]), ["x3", "b", "x3", "b"]);
  assertEquals(heavy.map((i) => words[next[i]]), ["y5", undefined, "y5", undefined]); // the end is no word
});

Deno.test("where a place is asked for, the token after each image knows its last row and column", () => {
  const grids = imageGrids(2, 3, 4), place = { row: 1, column: 2, grid: grids[0] };
  const labels = new Int32Array(24), asked = { domain: "scene", question: "redstar" };
  const one = { labels, pixels: null, questions: [{ ...asked, answer: "x6 y4", place }] };
  const other = { labels, pixels: null, questions: [{ ...asked, answer: "tom", place }] };
  for (const format of ["images", "video"] as const) {
    const batch = assembleBatch({ grids, format }, [other, one]), { hints, inputIds } = batch;
    const ends = hints!.last_row.rows.slice(4);
    assertEquals(ends.map((row) => inputIds[row]), Array(2).fill(tokenIds.visionEnd));
    assertEquals(ends.every((row) => row >= inputIds.length / 2), true);
    assertEquals(hints!.last_row.words, Array(6).fill(wordId("y3")));
    assertEquals(hints!.last_column.words, Array(6).fill(wordId("x4")));
    assertEquals(hints!.last_column.rows, hints!.last_row.rows);
  }
});

Deno.test("the loss is the sum of the means of the kinds that a batch has, or null", () => {
  const none = Object.fromEntries(
    hintNames.map((name) => [name, { rows: [], words: [] }]),
  ) as unknown as BatchHints;
  const read = (rows: tf.Tensor1D) => tf.zeros([rows.size, 8]);
  const two = { ...none, letter: { rows: [0, 3], words: [1, 2] } };
  assertAlmostEquals(hintLoss(two, read)!.dataSync()[0], Math.log(8), 1e-5);
  const all = { ...two, row: { rows: [1], words: [7] } };
  assertAlmostEquals(hintLoss(all, read)!.dataSync()[0], 2 * Math.log(8), 1e-5);
  assertEquals(hintLoss(none, read), null);
});
