import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { tokensOf } from "../../../lib/inputs/token_spans.ts";
import { cells, plantedSample, symbols, token } from "../../../lab/planted/planted_world.ts";

Deno.test("the evidence is the cell with the asked key, and the answer its value", () => {
  for (let index = 0; index < 50; index++) {
    const { inputs, spans, answerIds } = plantedSample(1, index);
    const { data, shape: [rows, channels] } = inputs.media["pixel_values"];
    assertEquals(rows, cells);
    const asked = inputs.inputIds.at(-1)! - token.key;
    const holders = Array.from({ length: cells }, (_, i) => i)
      .filter((cell) => data[cell * channels + asked] === 1);
    assertEquals(holders.length, 1);
    assertEquals(spans.evidence, [[1 + holders[0], 2 + holders[0]]]);
    const values = Array.from({ length: symbols }, (_, i) => i)
      .filter((value) => data[holders[0] * channels + symbols + value] === 1);
    assertEquals([...answerIds], values.map((value) => token.value + value));
  }
});

Deno.test("every key but one is shown once, the other cells are blank", () => {
  const { inputs } = plantedSample(2, 0);
  const { data, shape: [rows, channels] } = inputs.media["pixel_values"];
  const shown = Array.from(
    { length: rows },
    (_, cell) =>
      Array.from(data.subarray(cell * channels, cell * channels + 2 * symbols))
        .reduce((a, b) => a + b, 0),
  );
  assertEquals(shown.filter((marks) => marks === 2).length, symbols - 1);
  assertEquals(shown.filter((marks) => marks === 0).length, cells - symbols + 1);
});

Deno.test("the same seed and index give the same sample, others another", () => {
  assertEquals(plantedSample(1, 4), plantedSample(1, 4));
  const pixels = (seed: number, index: number) =>
    String(plantedSample(seed, index).inputs.media["pixel_values"].data);
  assertNotEquals(pixels(1, 4), pixels(1, 5));
  assertNotEquals(pixels(1, 4), pixels(2, 4));
  const answers = new Set(Array.from({ length: 60 }, (_, i) => plantedSample(1, i).answerIds[0]));
  assert(answers.size === symbols);
});

Deno.test("the null query asks for what is not shown, foils are the other keys' cells", () => {
  for (let index = 0; index < 30; index++) {
    for (const wording of [false, true]) {
      const sample = plantedSample(1, index, { wording });
      const { inputs: { inputIds, media: { pixel_values: { data } } }, spans } = sample;
      const channels = 2 * symbols + 1;
      const images = [...inputIds.keys()].filter((i) => inputIds[i] === token.image);
      /** The keys that a token shows. */
      const keysAt = (at: number) =>
        Array.from({ length: symbols }, (_, key) => key)
          .filter((key) => data[images.indexOf(at) * channels + key] === 1);
      assertEquals(images, tokensOf(spans.visual));
      const absent = sample.nullQuery[1] - token.key;
      assert(images.every((at) => !keysAt(at).includes(absent)));
      const asked = inputIds[inputIds.length - 1] - token.key;
      assertEquals(tokensOf(spans.evidence).map(keysAt), [[asked]]);
      const others = tokensOf(sample.foilSpans).map(keysAt);
      assertEquals(new Set([asked, absent, ...others.flat()]).size, symbols);
      assertEquals(inputIds[spans.evidence[0][0] - 1] === token.ask, wording);
    }
  }
});
