/**
 * Ablation: removes heads and controls on every sample of a data set, and keeps the record.
 *
 * @module
 */
import { decodeVariants } from "../causal/decode_variants.ts";
import type { Variant } from "../causal/head_mask.ts";
import type { Intervention } from "../causal/interventions/intervention.ts";
import { interventions } from "../causal/interventions/registry.ts";
import { type AnswerSample, type Scope, sweep } from "../causal/sweep.ts";
import { checkOptions } from "../common/values.ts";
import { ablateHeadsNames } from "./known_options.ts";
import { InputError } from "../common/errors.ts";
import type { NamedScores } from "../data/published_scores.ts";
import { gridOfScores, type HeadScores, meanScores } from "../heads/head_scores.ts";
import { ReuseCache } from "../model/reuse_cache.ts";
import { type AnyModel, networkOf } from "../model/network_of.ts";
import {
  ablationPlan,
  type Condition,
  defaultConditions,
  type PlannedAblation,
  type PlanOptions,
} from "./ablation_plan.ts";
import {
  type AblationResult,
  ablationResults,
  type AblationRow,
  type AblationTable,
} from "./ablation_results.ts";
import { readBytesOf } from "../common/text_files.ts";
import { checkArrow } from "../heads/arrow_check.ts";
import { ablationRowsFromArrow, ablationTableToArrow } from "./ablation_table_file.ts";
import {
  type Experiment,
  type ExperimentConfig,
  type ExperimentRun,
  runConfigured,
} from "./experiment.ts";
import type { ReuseOptions, SamplesContext } from "./run_context.ts";
import type { FoundHeads } from "./find_heads.ts";
import { type LazySample, sampleUnits } from "./lazy_sample.ts";
import { jsonText, readManifestIfAny, readRecordJson } from "./record.ts";
import { checkExperiment, experiments } from "./registry.ts";
import {
  checkScoreOrigin,
  type OriginOptions,
  samplesInBoth,
  sharedSamplesWarning,
} from "./score_origin.ts";

/** A sample with its answer. */
export interface AblationSample extends AnswerSample {
  /** Name of the domain. */
  readonly domain: string;
  /**
   * Whether generated tokens are a right answer. Without it, only exactly `answerIds` is right.
   */
  readonly judge?: (tokenIds: readonly number[]) => boolean;
  /** Further scores of generated tokens by name, as the sample's benchmark publishes them. */
  readonly scores?: (tokenIds: readonly number[]) => NamedScores;
  /** Tokens of an answer at most; twice those of the right answer by default, at least 8. */
  readonly maxNewTokens?: number;
}

/** A sample that is loaded when its turn comes. */
export type LazyAblationSample = LazySample<AblationSample>;

/** Settings of {@link ablateHeads}. */
export interface AblateHeadsOptions
  extends SamplesContext, PlanOptions, OriginOptions, ReuseOptions {
  /** From the question on (`answer`, by default) or at every position (`all`). */
  readonly scope?: Scope;
  /** What takes the place of the heads' output; nothing (`interventions.zero()`) by default. */
  readonly intervention?: Intervention;
  /**
   * Tokens of an answer at most, where samples have a judge; by default what each sample says that it
   * needs.
   */
  readonly maxNewTokens?: number;
  /** Rows of a batch at most; see `SweepOptions`. */
  readonly batchRows?: number;
  /** Name of the data set in the record. */
  readonly data?: string;
  /** Bootstrap draws of intervals; 2000 by default. */
  readonly bootstrapDraws?: number;
}

/** Settings of the experiment as such. */
export interface AblateHeadsConfig
  extends ExperimentConfig, Pick<AblateHeadsOptions, "batchRows" | "maxNewTokens"> {
  /** The samples. */
  readonly samples: readonly (AblationSample | LazyAblationSample)[];
  /** The sets of heads; the first is empty. */
  readonly plan: readonly PlannedAblation[];
  /** Where heads are changed. */
  readonly scope: Scope;
  /** What takes the place of their output. */
  readonly intervention: Intervention;
  /** Bootstrap draws of intervals. */
  readonly bootstrapDraws: number;
  /** Seed of bootstrap and permutations. */
  readonly seed: number;
  /** Rules whose scores chose the heads and matched the controls, and on how many samples. */
  readonly chosen: {
    readonly rule: string;
    readonly matchedBy: string;
    readonly scoredSamples: number;
  };
}

