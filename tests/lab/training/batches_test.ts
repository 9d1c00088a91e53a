import { assert, assertEquals, assertThrows } from "@std/assert";
import { Random } from "../../../lib/stats/random.ts";
import { isHeldOutPair } from "../../../lab/synthetic/split.ts";
import { categoryStart, wordId, words } from "../../../lab/synthetic/vocabulary.ts";
import { assembleBatch, contextIds } from "../../../lab/training/batches.ts";
import { imageGrids } from "../../../lab/training/curriculum.ts";
import { sequenceLength } from "../../../lab/training/layout.ts";
import { plainContext } from "../../../lab/training/plain_contexts.ts";
import { taskContext } from "../../../lab/training/task_contexts.ts";
import { encodeText, questionTokens, tokenIds } from "../../../lab/training/token_format.ts";

const layout = { grids: imageGrids(1, 1, 2), format: "images" } as const;
const context = (questions: [string, string][]) => ({
  labels: Int32Array.of(wordId("map"), wordId("tom")),
  pixels: null,
  questions: questions.map(([question, answer]) => ({ domain: "document", question, answer })),
});

Deno.test("blocks hold question, turn and answer; short ones are filled up with pad tokens", () => {
  const batch = assembleBatch(layout, [
    context([["map", "tom"], ["who has the map?", "tom eva"]]),
    context([["map", "tom"]]),
  ]);
  const length = sequenceLength(batch.layout);
  const ids = (b: number, q: number) => {
    const at = b * length + batch.layout.context + q * batch.layout.block;
    return [...batch.inputIds.subarray(at, at + batch.layout.block)];
  };
  const turn = [tokenIds.end, tokenIds.start, wordId("assistant")];
  const long = [...encodeText("who has the map?"), ...turn, ...encodeText("tom eva")];
  const short = [wordId("map"), ...turn, wordId("tom")];
  assertEquals(ids(0, 1), long);
  assertEquals(ids(0, 0).slice(0, short.length), short);
  assert(ids(0, 0).slice(short.length).every((id) => id === tokenIds.pad));
  assert(ids(1, 1).every((id) => id === tokenIds.pad));
  assertEquals(batch.questions.length, 3);
});

Deno.test("judged rows ask for the answer's words and its end, one after the other", () => {
  const batch = assembleBatch(layout, [context([["who has the map?", "tom eva"]])]);
  const judged = batch.questions[0].judged;
  assertEquals(judged.map((row) => batch.next[row]), [...encodeText("tom eva"), tokenIds.end]);
  // the input at each judged row but the first is what the row before asked for
  const inputs = judged.map((row) => batch.inputIds[batch.rows[row]]);
  assertEquals(inputs, [wordId("assistant"), ...encodeText("tom eva")]);
  const early = [...batch.rows.keys()].filter((row) => !judged.includes(row));
  assert(early.every((row) => batch.next[row] === wordId("tom")));
  assertEquals(batch.inputIds[batch.rows[early[0]]], wordId("?"));
});

Deno.test("contexts of other sizes are refused", () => {
  const other = { ...context([["map", "tom"]]), labels: Int32Array.of(1) };
  assertThrows(() => assembleBatch(layout, [other]), Error, "1 cells into a batch with 2 cells");
});

Deno.test("a video has a time stamp before each image and markers around all", () => {
  const ids = contextIds({ grids: imageGrids(2, 1), format: "video" });
  const text = ids.map((id) => words[id] ?? id);
  const { visionStart: start, visionEnd: end, video } = tokenIds;
  assertEquals(text, [
    ...[tokenIds.start, "user", start],
    ...["<", "0", ".", "2", "seconds", ">", start, video, end],
    ...["<", "1", ".", "2", "seconds", ">", start, video, end],
    end,
  ]);
});

Deno.test("question tokens say where question and answer end", () => {
  const { ids, answerStart, answerLength, questionEnd } = questionTokens(
    "who has the map?",
    "tom eva",
  );
  assertEquals(words[ids[questionEnd]], "?");
  assertEquals(ids.slice(answerStart, answerStart + answerLength), encodeText("tom eva"));
  assertEquals(ids[ids.length - 1], tokenIds.end);
});

Deno.test("plain contexts say what their answers claim, and training shows no held-out pair", () => {
  const grids = imageGrids(2, 4, 8);
  for (const split of ["train", "test"] as const) {
    for (let seed = 0; seed < 60; seed++) {
      const { labels, questions } = plainContext(new Random(seed), {
        ...{ grids, pairs: 10, questions: 10, words: 64, split },
      });
      for (const { question, answer } of questions) {
        const at = labels.indexOf(wordId(question));
        assertEquals(words[labels[at + 1]], answer);
        assertEquals(labels.indexOf(wordId(question), at + 1), -1);
        if (split === "train") {
          const index = (
            word: string,
            section: "keys" | "objects" | "values" | "marks" | "stamps" | "pages",
          ) => wordId(word) - categoryStart[section];
          const key = wordId(question) < categoryStart.keys
            ? index(question, "objects")
            : index(question, "keys");
          assert(!isHeldOutPair(key, wordId(answer) % 64), `${question} ${answer}`);
        }
      }
    }
  }
  assertThrows(
    () =>
      plainContext(new Random(1), {
        grids: imageGrids(1, 2),
        pairs: 3,
        questions: 1,
        words: 8,
        split: "train",
      }),
    Error,
    "Cannot place 3 pairs",
  );
});

Deno.test("task contexts fit their grids at every difficulty, with or without pixels", () => {
  for (const difficulty of [0, 2, 4]) {
    for (const domain of ["scene", "video", "page", "document", "long-video"] as const) {
      const options = {
        domain,
        difficulty,
        pairs: 64,
        questions: 6,
        words: 64,
        split: "train",
      } as const;
      const drawn = taskContext(new Random(difficulty), {
        ...options,
        grids: imageGrids(4, 4),
        pixels: true,
      });
      assertEquals(drawn.labels.length, 64);
      assertEquals(drawn.pixels!.length, 64 * 16 * 16 * 3 * 2);
      const words = taskContext(new Random(difficulty), {
        ...options,
        grids: imageGrids(4, 4),
        pixels: false,
      });
      assertEquals([...words.labels], [...drawn.labels]);
      assertEquals(words.pixels, null);
    }
  }
});
