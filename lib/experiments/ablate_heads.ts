/**
 * Ablation: removes heads and controls on every sample of a data set, and keeps the record.
 *
 * @module
 */
import type { Variant } from "../causal/head_mask.ts";
import type { Intervention } from "../causal/interventions/intervention.ts";
import { interventions } from "../causal/interventions/registry.ts";
import type { Scope } from "../causal/sweep.ts";
import { digestOf } from "../common/digest.ts";
import { checkOptions } from "../common/values.ts";
import { ablateHeadsNames } from "./known_options.ts";
import { InputError } from "../common/errors.ts";
import { gridOfScores, type HeadScores, meanScores } from "../heads/head_scores.ts";
import { ReuseCache } from "../model/reuse_cache.ts";
import { type AnyModel, networkOf } from "../model/network_of.ts";
import {
  ablationPlan,
  type Condition,
  defaultConditions,
  type MatchedScores,
  type PlannedAblation,
  type PlanOptions,
} from "./ablation_plan.ts";
import { ablationResults } from "./ablation_results.ts";
import {
  ablateSample,
  type AblationSample,
  type LazyAblationSample,
  tableOf,
  turnsOf,
} from "./ablation_sample.ts";
import type { AblationResult, AblationRow, AblationTable } from "./ablation_table.ts";
import { checkArrow } from "../heads/arrow_check.ts";
import { ablationRowsFromArrow, ablationTableToArrow } from "./ablation_table_file.ts";
import {
  type Experiment,
  type ExperimentConfig,
  type ExperimentRun,
  runConfigured,
} from "./experiment.ts";
import type { ReuseOptions, SamplesContext } from "./run_context.ts";
import type { FoundHeads } from "./found_heads.ts";
import { checkSamples, sampleUnits } from "./lazy_sample.ts";
import { jsonText, readResults } from "./record.ts";
import { readRecordBytes } from "../common/record_bytes.ts";
import { experiments } from "./registry.ts";
import { checkScoreOrigin, checkScoreSizes, type OriginOptions } from "./score_origin.ts";
import { scoredRun } from "./scored_run.ts";

export type { AblationSample, LazyAblationSample };

