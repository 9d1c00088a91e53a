import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { InputError } from "../../../lib/common/errors.ts";
import { domainOf, domains } from "../../../lab/synthetic/domains.ts";
import { isCorrect } from "../../../lib/data/metrics.ts";
import type { TaskOptions } from "../../../lab/synthetic/options.ts";
import { answersOf, imagesOf } from "../../../lib/data/sample.ts";
import { splitWords, wordIds } from "../../../lab/synthetic/vocabulary.ts";
import { placeOf, readBox } from "../../data/reader.ts";

const small: TaskOptions = {
  cellsPerSide: 6,
  images: 3,
  difficulty: 0,
  split: "test",
  noise: 0.02,
};

Deno.test("domains: the same seed and options give the same sample, others do not", () => {
  for (const domain of domains) {
    for (let difficulty = 0; difficulty <= 4; difficulty++) {
      const options = { ...small, difficulty };
      assertEquals(domain.generate(11, options), domain.generate(11, options));
      const other = domain.generate(12, options);
      assertNotEquals(imagesOf(domain.generate(11, options))[0].data, imagesOf(other)[0].data);
    }
  }
});

Deno.test("domains: training and test samples of one seed differ in pixels", () => {
  for (const domain of domains) {
    for (let seed = 0; seed < 5; seed++) {
      const [a, b] = (["train", "test"] as const).map((split) =>
        domain.generate(seed, { ...small, split })
      );
      assertNotEquals(a.id, b.id);
      assertNotEquals(imagesOf(a)[0].data, imagesOf(b)[0].data);
    }
  }
});

Deno.test("domains: a reader finds key and answer in the pixels of the evidence", () => {
  const varieties: readonly TaskOptions["difficulty"][] = [
    0,
    2,
    3,
    { keyWords: 2 },
    { answerWords: 2 },
  ];
  for (const domain of domains) {
    for (const difficulty of varieties) {
      if (domain.name === "page" && typeof difficulty !== "number" && difficulty.answerWords) {
        continue;
      }
      const sample = domain.generate(3, { ...small, difficulty });
      const answer = splitWords(answersOf(sample).at(-1)!);
      for (const piece of sample.evidence) {
        const { image, box } = placeOf(sample, piece);
        const read = readBox(image, box);
        assertEquals(read.slice(-answer.length), answer, sample.id);
        const asked = sample.question.replaceAll(" ", "");
        for (const key of read.slice(0, -answer.length)) assert(asked.includes(key), sample.id);
      }
    }
  }
});

Deno.test("domains: labels that are there once are evidence, read off the first cell", () => {
  for (const name of ["video", "page"]) {
    const sample = domainOf(name).generate(5, { ...small, difficulty: { label: "once" } });
    assertEquals(sample.evidence.length, 2);
    const { image, box } = placeOf(sample, sample.evidence[1]);
    assertEquals(box, [0, 0, 16, 16]);
    assertEquals(readBox(image, box), [sample.answer]);
  }
});

Deno.test("domains: coordinates are those of the object, in eighths of the image", () => {
  for (let seed = 0; seed < 10; seed++) {
    const options = { ...small, images: 1, difficulty: { place: "coordinates" as const } };
    const sample = domainOf("scene").generate(seed, options);
    const { image, box } = placeOf(sample, sample.evidence[0]);
    const [x, y] = [box[0] + 8, box[1] + 8].map((c) => 1 + Math.floor(c / image.width * 8));
    assertEquals(sample.answer, `x${x} y${y}`);
    assertEquals(readBox(image, box), [sample.question]);
  }
});

Deno.test("domains: media, frame repetition and frames of the evidence", () => {
  const scene = domainOf("scene").generate(1, small);
  assertEquals(scene.images?.length, 3);
  const video = domainOf("video").generate(1, { ...small, frameRepeat: 2 });
  const once = domainOf("video").generate(1, small);
  const frames = imagesOf(video);
  assertEquals(frames.length, 6);
  assert(frames[0] === frames[1]);
  assertEquals([video.video?.fps, once.video?.fps], [2, 2]);
  const single = placeOf(once, once.evidence[0]).first;
  const [held] = video.evidence;
  assertEquals("frames" in held && held.frames, [single * 2, single * 2 + 1]);
});

Deno.test("domains: questions and answers are words of the vocabulary, and right", () => {
  for (const domain of domains) {
    for (let difficulty = 0; difficulty <= 4; difficulty++) {
      for (let seed = 0; seed < 12; seed++) {
        const sample = domain.generate(seed, { ...small, cellsPerSide: 8, difficulty });
        assert(wordIds(sample.question).length > 0);
        for (const answer of answersOf(sample)) {
          assert(wordIds(answer).length <= 2);
          assert(isCorrect(answer, sample));
        }
        assert(sample.chance! > 0 && sample.chance! <= 1);
      }
    }
  }
});

Deno.test("domains: long videos are multiple choice, by words or by letters", () => {
  const generate = (choices: "words" | "letters") =>
    domainOf("long-video").generate(4, {
      ...small,
      difficulty: { choices, questionStyle: "sentence" },
    });
  const worded = generate("words");
  assertEquals(new Set(worded.choices).size, 4);
  for (const choice of worded.choices!) assert(splitWords(worded.question).includes(choice));
  assertEquals(worded.chance, 0.25);
  const [letter, text] = answersOf(generate("letters"));
  const { choices, question } = generate("letters");
  assertEquals(choices!.indexOf(text), "abcd".indexOf(letter));
  assert(question.includes(`(${letter}) ${text}`));
});

Deno.test("domains: sizes from 64 to 4096 visual tokens", () => {
  for (const [cellsPerSide, images] of [[8, 1], [4, 4], [16, 16], [64, 1]] as const) {
    const sample = domainOf("document").generate(1, { ...small, cellsPerSide, images });
    const pixels = imagesOf(sample).reduce((sum, { width, height }) => sum + width * height, 0);
    assertEquals(pixels / 256, cellsPerSide ** 2 * images);
  }
});

Deno.test("domainOf: names are checked, and the nearest is suggested", () => {
  assertThrows(() => domainOf("scenes"), InputError, "nearest: scene");
});
