/**
 * Photographs seen by a language model: what it answers about a page of photographs, from the page, from the page's
 * captions as text, and from an empty page; the same for pages of manuals.
 *
 * @module
 */
import { digestOf } from "../../lib/common/digest.ts";
import { InputError } from "../../lib/common/errors.ts";
import { readRecordJson } from "../../lib/common/record_bytes.ts";
import {
  type Experiment,
  type ExperimentConfig,
  runExperiment,
} from "../../lib/experiments/experiment.ts";
import { jsonText } from "../../lib/experiments/record.ts";
import type { RunContext } from "../../lib/experiments/run_context.ts";
import type { PretrainedModel } from "../../lib/families/pretrained.ts";
import type { RgbImage } from "../../lib/inputs/image.ts";
import type { ModelInputs } from "../../lib/model/model_inputs.ts";
import { endsOf } from "../../lib/stats/interval.ts";
import { wilsonInterval } from "../../lib/stats/proportion.ts";
import { tokenText } from "../pages/page_words.ts";
import type { LazyAblationSample } from "../../lib/experiments/ablate_heads.ts";
import { type AnySample, lazily } from "../../lib/experiments/samples.ts";
import { completionSample } from "./completion_sample.ts";
import { firstToken, likeliestToken } from "./next_token.ts";
import { textTwin } from "./page_reading.ts";
import { nearestRows } from "./read_cells.ts";

/**
 * What a prompt shows: the page, its captions as text, or an empty page. `named`: the language model is not run, and
 * the answer is the candidate whose embedding lies nearest to what the vision tower gives in the answer's cells.
 * `pointed`: as `named`, by the direction alone (the largest cosine).
 */
export const photographViews = ["seen", "read", "blind", "named", "pointed"] as const;

/** One of {@link photographViews}. */
export type PhotographView = typeof photographViews[number];

/** A value for each view that was asked. */
export type ByView<T> = Readonly<Partial<Record<PhotographView, T>>>;

/** A question on one image, how its answer begins, and the answers that the image offers. */
export interface PicturedQuestion {
  readonly sample: Extract<AnySample, { readonly images: readonly RgbImage[] }>;
  /** The answer's beginning, to be gone on with. */
  readonly begun: string;
  /** Answers that differ in their first tokens, each with the space before it. */
  readonly candidates: readonly string[];
  /** Which one is right. */
  readonly asked: number;
  /** Where there is one: the captions that visual tokens stand for, a word for each. */
  readonly captions?: readonly string[];
}

/** A sample that is drawn when its turn comes. */
export interface LazyPicturedQuestion {
  /** The sample's id. */
  readonly id: string;
  /** What it is counted under, e.g. `unseen-name, what`. */
  readonly kind: string;
  /** Draws it. */
  readonly draw: () => PicturedQuestion;
}

/** One sample's outcome: 1 where it is right. */
export interface PhotographReadingRow {
  readonly id: string;
  readonly kind: string;
  /** Chance of a right choice among the page's candidates. */
  readonly chance: number;
  /** Whether the right candidate is the likeliest of the page's candidates, by view. */
  readonly choice: ByView<number>;
  /** Whether it is the likeliest of all tokens, by view. */
  readonly free: ByView<number>;
}

/** A share with its 95% interval (Wilson). */
export type ShareWithInterval = readonly [share: number, low: number, high: number];

/** Results of one kind of sample. */
export interface PhotographReadingResult {
  /** Which photographs, what is asked and among how many, e.g. `unseen-photograph, what, 8`. */
  readonly kind: string;
  /** Number of questions. */
  readonly samples: number;
  /** Share of right choices by chance. */
  readonly chance: number;
  /** Right choices among the page's candidates. */
  readonly choice: ByView<ShareWithInterval>;
  /** Right among all tokens. */
  readonly free: ByView<ShareWithInterval>;
}