/** Outcomes of one sample under every variant. */
export async function ablateSample(
  model: AnyModel,
  variants: readonly Variant[],
  given: AblationSample | LazyAblationSample,
  options: Pick<AblateHeadsConfig, "batchRows" | "maxNewTokens" | "reuse"> & { scope?: Scope } = {},
): Promise<AblationRow> {
  const { scope, batchRows, reuse } = options;
  const sample = "load" in given ? await given.load(reuse) : given;
  const maxNewTokens = options.maxNewTokens ?? sample.maxNewTokens ??
    Math.max(8, 2 * sample.answerIds.length);
  const outcomes = await sweep(model, sample, variants, { scope, batchRows, reuse });
  const correct = Float32Array.from(outcomes, (outcome) => outcome.correct ? 1 : 0);
  const { judge, scores } = sample;
  const said: (readonly number[])[] = variants.map(() => [...sample.answerIds]);
  const open = [...variants.keys()].filter((i) => correct[i] === 0);
  if (judge && open.length > 0) { // not exactly the answer, but maybe another right one
    const answers = await decodeVariants(model, sample, open.map((i) => variants[i]), {
      scope,
      batchRows,
      maxNewTokens,
      reuse,
    });
    open.forEach((variant, i) => {
      correct[variant] = judge(answers[i]) ? 1 : 0;
      said[variant] = answers[i];
    });
  }
  const logProb = Float32Array.from(outcomes, (outcome) => outcome.logProb);
  const row = { id: sample.id, domain: given.domain, correct, logProb };
  if (!judge || !scores) return row;
  const named = said.map(scores), names = Object.keys(named[0]);
  const byName = names.map((name) => [name, Float32Array.from(named, (one) => one[name])]);
  return names.length > 0 ? { ...row, scores: Object.fromEntries(byName) } : row;
}

/** The table of rows. */
function tableOf(rows: readonly AblationRow[], plan: readonly PlannedAblation[]): AblationTable {
  return {
    plan,
    sampleIds: rows.map(({ id }) => id),
    domains: rows.map(({ domain }) => domain),
    correct: Uint8Array.from(rows.flatMap(({ correct }) => [...correct])),
    logProb: Float32Array.from(rows.flatMap(({ logProb }) => [...logProb])),
    scores: scoreTable(rows, plan.length),
  };
}

/** Scores by name, `[samples, sets]`, NaN where a sample has none of that name. */
function scoreTable(rows: readonly AblationRow[], sets: number): AblationTable["scores"] {
  const names = [...new Set(rows.flatMap(({ scores = {} }) => Object.keys(scores)))];
  const none = new Float32Array(sets).fill(NaN);
  return Object.fromEntries(names.map((name) => [
    name,
    Float32Array.from(rows.flatMap(({ scores }) => [...scores?.[name] ?? none])),
  ]));
}

/** The experiment: one row per sample. */
export const ablateHeadsExperiment: Experiment<AblateHeadsConfig, AblationRow, AblatedHeads> = {
  ...experiments.ablateHeads,
  units(config) {
    const { samples, network, plan, intervention } = config;
    const variants = plan.map(({ heads }): Variant =>
      heads.length > 0 ? [{ heads, intervention }] : []
    );
    return sampleUnits<AblationSample, AblationRow>(
      samples,
      (sample) => ablateSample(network, variants, sample, config),
      config.reuse,
    );
  },
  result(rows, { plan, bootstrapDraws: draws, seed }) {
    const table = tableOf(rows, plan);
    return { ...table, results: ablationResults(table, { draws, seed }) };
  },
  record: (found, { scope, intervention, plan, chosen, about }) => ({
    options: {
      scope,
      intervention: intervention.kind,
      sets: plan.length,
      ...chosen,
      samplesInBoth: about?.samplesInBoth ?? 0,
    },
    files: {
      "samples.arrow": ablationTableToArrow(found),
      "results.json": jsonText(found.results),
    },
  }),
  async readRows(folder, { plan }) {
    const path = `${folder}/samples.arrow`;
    const bytes = await readBytesOf(path);
    await checkArrow(bytes, path);
    return ablationRowsFromArrow(bytes, plan.length, path);
  },
};

/** What {@link ablateHeads} found. */
export interface AblatedHeads extends AblationTable {
  /** Rows of `results.json`. */
  readonly results: readonly AblationResult[];
}

