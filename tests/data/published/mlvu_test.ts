import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../../lib/common/errors.ts";
import { isCorrect } from "../../../lib/data/metrics.ts";
import { changed, type Files, listed, numbered, Picture, samplesOf, upTo } from "./data_set.ts";

const entry = {
  video: "needle_3.mp4",
  duration: 8,
  question: "What does the hand do?",
  candidates: ["points", "waves", "takes a card", "nothing"],
  answer: "takes a card",
  question_type: "findNeedle",
};
const frames = numbered("frames/2_needle/needle_3", upTo(1, 4), new Picture(9, 12));

Deno.test("mlvu: one file a task, candidates as lettered choices", async () => {
  const samples = await samplesOf("mlvu", {
    "json/1_plotQA.json": [{ ...entry, video: "film.mp4" }],
    "json/2_needle.json": [entry],
    "json/8_sub_scene.json": [{ video: "film.mp4", question: "Describe it", answer: "free text" }],
    ...numbered("frames/1_plotQA/film", upTo(0, 1), new Picture(9, 12)),
    ...frames,
  });
  assertEquals(samples.map(({ id }) => id), ["1_plotQA-1", "2_needle-1"]);
  const [, sample] = samples;
  assertEquals(sample.video!.frames[0], "frames/2_needle/needle_3/000001.png");
  assertEquals([sample.video!.fps, sample.chance], [0.5, 0.25]);
  assertEquals([sample.answer, sample.choices], [["C", "takes a card"], entry.candidates]);
  assert(sample.question.includes("\n(C) takes a card\n"));
  const answers = ["C", "(c)", "takes a card.", "(C) takes a card", "B", "waves"];
  assertEquals(answers.map((one) => isCorrect(one, sample)), [
    true,
    true,
    true,
    true,
    false,
    false,
  ]);
});

Deno.test("mlvu: what is wrong is named", async () => {
  const good: Files = { "json/2_needle.json": [entry], ...frames };
  const entries = (fields: Files) => ({
    ...good,
    "json/2_needle.json": [entry, changed(entry, fields)],
  });
  const cases: readonly (readonly [Files, string])[] = [
    [entries({ answer: 5 }), "entry 2 of json/2_needle.json: answer"],
    [entries({ candidates: undefined }), "candidates is"],
    [entries({ duration: "8" }), "duration is"],
    [entries({ video: "other.mp4" }), "-vf fps=0.5"],
    [entries({ video: "../1_plotQA/film.mp4" }), 'a part ".."'],
    [{ ...frames, "json/9_summary.json": [entry] }, "no annotations"],
  ];
  for (const [files, message] of cases) {
    await assertRejects(() => samplesOf("mlvu", files), InputError, message);
  }
});

// The shapes of the six published entries that are odd, and how the authors' qa_template letters them.
const odd: readonly Files[] = [
  { candidates: ["", "There is one", "There is none", ""], answer: "There is one" },
  { candidates: ["In the garage", "In the toolbox", "", "On the shelf"], answer: "" },
  { candidates: ["", "", "", ""], answer: "" },
  { candidates: ["Fishing", "Sunbathing"], answer: "Catching a drone" },
  { candidates: ["Six", "Three ", "Three ", "Eight"], answer: "Three " },
  { candidates: ["one"], answer: "one" },
  { candidates: ["takes a card", "(b)"], answer: "takes a card" },
  { answer: undefined },
];

Deno.test("mlvu: entries that nobody can use are left out and named, others keep the benchmark's letters", async () => {
  const files = { "data/2_needle.json": odd.map((fields) => changed(entry, fields)), ...frames };
  const { ids, leftOut } = await listed("mlvu", files);
  assertEquals(ids, ["2_needle-1", "2_needle-5"]);
  assertEquals(leftOut.map(({ sample }) => sample), [2, 3, 4, 6, 7, 8].map((i) => `2_needle-${i}`));
  assert(leftOut[0].reason.includes("entry 2 of data/2_needle.json: answer is"));
  const [empty, twice] = await samplesOf("mlvu", files);
  assertEquals(empty.answer, ["B", "There is one"]);
  assertEquals(empty.choices, ["", "There is one", "There is none", ""]);
  assert(empty.question.includes("\n(A) \n(B) There is one\n"));
  assertEquals(twice.answer, ["C", "Three"]);
});

Deno.test("mlvu: each of the folders in which the benchmark keeps its files", async () => {
  for (const folder of ["json", "MLVU/json", "data", "MLVU/data"]) {
    const files = { [`${folder}/2_needle.json`]: [entry], ...frames };
    assertEquals((await listed("mlvu", files)).ids, ["2_needle-1"]);
  }
});

Deno.test("mlvu: a limit reads no further; without frames an entry stops, or is left out on request", async () => {
  const files = {
    "data/2_needle.json": [entry, changed(entry, { video: "absent.mp4" }), entry],
    "data/3_ego.json": "not JSON",
    ...frames,
  };
  assertEquals((await listed("mlvu", files, { limit: 1 })).ids, ["2_needle-1"]);
  await assertRejects(() => listed("mlvu", files, { limit: 2 }), InputError, "absent");
  const { ids, leftOut } = await listed("mlvu", files, { limit: 2, skipBad: true });
  assertEquals([ids, leftOut.map(({ sample }) => sample)], [
    ["2_needle-1", "2_needle-3"],
    ["2_needle-2"],
  ]);
});
