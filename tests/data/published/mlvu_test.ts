import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../../lib/common/errors.ts";
import { isCorrect } from "../../../lib/data/metrics.ts";
import { changed, type Files, numbered, Picture, samplesOf, upTo } from "./data_set.ts";

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
    [entries({ answer: "leaves" }), "entry 2 of json/2_needle.json: answer"],
    [entries({ candidates: ["one"] }), "candidates"],
    [entries({ candidates: ["takes a card", "(b)"] }), "candidates"],
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
