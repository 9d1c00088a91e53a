/**
 * Pages seen against pages read: the same questions asked with page images and with the pages' words as
 * text in the same places of the prompt.
 *
 * @module
 */
import { sweep } from "../../lib/causal/sweep.ts";
import { digestOf } from "../../lib/common/digest.ts";
import { InputError } from "../../lib/common/errors.ts";
import { readRecordJson } from "../../lib/common/record_bytes.ts";
import { counted } from "../../lib/common/text.ts";
import type { PretrainedModel } from "../../lib/families/pretrained.ts";
import type { ModelInputs } from "../../lib/model/model_inputs.ts";
import { differenceInterval } from "../../lib/stats/bootstrap_pairs.ts";
import { endsOf } from "../../lib/stats/interval.ts";
import { wilsonInterval } from "../../lib/stats/proportion.ts";
import { mean } from "../../lib/stats/summary.ts";
import type { PageNeedle } from "../pages/page_needles.ts";
import { pageWordClass } from "../pages/page_words.ts";
import { completionSample, needleCompletion } from "./completion_sample.ts";
import {
  type Experiment,
  type ExperimentConfig,
  runExperiment,
} from "../../lib/experiments/experiment.ts";
import type { RunContext } from "../../lib/experiments/run_context.ts";
import { type ReadableWords, readCells } from "./read_cells.ts";
import { jsonText } from "../../lib/experiments/record.ts";

/** A page needle that is drawn when its turn comes. */
export interface LazyPageNeedle {
  /** The sample's id. */
  readonly id: string;
  /** Draws it. */
  readonly draw: () => PageNeedle;
}

/** One sample's outcome. */
export interface PageReadingRow {
  /** The sample. */
  readonly id: string;
  /** Its domain and number of pages, such as `document-needle, 4 pages`. */
  readonly kind: string;
  /** 1 where the answer from the images is right. */
  readonly seen: number;
  /** 1 where the answer from the text is right. */
  readonly read: number;
  /** Cells whose word is read right. */
  readonly rightCells: number;
  readonly cells: number;
}

/** Results of one kind of sample. */
export interface PageReadingResult {
  /** Domain and number of pages. */
  readonly kind: string;
  /** Number of samples. */
  readonly samples: number;
  /** Share of right answers from images, and its 95% interval (Wilson). */
  readonly seen: number;
  /** Of `seen`. */
  readonly seen95: readonly [low: number, high: number];
  /** Share of right answers from text. */
  readonly read: number;
  /** Of `read`. */
  readonly read95: readonly [low: number, high: number];
  /** 95% interval of seen minus read, over the same samples. */
  readonly difference95: readonly [low: number, high: number];
  /** Share of the cells whose word is read right. */
  readonly cells: number;
  /** Number of cells. */
  readonly cellCount: number;
}

/**
 * A prompt with words in the places of visual tokens, and no images.
 *
 * @param words token of each visual token, in prompt order
 * @throws {InputError} if there are more or fewer words than visual tokens
 *
 * @example
 * ```ts
 * import { textTwin } from "./page_reading.ts";
 * import { assertEquals } from "@std/assert";
 * const inputIds = Int32Array.of(1, 9, 9, 2);
 * const inputs = { inputIds, positionIds: Int32Array.of(0, 1, 2, 3), nextPosition: 4, media: {} };
 * assertEquals([...textTwin(inputs, 9, [5, 6]).inputIds], [1, 5, 6, 2]);
 * ```
 */
export function textTwin(
  inputs: ModelInputs,
  imageTokenId: number,
  words: readonly number[],
): ModelInputs {
  let used = 0;
  const inputIds = inputs.inputIds.map((id) => id === imageTokenId ? words[used++] ?? -1 : id);
  if (used === words.length) return { ...inputs, inputIds, media: {} };
  throw new InputError(
    `Cannot put ${words.length} words in the places of ${used} visual tokens: the numbers must be ` +
      "equal",
  );
}

