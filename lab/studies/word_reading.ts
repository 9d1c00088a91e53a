/**
 * How many words the eyes of a language model read right, on pages of random words in drawings that
 * training never showed.
 *
 * @module
 */
import type { PretrainedModel } from "../../lib/families/pretrained.ts";
import { Random } from "../../lib/stats/random.ts";
import { wilsonInterval } from "../../lib/stats/proportion.ts";
import { drawnObjects } from "../pages/drawn_objects.ts";
import { pageWords } from "../pages/page_words.ts";
import { fontNames } from "../pages/stroke_font.ts";
import { drawPage, type PageCell, pageCells } from "../pages/word_page.ts";
import { labelledPages } from "../training/eyes_pages.ts";
import { type Experiment, type RunContext, runUnits } from "../../lib/experiments/experiment.ts";
import type { Json } from "../../lib/experiments/journal.ts";
import { type ReadableWords, readCells } from "./read_cells.ts";
import {
  jsonText,
  makeManifest,
  readRecordJson,
  writeRecord,
} from "../../lib/experiments/record.ts";

/** One page's outcome. */
export interface WordReadingRow {
  /** Font of the page, or `pictures` for pages of pictured things. */
  readonly kind: string;
  /** Cells read right. */
  readonly right: number;
  /** Cells. */
  readonly cells: number;
  /** Words that were read as others: right word, read word. */
  readonly wrong: readonly (readonly [right: string, read: string])[];
}

/** Results of one kind of page. */
export interface WordReadingResult {
  /** Font, `pictures`, or `all`. */
  readonly kind: string;
  /** Cells. */
  readonly cells: number;
  /** Share read right. */
  readonly value: number;
  /** Its 95 % interval (Wilson). */
  readonly ci95: readonly [low: number, high: number];
}

/** Settings of the experiment. */
export interface WordReadingConfig {
  /** The model with eyes. */
  readonly model: PretrainedModel;
  /** The words that it reads. */
  readonly words: ReadableWords;
  /** Pages in all; kinds take turns. */
  readonly pages: number;
  /** Name of the model in the record. */
  readonly name: string;
}

const kinds = [...fontNames, "pictures"] as const;

/** Draws the page of one unit. */
function drawUnit(index: number) {
  const kind = kinds[index % kinds.length];
  const random = new Random(`held-out page of words ${index}`);
  const cells = Array.from(
    { length: pageCells },
    (): PageCell =>
      kind === "pictures"
        ? { word: drawnObjects[random.integer(drawnObjects.length)], pictured: true }
        : { word: pageWords[random.integer(pageWords.length)] },
  );
  const fonts = kind === "pictures" ? fontNames : [kind];
  return { kind, cells, image: drawPage(cells, { fonts, level: 1 }, random) };
}

/** The experiment: one row per page. */
export const wordReadingExperiment: Experiment<WordReadingConfig, WordReadingRow> = {
  name: "word_reading",
  question: "How many words do the eyes read right?",
  async *run({ model, words, pages, name }, context: RunContext = {}) {
    const units = Array.from({ length: pages }, (_, index) => ({
      key: `${index}`,
      work: async (): Promise<WordReadingRow> => {
        const { kind, cells, image } = drawUnit(index);
        const { pixels } = labelledPages([image], new Int32Array(0));
        const found = await readCells(model, { pixel_values: pixels }, words);
        const wrong = cells.map(({ word }, i) => [word, pageWords[found[i]]] as const)
          .filter(([word, read]) => word !== read);
        return { kind, right: cells.length - wrong.length, cells: cells.length, wrong };
      },
    }));
    const codec = {
      encode: (row: WordReadingRow): Json => row as unknown as Json,
      decode: (json: Json): WordReadingRow => json as unknown as WordReadingRow,
    };
    yield* runUnits(units, codec, { experiment: "word_reading", model: name, pages }, context);
  },
};

/** Results of rows: by kind as far as there are any, and all. */
export function wordReadingResults(rows: readonly WordReadingRow[]): WordReadingResult[] {
  const seen = kinds.filter((kind) => rows.some((row) => row.kind === kind));
  return [...seen, "all"].map((kind) => {
    const own = rows.filter((row) => kind === "all" || row.kind === kind);
    const right = own.reduce((sum, row) => sum + row.right, 0);
    const cells = own.reduce((sum, row) => sum + row.cells, 0);
    const { low, high } = wilsonInterval(right, cells);
    return { kind, cells, value: right / cells, ci95: [low, high] as const };
  });
}

/**
 * Measures how many words are read right. With a folder, writes `results.json`, `confusions.json` (the
 * words read as others) and `manifest.json` there.
 */
export async function wordReading(
  config: WordReadingConfig,
  context: RunContext = {},
): Promise<WordReadingResult[]> {
  const rows: WordReadingRow[] = [];
  for await (const row of wordReadingExperiment.run(config, context)) rows.push(row);
  const results = wordReadingResults(rows);
  if (context.folder === undefined) return results;
  const manifest = await makeManifest({
    experiment: wordReadingExperiment.name,
    model: config.name,
    data: `${config.pages} pages of random words`,
    samples: rows.length,
    seed: 0,
    options: {},
  }, config.model.network.kernels);
  await writeRecord(context.folder, manifest, {
    "results.json": jsonText(results),
    "confusions.json": jsonText(rows.flatMap(({ wrong }) => wrong)),
  });
  return results;
}

/** The results of a record. @throws {InputError} if the folder holds none */
export async function readWordReading(folder: string): Promise<WordReadingResult[]> {
  return await readRecordJson(folder, "results.json") as WordReadingResult[];
}
