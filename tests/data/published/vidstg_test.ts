import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../../lib/common/errors.ts";
import { isCorrect } from "../../../lib/data/metrics.ts";
import { changed, type Files, numbered, Picture, samplesOf, upTo } from "./data_set.ts";

const entry = {
  vid: "107",
  fps: 20,
  frame_count: 100,
  width: 64,
  height: 48,
  used_segment: { begin_fid: 40, end_fid: 99 },
  temporal_gt: { begin_fid: 50, end_fid: 71 },
  captions: [{ description: "a child throws the ball.", type: "person", target_id: 2 }],
  questions: [{ description: "who throws the ball?", type: "person", target_id: 2 }],
};
const annotations = "annotations/val_annotations.json";
const frames = (step: number) => numbered("frames/107", upTo(0, 99, step), new Picture(32, 24));
const vidor = {
  width: 64,
  height: 48,
  trajectories: upTo(0, 99).map((frame) =>
    frame === 60 ? [] : [
      { tid: 1, bbox: { xmin: 0, ymin: 0, xmax: 4, ymax: 4 } },
      { tid: 2, bbox: { xmin: frame / 2, ymin: 10, xmax: frame / 2 + 20, ymax: 30 } },
    ]
  ),
};

Deno.test("vidstg: the segment's frames, and those in which the relation holds", async () => {
  for (const step of [1, 5, 10]) {
    const samples = await samplesOf("vidstg", { [annotations]: [entry], ...frames(step) });
    assertEquals(samples.map(({ id }) => id), ["val_annotations-1-1", "val_annotations-1-2"]);
    for (const sample of samples) {
      const numbers = sample.video!.frames.map((path) => Number(/(\d+)\.png$/.exec(path)![1]));
      assertEquals(numbers, upTo(40, 99, step));
      assertEquals(sample.video!.fps, 20 / step);
      const [piece] = sample.evidence;
      if (!("frames" in piece)) throw new Error("no frames");
      const [first, last] = piece.frames.map((i) => numbers[i]);
      assertEquals([first, last], [50, 70]);
      assertEquals(sample.answer, "0.5 to 1.55");
      assert(isCorrect("0.6s to 1.5s", sample) && !isCorrect("0 to 3", sample));
    }
    assert(samples[1].question.includes("who throws the ball?"));
  }
});

Deno.test("vidstg: boxes of VidOR, scaled to the frames", async () => {
  for (const file of ["vidor/107.json", "vidor/training/0001/107.json"]) {
    const files = { [annotations]: [entry], ...frames(10), [file]: vidor };
    const [sample] = await samplesOf("vidstg", files);
    // Frames 50, 60 and 70 are the segment's second to fourth; in 60 the target is not seen.
    assertEquals(sample.evidence, [
      { frames: [1, 1], box: [12.5, 5, 22.5, 15] },
      { frames: [3, 3], box: [17.5, 5, 27.5, 15] },
    ]);
  }
});

Deno.test("vidstg: a relation between the frames that are there has an answer, but no evidence", async () => {
  const short = changed(entry, { temporal_gt: { begin_fid: 51, end_fid: 60 } });
  const absent = changed(entry, { captions: [{ description: "x", target_id: 9 }] });
  const files = { [annotations]: [short, absent], ...frames(10) };
  const [first] = await samplesOf("vidstg", files);
  assertEquals([first.answer, first.evidence], ["0.55 to 1", []]);
  const list = await samplesOf("vidstg", { ...files, "vidor/107.json": vidor });
  assertEquals(list.map(({ evidence }) => evidence.length), [0, 0, 0, 2]);
});

Deno.test("vidstg: what is wrong is named", async () => {
  const good: Files = { [annotations]: [entry], ...frames(10) };
  const entries = (fields: Files) => ({ ...good, [annotations]: [entry, changed(entry, fields)] });
  const captions = [{ description: "x", target_id: "9" }];
  const cases: readonly (readonly [Files, string])[] = [
    [entries({ vid: "108" }), "entry 2 of annotations/val_annotations.json): wanted images"],
    [entries({ vid: "108" }), "-frame_pts 1"],
    [entries({ vid: "../frames/107" }), 'a part ".."'],
    [entries({ fps: 0 }), "fps is 0"],
    [entries({ temporal_gt: { begin_fid: 60, end_fid: 60 } }), "temporal_gt: begin_fid"],
    [entries({ used_segment: { begin_fid: 91, end_fid: 99 } }), "used_segment: begin_fid"],
    [entries({ used_segment: { begin_fid: 0 } }), "used_segment: end_fid is"],
    [entries({ captions: [{ target_id: 1 }] }), "captions[0]: description is"],
    [entries({ questions: undefined }), "questions is"],
    [{ ...good, "frames/107/000041.png": new Picture(32, 24) }, "comes 50, not 42"],
    [{ ...entries({ captions }), "vidor/107.json": vidor }, "captions[0]: target_id is"],
    [
      { ...good, "vidor/107.json": { ...vidor, trajectories: [1] } },
      "vidor/107.json: trajectories",
    ],
    [{ ...good, "vidor/108.json": vidor }, "vid is"],
    [{ ...frames(10) }, "val_annotations.json"],
  ];
  for (const [files, message] of cases) {
    await assertRejects(() => samplesOf("vidstg", files), InputError, message);
  }
});
