/**
 * The planted world: images that are rows of cells, some with a key and a value, and questions that
 * name a key. The answer is its value.
 *
 * @module
 */
import { spansOf, type TokenSpan, type TokenSpans } from "../../lib/inputs/token_spans.ts";
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
  /** The null query: it asks for the one key that the image does not show. */
  readonly nullQuery: Int32Array;
  /** A question in other words that asks for nothing: a value. */
  readonly unrelatedQuestion: Int32Array;
  /** The other cells with a key. */
  readonly foilSpans: readonly TokenSpan[];
  /** The right answer: one token. */
  readonly answerIds: Int32Array;
}

/** How a sample is made. */
export interface PlantedSampleOptions {
  /**
   * Whether the word "ask", with which questions begin, also stands before the evidence: the wording of
   * the question then leads to the evidence whatever key is asked for. Not by default.
   */
  readonly wording?: boolean;
}

/**
 * One question on one image that shows all keys but one.
 *
 * @param seed seed of the data set
 * @param index number of the sample in it
 *
 * @example
 * ```ts
 * import { plantedSample } from "./planted_world.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(plantedSample(1, 0).spans.visual, [[1, 25]]);
 * assertEquals(plantedSample(1, 0, { wording: true }).inputs.inputIds.length, 28);
 * ```
 */
export function plantedSample(
  seed: Seed,
  index: number,
  { wording = false }: PlantedSampleOptions = {},
): PlantedSample {
  const random = new Random(seed).fork("planted samples").fork(index);
  const places = random.choice(cells, symbols); // places[key] is the cell that shows the key
  const values = Array.from({ length: symbols }, () => random.integer(symbols));
  const asked = random.integer(symbols);
  const absent = (asked + 1 + random.fork("absent key").integer(symbols - 1)) % symbols;
  const channels = 2 * symbols + 1;
  const pixels = new Float32Array(cells * channels);
  for (let cell = 0; cell < cells; cell++) pixels[cell * channels + 2 * symbols] = 1;
  places.forEach((cell, key) => {
    if (key === absent) return;
    pixels[cell * channels + key] = 1;
    pixels[cell * channels + symbols + values[key]] = 1;
  });
  const question = [token.ask, token.key + asked];
  const picture = Array<number>(cells).fill(token.image);
  if (wording) picture.splice(places[asked], 0, token.ask);
  const inputIds = Int32Array.of(token.first, ...picture, ...question);
  const start = 1 + picture.length;
  /** The token that shows a cell. */
  const shown = (cell: number) => 1 + cell + (wording && cell >= places[asked] ? 1 : 0);
  const keys = Array.from({ length: symbols }, (_, key) => key);
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
      visual: spansOf(Array.from({ length: cells }, (_, cell) => shown(cell))),
      evidence: spansOf([shown(places[asked])]),
      question: [[start, start + question.length]],
      answer: [],
    },
    grids: wording ? [] : [{
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
    nullQuery: Int32Array.of(token.ask, token.key + absent),
    unrelatedQuestion: Int32Array.of(token.anything, token.value),
    foilSpans: spansOf(
      keys.filter((key) => key !== asked && key !== absent).map((key) => shown(places[key])),
    ),
    answerIds: Int32Array.of(token.value + values[asked]),
  };
}
