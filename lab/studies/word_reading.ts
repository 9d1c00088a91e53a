/**
 * How many words the vision tower of a language model reads correctly, on pages of random words in drawings that
 * training never showed.
 *
 * @module
 */
import { digestOf } from "../../lib/common/digest.ts";
import { readRecordJson } from "../../lib/common/record_bytes.ts";
import type { PretrainedModel } from "../../lib/families/pretrained.ts";
import { endsOf } from "../../lib/stats/interval.ts";
import { Random } from "../../lib/stats/random.ts";
import { wilsonInterval } from "../../lib/stats/proportion.ts";
import { drawnObjects } from "../pages/drawn_objects.ts";
import { pageWords } from "../pages/page_words.ts";
import { fontNames } from "../pages/stroke_font.ts";
import { drawPage, type PageCell, pageCells } from "../pages/word_page.ts";
import { labelledPages } from "../training/vision_tower_pages.ts";
import {
  type Experiment,
  type ExperimentConfig,
  runExperiment,
} from "../../lib/experiments/experiment.ts";
import type { RunContext } from "../../lib/experiments/run_context.ts";
import { type ReadableWords, readCells } from "./read_cells.ts";
import { jsonText } from "../../lib/experiments/record.ts";

/** One page's outcome. */
export interface WordReadingRow {
  /** Font of the page, or `pictures` for pages of pictured things. */
  readonly kind: string;
  /** Cells read right. */
  readonly right: number;
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
  /** Its 95% interval (Wilson). */
  readonly ci95: readonly [low: number, high: number];
}

/** Settings of the experiment. */
export interface WordReadingConfig {
  /** The multimodal model. */
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

/** Settings as the runner takes them. */
interface RunConfig extends ExperimentConfig, Pick<WordReadingConfig, "words"> {
  readonly pretrained: PretrainedModel;
  /** Numbers of the pages. */
  readonly samples: readonly { readonly index: number }[];
}

/** Outcome of one page. */
async function readPage(
  model: PretrainedModel,
  words: ReadableWords,
  { kind, cells, image }: ReturnType<typeof drawUnit>,
): Promise<WordReadingRow> {
  const { pixels } = labelledPages([image], new Int32Array(0));
  const found = await readCells(model, { pixel_values: pixels }, words);
  const wrong = cells.map(({ word }, i) => [word, pageWords[found[i]]] as const)
    .filter(([word, read]) => word !== read);
  return { kind, right: cells.length - wrong.length, cells: cells.length, wrong };
}

/** What was found: results, and the words that were read as others. */
interface WordReadingFound {
  readonly results: WordReadingResult[];
  readonly wrong: readonly (readonly [right: string, read: string])[];
}

/** The experiment: one row per page. */
export const wordReadingExperiment: Experiment<RunConfig, WordReadingRow, WordReadingFound> = {
  name: "word_reading",
  question: "How many words does the vision tower read correctly?",
  action: "read pages",
  sources: [new URL("../", import.meta.url)],
  units: ({ pretrained, samples, words }) =>
    samples.map(({ index }) => ({
      key: `${index}`,
      open: () => {
        const page = drawUnit(index);
        return Promise.resolve({
          digest: digestOf(page),
          work: () => readPage(pretrained, words, page),
        });
      },
    })),
  result: (rows) => ({
    results: wordReadingResults(rows),
    wrong: rows.flatMap(({ wrong }) => wrong),
  }),
  record: ({ results, wrong }) => ({
    options: {},
    files: { "results.json": jsonText(results), "confusions.json": jsonText(wrong) },
  }),
};

/** Results of rows: by kind as far as there are any, and all. */
export function wordReadingResults(rows: readonly WordReadingRow[]): WordReadingResult[] {
  const seen = kinds.filter((kind) => rows.some((row) => row.kind === kind));
  return [...seen, "all"].map((kind) => {
    const own = rows.filter((row) => kind === "all" || row.kind === kind);
    const right = own.reduce((sum, row) => sum + row.right, 0);
    const cells = own.reduce((sum, row) => sum + row.cells, 0);
    return { kind, cells, value: right / cells, ci95: endsOf(wilsonInterval(right, cells)) };
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
  const { model, words, pages, name } = config;
  const samples = Array.from({ length: pages }, (_, index) => ({ index }));
  const about = { model: name, data: `${pages} pages of random words` };
  const given = { network: model.network, pretrained: model, samples, words, about };
  return (await runExperiment(wordReadingExperiment, given, context)).results;
}

/** The results of a record. @throws {InputError} if the folder holds none */
export async function readWordReading(folder: string): Promise<WordReadingResult[]> {
  return await readRecordJson(folder, "results.json") as WordReadingResult[];
}
