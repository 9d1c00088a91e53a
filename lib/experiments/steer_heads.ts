/**
 * Region steering: chosen heads are drawn towards a place that answers another question, by a bias on
 * their scores, and the answer follows or does not.
 *
 * The question is that of Gaze Heads (arXiv 2606.14703); the controls are other heads, as many, drawn
 * many times and steered by the same bias.
 * @module
 */
import { decodeVariants } from "../causal/decode_variants.ts";
import type { Phase } from "../causal/interventions/intervention.ts";
import { interventions } from "../causal/interventions/registry.ts";
import type { Variant } from "../causal/head_mask.ts";
import { digestOf } from "../common/digest.ts";
import { InputError } from "../common/errors.ts";
import { checkOptions } from "../common/values.ts";
import { gridOfScores, meanScores } from "../heads/head_scores.ts";
import { ReuseCache } from "../model/reuse_cache.ts";
import { type AnyModel, networkOf } from "../model/network_of.ts";
import { Random } from "../stats/random.ts";
import type { ScoredHeads } from "./ablate_heads.ts";
import { ablationPlan, type Condition, type PlannedAblation } from "./ablation_plan.ts";
import {
  type Experiment,
  type ExperimentConfig,
  type ExperimentRun,
  runConfigured,
} from "./experiment.ts";
import { steerHeadsNames } from "./known_options.ts";
import { checkSamples, sampleUnits } from "./lazy_sample.ts";
import { jsonText, readResults } from "./record.ts";
import { experiments } from "./registry.ts";
import type { ReuseOptions, SamplesContext } from "./run_context.ts";
import { checkScoreOrigin, checkScoreSizes, type OriginOptions } from "./score_origin.ts";
import { scoredRun } from "./scored_run.ts";
import { type SteerResult, steerResults, type SteerRow } from "./steer_results.ts";
import type { LazySteerSample, SteerSample } from "./steer_samples.ts";

/** Conditions that can be steered. */
export const steerConditions = ["core", "bottom", "random", "layer-matched"] as const;

/** Settings of {@link steerHeads}. */
export interface SteerHeadsOptions extends SamplesContext, OriginOptions, ReuseOptions {
  /** Biases added to the scores of the target's tokens; 1, 2, 4, 8 and 16 by default. */
  readonly biases?: readonly number[];
  /** Share of heads that is steered; 0.05 by default. */
  readonly fraction?: number;
  /** Who is steered; `core` and its random and layer-matched controls by default. */
  readonly conditions?: readonly typeof steerConditions[number][];
  /** Draws of each drawn control; 20 by default. */
  readonly draws?: number;
  /** While the question is read, while the answer is decoded, or both (by default). */
  readonly during?: Phase;
  /** Tokens of an answer at most; by default what each sample says that it needs. */
  readonly maxNewTokens?: number;
  /** Rows of a batch at most; see `SweepOptions`. */
  readonly batchRows?: number;
  /** Seed of targets, draws and bootstrap; 0 by default. */
  readonly seed?: number;
  /** Name of the data set in the record. */
  readonly data?: string;
  /** Bootstrap draws of intervals; 2000 by default. */
  readonly bootstrapDraws?: number;
}

/** Settings of the experiment as such. */
export interface SteerHeadsConfig
  extends ExperimentConfig, Pick<SteerHeadsOptions, "maxNewTokens" | "batchRows"> {
  /** The samples. */
  readonly samples: readonly (SteerSample | LazySteerSample)[];
  /** The sets of heads that are steered. */
  readonly plan: readonly PlannedAblation[];
  /** The biases. */
  readonly biases: readonly number[];
  /** When they act. */
  readonly during: Phase;
  /** Bootstrap draws of intervals. */
  readonly bootstrapDraws: number;
  /** Seed of targets and bootstrap. */
  readonly seed: number;
  /** The rule whose scores chose the heads, and on how many samples. */
  readonly chosen: { readonly rule: string; readonly scoredSamples: number };
}

/** Answers of one sample: unsteered first, then every set under every bias. */
async function steerSample(sample: SteerSample, config: SteerHeadsConfig): Promise<SteerRow> {
  const { network, plan, biases, during, seed, batchRows, reuse } = config;
  const target = new Random(seed).fork("target").fork(sample.id).integer(sample.targets.length);
  const { tokens, judge } = sample.targets[target];
  const variants: Variant[] = plan.flatMap(({ heads }) =>
    biases.map((bias) => [{ heads, intervention: interventions.steer(tokens, bias), during }])
  );
  const answers = await decodeVariants(network, sample, [[], ...variants], {
    batchRows,
    reuse,
    maxNewTokens: config.maxNewTokens ?? sample.maxNewTokens ??
      Math.max(8, 2 * sample.answerIds.length),
  });
  const { id, domain } = sample;
  return {
    id,
    domain,
    target,
    followed: Float32Array.from(answers, (answer) => Number(judge(answer))),
    stayed: Float32Array.from(answers, (answer) => Number(sample.judge(answer))),
  };
}

