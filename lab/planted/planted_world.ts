/**
 * The planted world: images that are rows of cells, some with a key and a value, and questions that
 * name a key. The answer is its value.
 *
 * @module
 */
import type { TokenSpans } from "../../lib/inputs/token_spans.ts";
import type { PlacedGrid } from "../../lib/inputs/visual_grid.ts";
import type { ModelInputs } from "../../lib/model/model_inputs.ts";
import { Random, type Seed } from "../../lib/stats/random.ts";

/** Number of keys, and of values. */
export const symbols = 8;
/** Cells of an image; those without key and value are blank. */
export const cells = 24;
/** Token ids: the first of a prompt, a cell, the word "ask", a word that names no key, keys, values. */
export const token = {
  first: 0,
  image: 1,
  ask: 2,
  anything: 3,
  key: 4,
  value: 4 + symbols,
} as const;
/** V, size of the vocabulary. */
export const vocabulary: number = token.value + symbols;

/** A question on an image of the planted world. */
export interface PlantedSample {
  /** Unique among samples of other indices. */
  readonly id: string;
  /** Always `"planted"`. */
  readonly domain: string;
  /** The prompt. */
  readonly inputs: ModelInputs;
  /** Its parts; evidence is the cell with the asked key. */
  readonly spans: TokenSpans;
  /** The image's cells. */
  readonly grids: readonly PlacedGrid[];
  /** A question that asks for no key. */
  readonly nullQuery: Int32Array;
  /** The right answer: one token. */
  readonly answerIds: Int32Array;
}

/**
 * One question on one image.
 *
 * @param seed seed of the data set
 * @param index number of the sample in it
 *
 * @example
 * ```ts
 * import { plantedSample } from "./planted_world.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(plantedSample(1, 0).spans.visual, [[1, 25]]);
 * ```
 */
export function plantedSample(seed: Seed, index: number): PlantedSample {
  const random = new Random(seed).fork("planted samples").fork(index);
  const places = random.choice(cells, symbols); // places[key] is the cell that shows the key
  const values = Array.from({ length: symbols }, () => random.integer(symbols));
  const asked = random.integer(symbols);
  const channels = 2 * symbols + 1;
  const pixels = new Float32Array(cells * channels);
  for (let cell = 0; cell < cells; cell++) pixels[cell * channels + 2 * symbols] = 1;
  places.forEach((cell, key) => {
    pixels[cell * channels + key] = 1;
    pixels[cell * channels + symbols + values[key]] = 1;
  });
  const question = [token.ask, token.key + asked];
  const inputIds = Int32Array.of(
    token.first,
    ...Array<number>(cells).fill(token.image),
    ...question,
  );
  const start = 1 + cells, evidence = 1 + places[asked];
  return {
    id: `planted-${seed}-${index}`,
    domain: "planted",
    inputs: {
      inputIds,
      positionIds: Int32Array.from(inputIds, (_, i) => i),
      nextPosition: inputIds.length,
      media: { pixel_values: { data: pixels, shape: [cells, channels] } },
    },
    spans: {
      system: [],
      visual: [[1, start]],
      evidence: [[evidence, evidence + 1]],
      question: [[start, start + question.length]],
      answer: [],
    },
    grids: [{
      kind: "image",
      media: 0,
      size: [cells, 1],
      frames: [],
      rows: 1,
      columns: cells,
      newline: "none",
      region: [0, 0, cells, 1],
      start: 1,
    }],
    nullQuery: Int32Array.of(token.ask, token.anything),
    answerIds: Int32Array.of(token.value + values[asked]),
  };
}
