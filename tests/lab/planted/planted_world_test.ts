import { assert, assertEquals, assertNotEquals } from "@std/assert";
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

Deno.test("every key is shown once, the other cells are blank", () => {
  const { inputs } = plantedSample(2, 0);
  const { data, shape: [rows, channels] } = inputs.media["pixel_values"];
  const shown = Array.from(
    { length: rows },
    (_, cell) =>
      Array.from(data.subarray(cell * channels, cell * channels + 2 * symbols))
        .reduce((a, b) => a + b, 0),
  );
  assertEquals(shown.filter((marks) => marks === 2).length, symbols);
  assertEquals(shown.filter((marks) => marks === 0).length, cells - symbols);
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
