/**
 * Ablation: removes heads and controls on every sample of a data set, and keeps the record.
 *
 * @module
 */
import * as arrow from "apache-arrow";
import { decodeVariants } from "../causal/decode_variants.ts";
import type { Variant } from "../causal/head_mask.ts";
import type { Intervention } from "../causal/interventions/intervention.ts";
import { interventions } from "../causal/interventions/registry.ts";
import { type AnswerSample, type Scope, sweep } from "../causal/sweep.ts";
import { InputError } from "../common/errors.ts";
import { textColumn } from "../heads/arrow_columns.ts";
import { gridOfScores, type HeadScores, meanScores } from "../heads/head_scores.ts";
import type { VisionLanguageModel } from "../model/vision_language_model.ts";
import { hash128 } from "../stats/hash.ts";
import { ablationPlan, type PlannedAblation, type PlanOptions } from "./ablation_plan.ts";
import { type AblationResult, ablationResults, type AblationTable } from "./ablation_results.ts";
import {
  type Experiment,
  noneUsable,
  type RunContext,
  runUnits,
  type SamplesContext,
  withLeftOut,
} from "./experiment.ts";
import type { LazySample } from "./find_heads.ts";
import { decodeFloats, encodeFloats, type Json } from "./journal.ts";
import { jsonText, makeManifest, readRecordJson, writeRecord } from "./record.ts";

/** A sample with its answer. */
export interface AblationSample extends AnswerSample {
  /** Name of the domain. */
  readonly domain: string;
  /**
   * Whether generated tokens are a right answer. Without it, only exactly `answerIds` is right.
   */
  readonly judge?: (tokenIds: readonly number[]) => boolean;
}

/** A sample that is loaded when its turn comes. */
export type LazyAblationSample = LazySample<AblationSample>;

/** Settings of {@link ablateHeads}. */
export interface AblateHeadsOptions extends SamplesContext, PlanOptions {
  /** From the question on (`answer`, by default) or at every position (`all`). */
  readonly scope?: Scope;
  /** What takes the place of the heads' output; nothing (`interventions.zero()`) by default. */
  readonly intervention?: Intervention;
  /**
   * Tokens of an answer at most, where samples have a judge; by default 8, or twice the right answer's
   * where that is more.
   */
  readonly maxNewTokens?: number;
  /** Rows of a batch at most; see `SweepOptions`. */
  readonly batchRows?: number;
  /** Name of the model in the record. */
  readonly model?: string;
  /** Name of the data set in the record. */
  readonly data?: string;
  /** Bootstrap draws of intervals; 2000 by default. */
  readonly bootstrapDraws?: number;
}

/** Settings of the experiment as such. */
export interface AblateHeadsConfig extends Omit<AblateHeadsOptions, keyof SamplesContext> {
  /** The network. */
  readonly network: VisionLanguageModel;
  /** The samples. */
  readonly samples: readonly (AblationSample | LazyAblationSample)[];
  /** The sets of heads; the first is empty. */
  readonly plan: readonly PlannedAblation[];
}

/** One sample's outcomes, by set of heads. */
export interface AblationRow {
  /** The sample. */
  readonly id: string;
  /** Its domain. */
  readonly domain: string;
  /** 1 where the answer is right. */
  readonly correct: Float32Array;
  /** Log-probability of the right answer. */
  readonly logProb: Float32Array;
}

/** Outcomes of one sample under every variant. */
export async function ablateSample(
  network: VisionLanguageModel,
  variants: readonly Variant[],
  given: AblationSample | LazyAblationSample,
  options: Pick<AblateHeadsOptions, "scope" | "batchRows" | "maxNewTokens"> = {},
): Promise<AblationRow> {
  const { scope, batchRows } = options;
  const sample = "load" in given ? await given.load() : given;
  const maxNewTokens = options.maxNewTokens ?? Math.max(8, 2 * sample.answerIds.length);
  const outcomes = await sweep(network, sample, variants, { scope, batchRows });
  const correct = Float32Array.from(outcomes, (outcome) => outcome.correct ? 1 : 0);
  const { judge } = sample;
  const open = [...variants.keys()].filter((i) => correct[i] === 0);
  if (judge && open.length > 0) { // not exactly the answer, but maybe another right one
    const answers = await decodeVariants(network, sample, open.map((i) => variants[i]), {
      scope,
      batchRows,
      maxNewTokens,
    });
    open.forEach((variant, i) => correct[variant] = judge(answers[i]) ? 1 : 0);
  }
  const logProb = Float32Array.from(outcomes, (outcome) => outcome.logProb);
  return { id: sample.id, domain: given.domain, correct, logProb };
}

/** What the rows of a run depend on. */
function identityOf(config: AblateHeadsConfig): Json {
  const { samples, plan, network, intervention = interventions.zero() } = config;
  const digest = (value: unknown) => hash128(JSON.stringify(value)).join("-");
  return {
    experiment: ablateHeadsExperiment.name,
    model: config.model ?? "",
    data: config.data ?? "",
    samples: digest(samples.map(({ id, domain }) => [id, domain])),
    heads: digest(plan),
    scope: config.scope ?? "answer",
    intervention: [intervention.kind, digest(intervention.parameters)],
    maxNewTokens: config.maxNewTokens ?? 8,
    dtype: network.kernels.computeDType,
    kernels: network.kernels.name,
  };
}