/** The experiment: one row per sample. */
export const steerHeadsExperiment: Experiment<SteerHeadsConfig, SteerRow, SteerResult[]> = {
  ...experiments.steerHeads,
  units: (config) => {
    const work = (sample: SteerSample) => steerSample(sample, config);
    const units = sampleUnits<SteerSample, SteerRow>(config.samples, work, config.reuse);
    return units.map((unit, i) => {
      const sample = config.samples[i];
      if (!("targetsDigest" in sample)) return unit;
      const open = async () => {
        const { digest, work } = await unit.open();
        return { digest: digestOf([digest, sample.targetsDigest]), sample: digest, work };
      };
      return { ...unit, open };
    });
  },
  result: (rows, { plan, biases, bootstrapDraws: draws, seed }) =>
    steerResults(rows, plan, biases, { draws, seed }),
  record: (results, { plan, biases, during, chosen, about }) => ({
    options: {
      sets: plan.length,
      biases: [...biases],
      during,
      ...chosen,
      samplesInBoth: about?.samplesInBoth ?? 0,
    },
    files: { "results.json": jsonText(results) },
  }),
};

/** @throws {InputError} unless there is a finite bias, and none twice */
function checkBiases(biases: readonly number[]): void {
  const wrong = biases.find((bias, i) => !Number.isFinite(bias) || biases.indexOf(bias) !== i);
  if (biases.length > 0 && wrong === undefined) return;
  throw new InputError(
    `Cannot steer heads by the biases ${biases.join(", ") || "(none)"}: wanted numbers, each once`,
  );
}

/**
 * The run that {@link steerHeads} does, to be planned or done.
 *
 * @throws {InputError} for scores of another model, and biases or shares that cannot be used
 */
export async function steerHeadsRun(
  model: AnyModel,
  samples: readonly (SteerSample | LazySteerSample)[],
  scores: ScoredHeads,
  options: SteerHeadsOptions = {},
): Promise<ExperimentRun<SteerHeadsConfig, SteerRow, SteerResult[]>> {
  checkSamples(samples, "steerSamples");
  const network = networkOf(model), grid = gridOfScores(scores);
  const { biases = [1, 2, 4, 8, 16], fraction = 0.05, draws = 20, seed = 0 } = options;
  const { during = "both", bootstrapDraws = 2000, maxNewTokens, batchRows } = options;
  const conditions: readonly Condition[] = options.conditions ??
    ["core", "random", "layer-matched"];
  checkBiases(biases);
  checkScoreSizes("steer", grid, network.grid);
  const { origin, sampleIds, rule } = scores;
  const whose = origin && await checkScoreOrigin(origin, network, options);
  const { onNotice } = options;
  const plan = ablationPlan(meanScores(scores), {}, grid, {
    conditions,
    fractions: [fraction],
    draws,
    seed,
    onNotice,
  }).filter(({ heads }) => heads.length > 0);
  const reuse = new ReuseCache(options.reuseBytes);
  const config: SteerHeadsConfig = {
    network,
    samples,
    plan,
    biases,
    during,
    maxNewTokens,
    batchRows,
    bootstrapDraws,
    seed,
    reuse,
    chosen: { rule, scoredSamples: sampleIds.length },
  };
  return scoredRun(steerHeadsExperiment, config, { scores, whose, options });
}

/**
 * Steers the best heads, and controls for them, towards a place that answers another question (one
 * foil of each sample, drawn), by several biases. With a folder, writes `results.json`, `rows.json` and
 * `manifest.json` there, and a run that was killed goes on where it stopped.
 *
 * @param scores scores that say which heads are best; take them from other samples than these
 * @returns one row per condition and bias; the first is the model as it is
 * @throws {InputError} naming the sample that cannot be used, e.g. one without foils
 *
 * @example
 * ```ts
 * import { steerHeads } from "./steer_heads.ts";
 * import { steerSamples } from "./steer_samples.ts";
 * import { findHeads } from "./find_heads.ts";
 * import { headSamples } from "./samples.ts";
 * import { fromPretrained } from "../families/pretrained.ts";
 * import { madeSamples } from "../../lab/synthetic/made_samples.ts";
 * import { assert } from "@std/assert";
 * using model = await fromPretrained("mini");
 * const made = madeSamples(4, { domains: ["scene"] });
 * const scores = await findHeads(model, headSamples(model, made.slice(0, 2)));
 * const [whole, steered] = await steerHeads(model, steerSamples(model, made.slice(2)), scores, {
 *   biases: [8],
 *   conditions: ["core"],
 * });
 * assert(steered.followed > whole.followed);
 * ```
 */
export async function steerHeads(
  model: AnyModel,
  samples: readonly (SteerSample | LazySteerSample)[],
  scores: ScoredHeads,
  options: SteerHeadsOptions = {},
): Promise<SteerResult[]> {
  checkOptions(
    "steer heads",
    options,
    steerHeadsNames satisfies Record<keyof SteerHeadsOptions, true>,
  );
  using run = await steerHeadsRun(model, samples, scores, options);
  return await runConfigured(run, options);
}

/**
 * The rows of a record that {@link steerHeads} wrote.
 *
 * @throws {InputError} if the folder holds no such record
 */
export async function readSteeredHeads(folder: string): Promise<SteerResult[]> {
  return await readResults<SteerResult>(folder, experiments.steerHeads);
}
