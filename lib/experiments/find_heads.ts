/**
 * Identification: scores every head on every sample, in one pass each, and keeps the record.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { gridOf } from "../common/head_id.ts";
import { type HeadScores, headScores } from "../heads/head_scores.ts";
import { headScoresFromArrow, headScoresToArrow } from "../heads/head_scores_file.ts";
import type { HeadSample } from "../heads/scored_sample.ts";
import { rulesFor, scoreSample, type ScoringRule } from "../heads/scoring_rules.ts";
import type { VisionLanguageModel } from "../model/vision_language_model.ts";
import { hash128 } from "../stats/hash.ts";
import {
  type Experiment,
  noneUsable,
  type RunContext,
  runUnits,
  type SamplesContext,
  unlessUnusable,
  withLeftOut,
} from "./experiment.ts";
import type { LeftOut } from "../data/unusable.ts";
import { decodeFloats, encodeFloats, type Json } from "./journal.ts";
import { jsonText, makeManifest, scoresRecord, writeRecord } from "./record.ts";

/** A sample that is loaded when its turn comes, so that pictures need not all be in memory. */
export interface LazySample<T = HeadSample> {
  /** Unique in its data set. */
  readonly id: string;
  /** Name of its domain. */
  readonly domain: string;
  /** Loads it. */
  readonly load: () => Promise<T>;
}

/** Samples as they are, or to be loaded. */
export type Samples = readonly (HeadSample | LazySample)[];

/** Loads a sample if it is not loaded. */
export async function loadSample(sample: HeadSample | LazySample): Promise<HeadSample> {
  return "load" in sample ? await sample.load() : sample;
}

/** Settings of {@link findHeads}. */
export interface FindHeadsOptions extends SamplesContext {
  /** Scoring rules; the first is the one of `scores.json`. By default all that the samples allow. */
  readonly rules?: readonly ScoringRule[];
  /** Name of the model in the record. */
  readonly model?: string;
  /** Name of the data set in the record. */
  readonly data?: string;
  /** Share of heads that counts as top; 0.05 by default. */
  readonly fraction?: number;
  /** Bootstrap draws; 2000 by default. */
  readonly draws?: number;
  /** Seed of the bootstrap; 0 by default. */
  readonly seed?: number;
}

/** Settings of the experiment as such. */
export interface FindHeadsConfig extends Omit<FindHeadsOptions, keyof SamplesContext> {
  /** The network. */
  readonly network: VisionLanguageModel;
  /** The samples. */
  readonly samples: Samples;
}

/** Scores of one sample: one map per rule, `[L, N]` row by row. */
export interface SampleRow {
  /** The sample. */
  readonly id: string;
  /** Its domain. */
  readonly domain: string;
  /** By rule, in the order of the rules. */
  readonly maps: readonly Float32Array[];
}

/**
 * The first sample that can be used.
 *
 * @throws {InputError} where there is none; without `skipBad` for the first that cannot be used
 */
export async function firstUsable(
  samples: Samples,
  { skipBad }: Pick<RunContext, "skipBad"> = {},
): Promise<HeadSample> {
  if (samples.length === 0) throw new InputError("Cannot find heads on 0 samples: 1 needed");
  const reasons: string[] = [];
  const onLeftOut = ({ reason }: LeftOut) => void reasons.push(reason);
  for (const sample of samples) {
    const found = await unlessUnusable({ skipBad, onLeftOut }, () => loadSample(sample));
    if (found) return found;
  }
  throw noneUsable("find heads", samples.length, reasons[0]);
}

/** The rules of a run. */
async function rulesOf(
  { rules, samples }: FindHeadsConfig,
  context: RunContext,
): Promise<readonly ScoringRule[]> {
  if (samples.length === 0) throw new InputError("Cannot find heads on 0 samples: 1 needed");
  if (rules?.length === 0) throw new InputError("Cannot find heads by 0 rules: 1 needed");
  return rules ?? rulesFor(await firstUsable(samples, context));
}

/** What the scores of a run depend on. */
function identityOf(config: FindHeadsConfig, rules: readonly ScoringRule[]): Json {
  const digest = (text: string) => hash128(text).join("-");
  return {
    experiment: findHeadsExperiment.name,
    model: config.model ?? "",
    data: config.data ?? "",
    samples: digest(JSON.stringify(config.samples.map(({ id, domain }) => [id, domain]))),
    rules: rules.map(({ name, score }) => `${name} ${digest(String(score))}`),
    dtype: config.network.kernels.computeDType,
    kernels: config.network.kernels.name,
  };
}