/** Settings of the experiment. */
export interface PhotographReadingConfig {
  readonly model: PretrainedModel;
  readonly samples: readonly LazyPicturedQuestion[];
  /** Which views are asked: seen, read and blind by default. */
  readonly views?: readonly PhotographView[];
  /** Name of the model in the record. */
  readonly name: string;
  /** Name of the data in the record. */
  readonly data: string;
}

/** Such questions as samples for ablation, whose prompts hold the answer's beginning. */
export function picturedCompletions(
  model: PretrainedModel,
  questions: readonly PicturedQuestion[],
): LazyAblationSample[] {
  const byId = new Map(questions.map((question) => [question.sample.id, question]));
  return lazily(questions.map(({ sample }) => sample), (sample) => {
    const { begun, candidates, asked } = byId.get(sample.id)!;
    return completionSample(model, sample, { begun, rest: candidates[asked] });
  });
}

interface RunConfig extends ExperimentConfig {
  readonly pretrained: PretrainedModel;
  readonly samples: readonly LazyPicturedQuestion[];
  readonly views: readonly PhotographView[];
}

/** White paper of the same size. */
const emptied = ({ width, height, data }: RgbImage): RgbImage => ({
  ...{ width, height },
  data: new Uint8Array(data.length).fill(255),
});

/** The prompt of a sample in one view. */
async function promptOf(
  model: PretrainedModel,
  { begun, candidates, asked, sample, captions = [] }: PicturedQuestion,
  view: PhotographView,
): Promise<ModelInputs> {
  const completion = { begun, rest: candidates[asked] };
  const shown = view === "blind" ? { ...sample, images: sample.images.map(emptied) } : sample;
  const { inputs } = await completionSample(model, shown, completion);
  if (view !== "read") return inputs;
  const encode = (word: string) =>
    model.processor.tokenizer.encode(tokenText(word), { addSpecialTokens: false });
  return textTwin(
    inputs,
    model.config.imageTokenId,
    captions.flatMap((word) => [...encode(word)]),
  );
}

/** The candidate nearest to the mean of the answer's visual tokens; for questions whose answer is a caption's word. */
async function namedCandidate(
  { network }: PretrainedModel,
  { media }: ModelInputs,
  { captions = [], candidates, asked }: PicturedQuestion,
  tokens: readonly number[],
  byDirection: boolean,
): Promise<number> {
  const { kernels: k, decoder, vision, config: { text: { hiddenSize: width } } } = network;
  const cells = [...captions.keys()].filter((i) => captions[i] === candidates[asked].trim());
  const [mean, table] = k.scope(() => {
    const rows = k.gather(
      vision!.encodeMedia(media).images!.features,
      k.tensor(Int32Array.from(cells), [cells.length]),
    );
    const embeddings = k.cast(decoder.embed(Int32Array.from(tokens)), "float32");
    return [k.scale(k.sum(rows, 0), 1 / cells.length), embeddings].map((x) => k.keep(x));
  });
  const [own, all] = [await k.read(mean), await k.read(table)] as Float32Array[];
  k.dispose(mean, table);
  if (byDirection) [own, all].forEach((rows) => toUnitLength(rows, width));
  return tokens[nearestRows(own, all, width)[0]];
}

/** Divides each row by its length. */
function toUnitLength(rows: Float32Array, width: number): void {
  for (let from = 0; from < rows.length; from += width) {
    const row = rows.subarray(from, from + width), length = Math.hypot(...row);
    row.forEach((value, i) => row[i] = value / length);
  }
}

async function readSample(
  model: PretrainedModel,
  { id, kind }: LazyPicturedQuestion,
  drawn: PicturedQuestion,
  views: readonly PhotographView[],
): Promise<PhotographReadingRow> {
  const choice: Partial<Record<PhotographView, number>> = {}, free = { ...choice };
  const tokens = drawn.candidates.map((text) => firstToken(model, text));
  if (new Set(tokens).size < tokens.length) {
    throw new InputError(`Cannot ask ${id}: some of its answers begin with the same token`);
  }
  const right = tokens[drawn.asked];
  for (const view of views) {
    const inputs = await promptOf(model, drawn, view);
    if (view === "named" || view === "pointed") {
      const candidate = await namedCandidate(model, inputs, drawn, tokens, view === "pointed");
      choice[view] = Number(candidate === right);
      continue;
    }
    const { logits } = await model.forward(inputs);
    choice[view] = Number(likeliestToken(logits!.data, tokens) === right);
    free[view] = Number(likeliestToken(logits!.data) === right);
  }
  return { id, kind, chance: 1 / tokens.length, choice, free };
}