/** The conditions to plan: without scores to match by, no controls are matched in score. */
function conditionsFor(
  { conditions, onNotice }: AblateHeadsOptions,
  matchable: boolean,
): readonly Condition[] {
  const wanted = conditions ?? defaultConditions;
  if (matchable || !wanted.includes("score-matched")) return wanted;
  const lack = 'score-matched controls need scores by the rule "context-mass"';
  if (conditions) {
    throw new InputError(`Cannot plan the ablation: ${lack}; score the heads by it as well`);
  }
  onNotice?.(`left out: ${lack}`);
  return wanted.filter((condition) => condition !== "score-matched");
}

/**
 * The run that {@link ablateHeads} does, to be planned or done.
 *
 * @throws {InputError} for scores of another model, and ablations that cannot be planned
 */
export async function ablateHeadsRun(
  model: AnyModel,
  samples: readonly (AblationSample | LazyAblationSample)[],
  scores: HeadScores & Partial<Pick<FoundHeads, "rules" | "origin">>,
  options: AblateHeadsOptions = {},
): Promise<ExperimentRun<AblateHeadsConfig, AblationRow, AblatedHeads>> {
  const network = networkOf(model), grid = gridOfScores(scores);
  const { scope = "answer", intervention = interventions.zero(), data } = options;
  const { maxNewTokens, batchRows, bootstrapDraws = 2000, seed = 0 } = options;
  if (grid.layers !== network.grid.layers || grid.heads !== network.grid.heads) {
    throw new InputError(
      `Cannot ablate by scores of ${grid.layers} layers with ${grid.heads} heads: the model has ` +
        `${network.grid.layers} with ${network.grid.heads}`,
    );
  }
  const reuse = new ReuseCache(options.reuseBytes);
  const matched = scores.rules?.find(({ rule }) => rule === "context-mass");
  const conditions = conditionsFor(options, matched !== undefined);
  const { origin, sampleIds } = scores;
  const whose = origin && await checkScoreOrigin(origin, network, options);
  const config: AblateHeadsConfig = {
    network,
    samples,
    plan: ablationPlan(meanScores(scores), meanScores(matched ?? scores), grid, {
      ...options,
      conditions,
    }),
    scope,
    intervention,
    maxNewTokens,
    batchRows,
    bootstrapDraws,
    seed,
    reuse,
    chosen: {
      rule: scores.rule,
      matchedBy: matched?.rule ?? "none",
      scoredSamples: sampleIds.length,
    },
  };
  return {
    experiment: ablateHeadsExperiment,
    config,
    async about() {
      const units = await ablateHeadsExperiment.units(config, options);
      const both = await samplesInBoth(units, sampleIds, origin);
      const warning = sharedSamplesWarning(both, samples.length);
      if (warning !== null) options.onNotice?.(warning);
      return { model: options.model, data, scores: whose, samplesInBoth: both };
    },
    [Symbol.dispose]: () => reuse[Symbol.dispose](),
  };
}

/**
 * Removes the best heads and controls for them on every sample. With a folder, writes
 * `results.json`, `samples.arrow` and `manifest.json` there, and a run that was killed goes on where
 * it stopped.
 *
 * @param scores scores that say which heads are best; take them from other samples than these.
 * `score-matched` controls need scores by the rule `context-mass` among its `rules`, and are alike in
 * it; without them they are left out.
 * @throws {InputError} naming the sample that cannot be used; what was done before stays done
 */
export async function ablateHeads(
  model: AnyModel,
  samples: readonly (AblationSample | LazyAblationSample)[],
  scores: HeadScores & Partial<Pick<FoundHeads, "rules" | "origin">>,
  options: AblateHeadsOptions = {},
): Promise<AblatedHeads> {
  checkOptions(
    "ablate heads",
    options,
    ablateHeadsNames satisfies Record<keyof AblateHeadsOptions, true>,
  );
  using run = await ablateHeadsRun(model, samples, scores, options);
  return await runConfigured(run, options);
}

/**
 * The rows of a record that {@link ablateHeads} wrote.
 *
 * @throws {InputError} if the folder holds no such record
 */
export async function readAblatedHeads(folder: string): Promise<AblationResult[]> {
  checkExperiment(folder, await readManifestIfAny(folder), experiments.ablateHeads);
  const json = await readRecordJson(folder, "results.json");
  if (Array.isArray(json)) return json as AblationResult[];
  throw new InputError(`Cannot read ${folder}/results.json: it is no list of ablations`);
}