/** The experiment: one row per sample. */
export const findHeadsExperiment: Experiment<FindHeadsConfig, SampleRow> = {
  name: "find_heads",
  question: "Which heads attend from the question to the evidence, and how sure is that?",
  async *run(config: FindHeadsConfig, context: RunContext = {}) {
    const rules = await rulesOf(config, context);
    const units = config.samples.map((sample) => ({
      key: sample.id,
      work: async (): Promise<SampleRow> => ({
        id: sample.id,
        domain: sample.domain,
        maps: await scoreSample(config.network, await loadSample(sample), rules),
      }),
    }));
    const codec = {
      encode: ({ id, domain, maps }: SampleRow): Json => ({
        id,
        domain,
        maps: maps.map(encodeFloats),
      }),
      decode: (json: Json): SampleRow => {
        const row = json as { id: string; domain: string; maps: string[] };
        return { ...row, maps: row.maps.map(decodeFloats) };
      },
    };
    yield* runUnits(units, codec, identityOf(config, rules), context);
  },
};

/** Scores by the first rule, and by all. */
export interface FoundHeads extends HeadScores {
  /** Scores by every rule, in the order of the rules. */
  readonly rules: readonly HeadScores[];
}

/**
 * Scores every head on every sample. With a folder, writes `scores.json`, `samples.arrow` and
 * `manifest.json` there, and a run that was killed goes on where it stopped.
 *
 * @throws {InputError} naming the sample that cannot be scored; what was done before stays done
 *
 * @example
 * ```ts
 * import { createKernels } from "../backend/create_kernels.ts";
 * import { useBackend } from "../backend/select.ts";
 * import { findHeads } from "./find_heads.ts";
 * import { plantedModel } from "../../lab/planted/planted.ts";
 * import { plantedSample } from "../../lab/planted/planted_world.ts";
 * import { meanScores } from "../heads/head_scores.ts";
 * import { topHeads } from "../heads/select.ts";
 * import { assertEquals } from "@std/assert";
 * await useBackend("auto");
 * const planted = plantedModel(createKernels("float32"), { seed: 1, retrievalHeads: 1 });
 * const samples = [0, 1, 2, 3].map((i) => plantedSample(1, i));
 * const scores = await findHeads(planted.model, samples);
 * const top = topHeads(meanScores(scores), { layers: 4, heads: 8 }, { count: 1 });
 * assertEquals(top, [...planted.retrievalHeads]);
 * planted.model.dispose();
 * ```
 */
export async function findHeads(
  network: VisionLanguageModel,
  samples: Samples,
  options: FindHeadsOptions = {},
): Promise<FoundHeads> {
  const { context, leftOut, settings } = withLeftOut(options);
  const given: FindHeadsConfig = { ...settings, network, samples };
  const config = { ...given, rules: await rulesOf(given, context) };
  const rows: SampleRow[] = [];
  for await (const row of findHeadsExperiment.run(config, context)) rows.push(row);
  if (rows.length === 0) throw noneUsable("find heads", samples.length, leftOut.at(-1)?.reason);
  const { layers, heads } = gridOf(network.config.text);
  const rules = config.rules.map(({ name }, rule) =>
    headScores(
      name,
      { layers, heads },
      rows.map(({ id, domain, maps }) => ({ id, domain, map: maps[rule] })),
    )
  );
  if (context.folder !== undefined) await writeFound(context.folder, rules, config, leftOut);
  return { ...rules[0], rules };
}

async function writeFound(
  folder: string,
  rules: readonly HeadScores[],
  config: FindHeadsConfig,
  leftOut: readonly LeftOut[],
): Promise<void> {
  const { model = "", data = "", fraction = 0.05, draws = 2000, seed = 0 } = config;
  const record = scoresRecord(model, rules[0], { fraction, draws, seed });
  const manifest = await makeManifest({
    experiment: findHeadsExperiment.name,
    model,
    data,
    samples: rules[0].sampleIds.length,
    leftOut,
    seed,
    options: { rules: rules.map(({ rule }) => rule), fraction, draws },
  }, config.network.kernels);
  await writeRecord(folder, manifest, {
    "samples.arrow": headScoresToArrow(rules),
    "scores.json": jsonText(record),
  });
}

/**
 * Head scores of a record that {@link findHeads} wrote.
 *
 * @throws {InputError} if the folder holds no such record
 */
export async function readFoundHeads(folder: string): Promise<FoundHeads> {
  const path = `${folder}/samples.arrow`;
  let bytes: Uint8Array;
  try {
    bytes = await Deno.readFile(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new InputError(`Cannot read ${path}: no such file; wanted the folder of an identify run`);
  }
  const rules = headScoresFromArrow(bytes, path);
  return { ...rules[0], rules };
}