/** The experiment: one row per sample. */
export const ablateHeadsExperiment: Experiment<AblateHeadsConfig, AblationRow> = {
  name: "ablate_heads",
  question: "Does the answer need these heads, more than it needs others?",
  async *run(config: AblateHeadsConfig, context: RunContext = {}) {
    if (config.samples.length === 0) {
      throw new InputError("Cannot ablate heads on 0 samples: 1 needed");
    }
    const { intervention = interventions.zero() } = config;
    const variants = config.plan.map(({ heads }): Variant =>
      heads.length > 0 ? [{ heads, intervention }] : []
    );
    const units = config.samples.map((sample) => ({
      key: sample.id,
      work: () => ablateSample(config.network, variants, sample, config),
    }));
    const codec = {
      encode: (row: AblationRow): Json => ({
        ...row,
        correct: encodeFloats(row.correct),
        logProb: encodeFloats(row.logProb),
      }),
      decode: (json: Json): AblationRow => {
        const row = json as { id: string; domain: string; correct: string; logProb: string };
        return { ...row, correct: decodeFloats(row.correct), logProb: decodeFloats(row.logProb) };
      },
    };
    yield* runUnits(units, codec, identityOf(config), context);
  },
};

/** What {@link ablateHeads} found. */
export interface AblatedHeads extends AblationTable {
  /** Rows of `results.json`. */
  readonly results: readonly AblationResult[];
}

/**
 * Removes the best heads and controls for them on every sample. With a folder, writes
 * `results.json`, `samples.arrow` and `manifest.json` there, and a run that was killed goes on where
 * it stopped.
 *
 * @param scores scores that say which heads are best; take them from other samples than these. With
 * scores by the rule `context-mass` among `rules`, `score-matched` controls are alike in it.
 * @throws {InputError} naming the sample that cannot be used; what was done before stays done
 */
export async function ablateHeads(
  network: VisionLanguageModel,
  samples: readonly (AblationSample | LazyAblationSample)[],
  scores: HeadScores & { readonly rules?: readonly HeadScores[] },
  options: AblateHeadsOptions = {},
): Promise<AblatedHeads> {
  const { context, leftOut, settings } = withLeftOut(options);
  const { folder } = context;
  const matched = scores.rules?.find(({ rule }) => rule === "context-mass") ?? scores;
  const grid = gridOfScores(scores);
  const { numHiddenLayers, numAttentionHeads } = network.config.text;
  if (grid.layers !== numHiddenLayers || grid.heads !== numAttentionHeads) {
    throw new InputError(
      `Cannot ablate by scores of ${grid.layers} layers with ${grid.heads} heads: the model has ` +
        `${numHiddenLayers} with ${numAttentionHeads}`,
    );
  }
  const plan = ablationPlan(meanScores(scores), meanScores(matched), grid, settings);
  const config: AblateHeadsConfig = { ...settings, network, samples, plan };
  const rows: AblationRow[] = [];
  for await (const row of ablateHeadsExperiment.run(config, context)) rows.push(row);
  if (rows.length === 0) throw noneUsable("ablate heads", samples.length, leftOut.at(-1)?.reason);
  const table: AblationTable = {
    plan,
    sampleIds: rows.map(({ id }) => id),
    domains: rows.map(({ domain }) => domain),
    correct: Uint8Array.from(rows.flatMap(({ correct }) => [...correct])),
    logProb: Float32Array.from(rows.flatMap(({ logProb }) => [...logProb])),
  };
  const { bootstrapDraws: draws, seed } = options;
  const found = { ...table, results: ablationResults(table, { draws, seed }) };
  if (folder !== undefined) {
    const known = new Set(scores.sampleIds);
    const manifest = await makeManifest({
      experiment: ablateHeadsExperiment.name,
      model: options.model ?? "",
      data: options.data ?? "",
      samples: rows.length,
      leftOut,
      seed: seed ?? 0,
      options: {
        scope: options.scope ?? "answer",
        intervention: options.intervention?.kind ?? "zero",
        sets: plan.length,
        rule: scores.rule,
        matchedBy: matched.rule,
        scoredSamples: scores.sampleIds.length,
        samplesInBoth: table.sampleIds.filter((id) => known.has(id)).length,
      },
    }, network.kernels);
    await writeRecord(folder, manifest, {
      "samples.arrow": tableToArrow(table),
      "results.json": jsonText(found.results),
    });
  }
  return found;
}

/** The table as an Arrow file: one row per sample and set of heads. */
function tableToArrow({ plan, sampleIds, domains, correct, logProb }: AblationTable): Uint8Array {
  const sets = plan.length, rows = sampleIds.length * sets;
  const column = <A extends Float64Array | Uint32Array>(
    type: { from(list: { length: number }, map: (_: unknown, i: number) => number): A },
    value: (planned: PlannedAblation, set: number) => number,
  ) =>
    arrow.makeVector(type.from({ length: rows }, (_, row) => value(plan[row % sets], row % sets)));
  const repeated = sampleIds.flatMap(() => plan.map(({ condition }) => condition));
  const table = new arrow.Table({
    sample: textColumn(0, sampleIds, sets),
    domain: textColumn(1, domains, sets),
    set: column(Uint32Array, (_, set) => set),
    condition: textColumn(2, repeated),
    fraction: column(Float64Array, ({ fraction }) => fraction),
    draw: column(Uint32Array, ({ draw }) => draw),
    heads: column(Uint32Array, ({ heads }) => heads.length),
    correct: arrow.makeVector(correct),
    logProb: arrow.makeVector(logProb),
  });
  return arrow.tableToIPC(table, "file");
}

/**
 * The rows of a record that {@link ablateHeads} wrote.
 *
 * @throws {InputError} if the folder holds no such record
 */
export async function readAblatedHeads(folder: string): Promise<AblationResult[]> {
  const json = await readRecordJson(folder, "results.json");
  if (Array.isArray(json)) return json as AblationResult[];
  throw new InputError(`Cannot read ${folder}/results.json: it is no list of ablations`);
}