/** Settings of the experiment. */
export interface PageReadingConfig {
  /** The multimodal model. */
  readonly model: PretrainedModel;
  /** The samples. */
  readonly needles: readonly LazyPageNeedle[];
  /** The words that it reads. */
  readonly words: ReadableWords;
  /** Name of the model in the record. */
  readonly name: string;
  /** Name of the data in the record. */
  readonly data: string;
}

/** Settings as the runner takes them. */
interface RunConfig extends ExperimentConfig, Pick<PageReadingConfig, "words"> {
  readonly pretrained: PretrainedModel;
  readonly samples: readonly LazyPageNeedle[];
}

/** Outcome of one needle. */
async function readNeedle(
  model: PretrainedModel,
  words: ReadableWords,
  { sample, pages }: PageNeedle,
): Promise<PageReadingRow> {
  const seen = await completionSample(model, sample, needleCompletion(sample));
  const classes = pages.flat().map(({ word }) => pageWordClass(word));
  const tokens = classes.map((index) => words.tokens[index]);
  const twin = { ...seen, inputs: textTwin(seen.inputs, model.config.imageTokenId, tokens) };
  const right = async (prompt: typeof seen) => {
    const [outcome] = await sweep(model, prompt, [[]], { scope: "all" });
    return Number(outcome.correct);
  };
  const found = await readCells(model, seen.inputs.media, words);
  return {
    id: sample.id,
    kind: `${sample.domain}, ${counted(pages.length, "page")}`,
    seen: await right(seen),
    read: await right(twin),
    rightCells: classes.reduce((sum, word, i) => sum + Number(found[i] === word), 0),
    cells: classes.length,
  };
}

/** The experiment: one row per sample. */
export const pageReadingExperiment: Experiment<RunConfig, PageReadingRow, PageReadingResult[]> = {
  name: "page_reading",
  question: "Does a language model answer from page images as it does from the same words as text?",
  action: "read pages",
  sources: [new URL("../", import.meta.url)],
  units: ({ pretrained, samples, words }) =>
    samples.map(({ id, draw }) => ({
      key: id,
      open: () => {
        const needle = draw();
        const work = async () => ({ ...await readNeedle(pretrained, words, needle), id });
        return Promise.resolve({ digest: digestOf(needle), work });
      },
    })),
  result: pageReadingResults,
  record: (results) => ({
    options: {},
    files: { "results.json": jsonText(results) },
  }),
};

/** Results of rows, by kind of sample in the order in which they come. */
export function pageReadingResults(rows: readonly PageReadingRow[]): PageReadingResult[] {
  const kinds = [...new Set(rows.map(({ kind }) => kind))];
  return kinds.map((kind) => {
    const own = rows.filter((row) => row.kind === kind);
    const seen = own.map((row) => row.seen), read = own.map((row) => row.read);
    const interval = (values: readonly number[]) =>
      endsOf(wilsonInterval(values.reduce((a, b) => a + b, 0), values.length));
    const cellCount = own.reduce((sum, { cells }) => sum + cells, 0);
    return {
      kind,
      samples: own.length,
      seen: mean(seen),
      seen95: interval(seen),
      read: mean(read),
      read95: interval(read),
      difference95: endsOf(differenceInterval(seen, read, { seed: 0 })),
      cells: own.reduce((sum, { rightCells }) => sum + rightCells, 0) / cellCount,
      cellCount,
    };
  });
}

/**
 * Compares answers from page images with answers from the same words as text. With a folder, writes
 * `results.json` and `manifest.json` there; a run that was killed resumes where it stopped.
 *
 * @throws {InputError} for samples that cannot be used
 */
export async function pageReading(
  config: PageReadingConfig,
  context: RunContext = {},
): Promise<PageReadingResult[]> {
  const { model, needles: samples, words, name, data } = config;
  const about = { model: name, data };
  const given = { network: model.network, pretrained: model, samples, words, about };
  return await runExperiment(pageReadingExperiment, given, context);
}

/** The results of a record. @throws {InputError} if the folder holds none */
export async function readPageReading(folder: string): Promise<PageReadingResult[]> {
  return await readRecordJson(folder, "results.json") as PageReadingResult[];
}