/** Settings of {@link ablateHeads}. */
export interface AblateHeadsOptions
  extends SamplesContext, PlanOptions, OriginOptions, ReuseOptions {
  /**
   * Draws of each kind of drawn control; by default 200 from the question on, where all share the
   * tokens before it, and 20 at every position.
   */
  readonly draws?: number;
  /**
   * Each draw is run on one in so many samples, in a balanced order; 1 by default, and where `draws` is
   * left to its default 10 from the question on and 4 at every position.
   */
  readonly thinning?: number;
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
  readonly samples: readonly (AblationSample | LazyAblationSample)[];
  /** The sets of heads; the first is empty. */
  readonly plan: readonly PlannedAblation[];
  /** Each draw of controls is run on one in so many samples. */
  readonly thinning: number;
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

/** The experiment: one row per sample. */
export const ablateHeadsExperiment: Experiment<AblateHeadsConfig, AblationRow, AblatedHeads> = {
  ...experiments.ablateHeads,
  units(config) {
    const { samples, network, plan, intervention, thinning, seed } = config;
    const variants = plan.map(({ heads }): Variant =>
      heads.length > 0 ? [{ heads, intervention }] : []
    );
    const turns = turnsOf(plan, thinning, samples.length, seed);
    const turnOf = new Map(samples.map(({ id }, i) => [id, turns[i]]));
    const units = sampleUnits<AblationSample, AblationRow>(
      samples,
      (sample, id) => ablateSample(network, variants, sample, { ...config, turn: turnOf.get(id) }),
      config.reuse,
    );
    if (thinning === 1) return units;
    return units.map((unit) => ({ // which draws it runs depends on its place among the samples
      ...unit,
      async open() {
        const { digest, work } = await unit.open();
        return { digest: digestOf([digest, turnOf.get(unit.key)]), sample: digest, work };
      },
    }));
  },
  result(rows, { plan, bootstrapDraws: draws, seed }) {
    const table = tableOf(rows, plan);
    return { ...table, results: ablationResults(table, { draws, seed }) };
  },
  record: (found, { scope, intervention, plan, thinning, chosen, about }) => ({
    options: {
      scope,
      thinning,
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
    const bytes = await readRecordBytes(folder, "samples.arrow");
    checkArrow(bytes, path);
    return ablationRowsFromArrow(bytes, plan.length, path);
  },
};

/** What {@link ablateHeads} found. */
export interface AblatedHeads extends AblationTable {
  /** Rows of `results.json`. */
  readonly results: readonly AblationResult[];
}

/** Scores that choose heads, with those that controls are matched by. */
export type ScoredHeads = HeadScores & Partial<Pick<FoundHeads, "rules" | "origin" | "rivals">>;

/** The conditions to plan: without scores to match by, no controls are matched by them. */
function conditionsFor(
  { conditions, onNotice }: AblateHeadsOptions,
  { context, induction }: MatchedScores,
): readonly Condition[] {
  const lacks = [
    ["score-matched", context, 'scores by the rule "context-mass"'],
    ["induction-matched", induction, "the heads' induction scores, which identify records"],
  ] as const;
  return lacks.reduce((wanted: readonly Condition[], [condition, scores, needed]) => {
    if (scores || !wanted.includes(condition)) return wanted;
    const lack = `${condition} controls need ${needed}`;
    if (conditions) {
      throw new InputError(`Cannot plan the ablation: ${lack}; score the heads by it as well`);
    }
    onNotice?.(`left out: ${lack}`);
    return wanted.filter((one) => one !== condition);
  }, conditions ?? defaultConditions);
}

/** The draws and their thinning, as asked for or by default. */
function drawing({ draws, thinning, scope = "answer" }: AblateHeadsOptions) {
  const byDefault = scope === "answer" ? [200, 10] : [20, 4];
  const chosen = thinning ?? (draws === undefined ? byDefault[1] : 1);
  if (!Number.isInteger(chosen) || chosen < 1) {
    throw new InputError(
      `Cannot run each draw on one in ${chosen} samples: wanted a whole number of at least 1`,
    );
  }
  return { draws: draws ?? byDefault[0], thinning: chosen };
}

/**
 * The run that {@link ablateHeads} does, to be planned or done.
 *
 * @throws {InputError} for scores of another model, and ablations that cannot be planned
 */
export async function ablateHeadsRun(
  model: AnyModel,
  samples: readonly (AblationSample | LazyAblationSample)[],
  scores: ScoredHeads,
  options: AblateHeadsOptions = {},
): Promise<ExperimentRun<AblateHeadsConfig, AblationRow, AblatedHeads>> {
  checkSamples(samples, "ablationSamples");
  const network = networkOf(model), grid = gridOfScores(scores);
  const { scope = "answer", intervention = interventions.zero() } = options;
  const { maxNewTokens, batchRows, bootstrapDraws = 2000, seed = 0 } = options;
  checkScoreSizes("ablate", grid, network.grid);
  const reuse = new ReuseCache(options.reuseBytes);
  const context = scores.rules?.find(({ rule }) => rule === "context-mass");
  const matched: MatchedScores = {
    context: context && meanScores(context),
    induction: scores.rivals?.induction,
  };
  const { draws, thinning } = drawing(options);
  const { origin, sampleIds } = scores;
  const whose = origin && await checkScoreOrigin(origin, network, options);
  const config: AblateHeadsConfig = {
    network,
    samples,
    plan: ablationPlan(meanScores(scores), matched, grid, {
      ...options,
      draws,
      conditions: conditionsFor(options, matched),
    }),
    thinning,
    scope,
    intervention,
    maxNewTokens,
    batchRows,
    bootstrapDraws,
    seed,
    reuse,
    chosen: {
      rule: scores.rule,
      matchedBy: context?.rule ?? "none",
      scoredSamples: sampleIds.length,
    },
  };
  return scoredRun(ablateHeadsExperiment, config, { scores, whose, options });
}

/**
 * Removes the best heads and controls for them on every sample. With a folder, writes
 * `results.json`, `samples.arrow` and `manifest.json` there, and a run that was killed goes on where
 * it stopped.
 *
 * @param samples prompts with their right answers: `ablationSamples` makes them of a data set's samples
 * @param scores scores that say which heads are best; take them from other samples than these.
 * `score-matched` controls need scores by the rule `context-mass` among its `rules`, and are alike in
 * it, `induction-matched` ones need its `rivals`; without them they are left out.
 * @throws {InputError} naming the sample that cannot be used; what was done before stays done
 *
 * @example
 * ```ts
 * import { createKernels, useBackend } from "../model_entry.ts";
 * import { ablateHeads, findHeads } from "./mod.ts";
 * import { plantedModel, plantedSample } from "../../lab/mod.ts";
 * import { assert } from "@std/assert";
 * await useBackend("auto");
 * const { model } = plantedModel(createKernels("float32"), { seed: 1 });
 * const samples = [0, 1, 2, 3].map((i) => ({ ...plantedSample(1, i), domain: "planted" }));
 * const scores = await findHeads(model, samples.slice(0, 2));
 * const options = { fractions: [3 / 32], conditions: ["core", "bottom"] as const };
 * const { results } = await ablateHeads(model, samples.slice(2), scores, options);
 * const [core, bottom] = options.conditions.map((condition) =>
 *   results.find((row) => row.condition === condition && row.metric === "accuracy")!
 * );
 * assert(core.value < bottom.value);
 * model.dispose();
 * ```
 */
export async function ablateHeads(
  model: AnyModel,
  samples: readonly (AblationSample | LazyAblationSample)[],
  scores: ScoredHeads,
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
  return await readResults<AblationResult>(folder, experiments.ablateHeads);
}
