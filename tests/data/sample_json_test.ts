import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { parseSample } from "../../lib/data/sample_json.ts";

const image = {
  id: "s1",
  domain: "scene",
  images: ["a.png", "b.png"],
  question: "where is it?",
  answer: "c5",
  evidence: [{ image: 1, box: [0, 2, 16, 18] }],
};
const { images: _images, ...text } = image;
const video = {
  ...text,
  video: { frames: ["0.png", "1.png", "2.png"], fps: 2 },
  answer: ["b", "tom"],
  choices: ["eva", "tom"],
  evidence: [{ frames: [1, 2], box: [0, 0, 1.5, 2] }, { text: [0, 5] }],
  chance: 0.5,
  metric: "text",
};

Deno.test("parseSample: images and videos come through as they are, without further keys", () => {
  assertEquals(parseSample(image, "line 1") as unknown, image);
  assertEquals(parseSample(video, "line 1") as unknown, video);
  assertEquals(parseSample({ ...image, source: "mine" }, "line 1") as unknown, image);
  assertEquals(
    parseSample({ ...text, images: [], evidence: [{ text: [0, 12] }] }, "line 1").images,
    [],
  );
});

Deno.test("parseSample: samples as tables hold them", () => {
  const { domain: _domain, evidence: _evidence, ...short } = text;
  const nothing = {
    context: null,
    choices: null,
    null: null,
    foils: null,
    metric: null,
    video: null,
  };
  assertEquals(
    parseSample({ ...short, ...nothing, id: 7, answer: 12.5, image: "a.png" }, "line 1"),
    {
      ...short,
      id: "7",
      domain: "default",
      images: ["a.png"],
      answer: "12.5",
      evidence: [],
    },
  );
  assertEquals(parseSample({ ...image, images: "a.png", evidence: [] }, "l").images, ["a.png"]);
  assertEquals(parseSample({ ...image, answer: [3, "three"] }, "line 1").answer, ["3", "three"]);
  const lettered = parseSample({ ...image, answer: "B", choices: [2, 3] }, "line 1");
  assertEquals([lettered.answer, lettered.choices], ["B", ["2", "3"]]);
});

Deno.test("parseSample: every mistake names the sample and the field", () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [[], "Cannot read line 7: wanted a JSON object"],
    [{ ...image, id: "" }, "line 7: id is"],
    [{ ...image, id: null }, "line 7: id is"],
    [{ ...image, id: [5] }, "line 7: id is"],
    [{ ...image, domain: "" }, '"s1" (line 7): domain'],
    [{ ...image, question: null }, "question"],
    [{ ...image, answer: [] }, "answer"],
    [{ ...image, answer: true }, "a text, or a list of texts"],
    [{ ...image, answer: null }, "answer"],
    [{ ...image, choices: [] }, "choices"],
    [{ ...image, choices: "a, b" }, "choices"],
    [{ ...image, choices: ["a", "b"] }, "answer is"],
    [{ ...image, images: undefined }, "either images or a video"],
    [{ ...image, video: video.video }, "either images or a video"],
    [{ ...image, images: [1] }, "images"],
    [{ ...video, video: { frames: [], fps: 2 } }, "video.frames"],
    [{ ...video, video: { frames: ["0.png"], fps: 0 } }, "video.fps"],
    [{ ...video, video: "v.mp4" }, "video is"],
    [{ ...image, evidence: {} }, "evidence is"],
    [{ ...image, evidence: [3] }, "evidence[0]"],
    [{ ...image, evidence: [{}] }, "one of image, frames, text"],
    [{ ...image, evidence: [{ image: 0, bbox: [0, 0, 1, 1] }] }, '"bbox"'],
    [{ ...image, evidence: [{ image: 0, text: null, boxes: [] }] }, "evidence[0]"],
    [{ ...video, evidence: [{ text: [0, 5], box: [0, 0, 1, 1] }] }, '"box"'],
    [{ ...image, evidence: [{ image: 0 }, { image: 2 }] }, "evidence[1].image"],
    [{ ...image, evidence: [{ frames: [0, 0] }] }, "evidence[0].frames"],
    [{ ...image, evidence: [{ image: 0, box: [0, 0, 0, 5] }] }, "evidence[0].box"],
    [{ ...image, evidence: [{ image: 0, box: [-1, 0, 4, 5] }] }, "evidence[0].box"],
    [{ ...image, evidence: [{ image: 0, box: [0, 0, 5] }] }, "evidence[0].box"],
    [{ ...video, evidence: [{ frames: [2, 1] }] }, "evidence[0].frames"],
    [{ ...video, evidence: [{ frames: [0, 3] }] }, "evidence[0].frames"],
    [{ ...video, evidence: [{ text: [3, 3] }] }, "evidence[0].text"],
    [{ ...video, evidence: [{ text: [0, 13] }] }, "evidence[0].text"],
    [{ ...image, chance: 2 }, "chance"],
    [{ ...image, foils: {} }, "foils is"],
    [{ ...image, foils: [[]] }, "foils is"],
    [{ ...image, foils: [[{ image: 2 }]] }, "foils[0][0].image"],
    [
      { ...image, foils: [[{ image: 0 }]], foilAnswers: ["a", "b"] },
      "an answer for each of 1 foils",
    ],
    [{ ...image, foils: [[{ image: 0 }]], foilAnswers: [""] }, "foilAnswers[0]"],
    [{ ...image, foilAnswers: ["a"] }, "an answer for each of 0 foils"],
    [{ ...image, null: "" }, "null is"],
    [{ ...image, unrelated: 3 }, "unrelated is"],
    [{ ...image, metric: "iou" }, "metric"],
  ];
  for (const [json, message] of cases) {
    assertThrows(() => parseSample(json, "line 7"), InputError, message);
  }
});
