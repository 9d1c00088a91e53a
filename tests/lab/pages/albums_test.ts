import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { albumCells, albumSample, albumSide, drawAlbumImage } from "../../../lab/pages/albums.ts";
import { Random } from "../../../lib/stats/random.ts";

const colours = [[200, 0, 0], [0, 200, 0], [0, 0, 200], [200, 200, 0], [0, 200, 200]];
const photographs = ["fox", "key", "owl", "hat", "egg"].map((name, i) => ({
  name,
  image: {
    width: 4,
    height: 4,
    data: Uint8Array.from({ length: 64 }, (_, at) => [...colours[i], 255][at % 4]),
  },
}));
const options = { count: 4, split: "test", set: "example", level: 0 } as const;

Deno.test("each image of an album shows the photograph of its name", () => {
  for (let seed = 0; seed < 8; seed++) {
    const { sample, names } = albumSample(seed, photographs, { ...options, question: "what" });
    assertEquals(new Set(names).size, 4);
    sample.images.forEach(({ data }, i) => {
      const middle = 3 * (albumSide / 2 * albumSide + albumSide / 2);
      const wanted = colours[photographs.findIndex(({ name }) => name === names[i])];
      assertEquals([...data.subarray(middle, middle + 3)], wanted);
    });
  }
});

Deno.test("the question, the evidence and the answer are about the same picture, foils about the others", () => {
  for (const question of ["what", "which"] as const) {
    for (let seed = 0; seed < 8; seed++) {
      const album = albumSample(seed, photographs, { ...options, question });
      const { sample, names, asked, candidates, begun } = album;
      assertEquals(sample.evidence, [{ image: asked }]);
      assertEquals(
        sample.foils?.flat().map((piece) => "image" in piece && piece.image),
        [0, 1, 2, 3].filter((i) => i !== asked),
      );
      const right = question === "what" ? names[asked] : `${asked + 1}`;
      assertEquals(candidates[asked].trim(), right);
      assertEquals(sample.answer[0], right);
      assert(sample.question.includes(question === "what" ? `${asked + 1}` : names[asked]));
      assert(!names.some((name) => sample.null!.includes(` ${name}?`)), sample.null);
      assert(begun.includes(question === "what" ? `${asked + 1}` : names[asked]));
    }
  }
});

Deno.test("every visual token of a picture has its name for a caption", () => {
  const { captions, names } = albumSample(3, photographs, { ...options, question: "what" });
  assertEquals(captions.length, 4 * albumCells ** 2);
  names.forEach((name, i) => assertEquals(captions[i * albumCells ** 2], name));
});

Deno.test("the same seed gives the same album, another split another one", () => {
  const draw = (split: "train" | "test") =>
    albumSample(5, photographs, { ...options, question: "what", split, level: 1 });
  assertEquals(draw("test"), draw("test"));
  assertNotEquals(draw("test").sample.images, draw("train").sample.images);
});

Deno.test("a varied view stays on its paper", () => {
  for (let seed = 0; seed < 5; seed++) {
    const { data } = drawAlbumImage(photographs[0].image, 1, new Random(seed));
    assert(data.some((value, i) => i % 3 === 1 && value < 100), "the photograph is seen");
    assert(data.some((value, i) => i % 3 === 1 && value > 190), "paper is seen");
  }
});

Deno.test("an album can be about a certain photograph, beside others of other names", () => {
  const twice = [...photographs, { ...photographs[0], image: photographs[3].image }];
  for (let about = 0; about < twice.length; about++) {
    const { names, asked, sample } = albumSample(about, twice, {
      ...{ ...options, question: "what", about },
    });
    assertEquals([names[asked], new Set(names).size], [twice[about].name, 4]);
    const middle = 3 * (albumSide / 2 * albumSide + albumSide / 2);
    const { data } = sample.images[asked];
    assertEquals([...data.subarray(middle, middle + 3)], [
      ...twice[about].image.data.subarray(0, 3),
    ]);
  }
});