/** The experiment: one row per sample. */
export const photographReadingExperiment: Experiment<
  RunConfig,
  PhotographReadingRow,
  PhotographReadingResult[]
> = {
  name: "photograph_reading",
  question:
    "What does a language model answer about photographs, compared with their captions as text?",
  action: "ask about photographs",
  sources: [new URL("../", import.meta.url)],
  units: ({ pretrained, samples, views }) =>
    samples.map((sample) => ({
      key: sample.id,
      open: () => {
        const drawn = sample.draw();
        const work = () => readSample(pretrained, sample, drawn, views);
        return Promise.resolve({ digest: digestOf({ drawn, views }), work });
      },
    })),
  result: photographReadingResults,
  record: (results) => ({ options: {}, files: { "results.json": jsonText(results) } }),
};

/** Results of rows, by kind of sample in the order in which they come. */
export function photographReadingResults(
  rows: readonly PhotographReadingRow[],
): PhotographReadingResult[] {
  return [...new Set(rows.map(({ kind }) => kind))].map((kind) => {
    const own = rows.filter((row) => row.kind === kind);
    const shares = (of: "choice" | "free"): ByView<ShareWithInterval> =>
      Object.fromEntries(
        photographViews.filter((view) => own[0][of][view] !== undefined).map((view) => {
          const right = own.reduce((sum, row) => sum + row[of][view]!, 0);
          return [view, [right / own.length, ...endsOf(wilsonInterval(right, own.length))]];
        }),
      );
    const { chance } = own[0];
    return { kind, samples: own.length, chance, choice: shares("choice"), free: shares("free") };
  });
}

/**
 * Asks about pages of photographs. With a folder, writes `results.json` and `manifest.json` there; a run that was
 * killed resumes where it stopped.
 *
 * @throws {InputError} for samples that cannot be used
 */
export async function photographReading(
  { model, samples, views = ["seen", "read", "blind"], name, data }: PhotographReadingConfig,
  context: RunContext = {},
): Promise<PhotographReadingResult[]> {
  const about = { model: name, data };
  const given = { network: model.network, pretrained: model, samples, views, about };
  return await runExperiment(photographReadingExperiment, given, context);
}

/** The results of a record. @throws {InputError} if the folder holds none */
export async function readPhotographReading(folder: string): Promise<PhotographReadingResult[]> {
  return await readRecordJson(folder, "results.json") as PhotographReadingResult[];
}

/**
 * Results as rows of a table: shares of right choices among the candidates, with their intervals.
 *
 * @example
 * ```ts
 * import { photographRows } from "./photograph_reading.ts";
 * import { assertEquals } from "@std/assert";
 * const choice = { seen: [0.5, 0.25, 0.75], read: [1, 0.9, 1] } as const;
 * const results = [{ kind: "owls", samples: 8, chance: 0.125, choice, free: {} }];
 * assertEquals(photographRows(results), [
 *   { photographs: "owls", n: 8, seen: "0.50 (0.25 to 0.75)", read: "1.00 (0.90 to 1.00)" },
 * ]);
 * ```
 */
export function photographRows(
  results: readonly PhotographReadingResult[],
): Record<string, string | number>[] {
  const shown = ([share, low, high]: ShareWithInterval) =>
    `${share.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
  return results.map(({ kind, samples, choice }) => ({
    ...{ photographs: kind, n: samples },
    ...Object.fromEntries(Object.entries(choice).map(([view, share]) => [view, shown(share)])),
  }));
}
