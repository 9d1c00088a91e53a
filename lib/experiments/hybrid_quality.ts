/**
 * What hybrid attention costs in right answers, by who keeps full attention, without any timing.
 *
 * @module
 */
import { sweep } from "../causal/sweep.ts";
import { InputError } from "../common/errors.ts";
import { gridOf } from "../common/head_id.ts";
import { type AttentionFunction, denseAttention } from "../nn/attention.ts";
import { ReuseCache } from "../model/reuse_cache.ts";
import { type AnyModel, networkOf } from "../model/network_of.ts";
import { hybridAttention } from "../sparse/attention.ts";
import { chosenPattern, type PatternChoice, patternColumns } from "../sparse/patterns/choice.ts";
import { hybridPlan } from "../sparse/plan.ts";
import { fullHeads, type PolicyName } from "../sparse/policies.ts";
import { differenceInterval } from "../stats/bootstrap_pairs.ts";
import { wilsonInterval } from "../stats/proportion.ts";
import { mean } from "../stats/summary.ts";
import type { AblationSample, LazyAblationSample } from "./ablate_heads.ts";
import {
  type Experiment,
  type ExperimentConfig,
  runExperiment,
  type Settled,
} from "./experiment.ts";
import type { ReuseOptions, SamplesContext } from "./run_context.ts";
import { sampleUnits } from "./lazy_sample.ts";
import { jsonText, readManifestIfAny, readRecordJson } from "./record.ts";
import { checkExperiment, experiments } from "./registry.ts";
import { checkScoreOrigin, type OriginOptions, type ScoreOrigin } from "./score_origin.ts";

/** Who keeps full attention, and what the others see. */
export interface HybridSetting extends PatternChoice {
  /** Who keeps full attention. */
  readonly policy: PolicyName;
  /** Share of heads that keep it; 0 for `local`. */
  readonly fraction: number;
}

/** Settings of {@link hybridQuality}. */
export interface HybridQualityOptions extends SamplesContext, OriginOptions, ReuseOptions {
  /** Score of every head, `[L, N]` row by row; higher is better. */
  readonly scores: ArrayLike<number>;
  /** Whose scores they are; then they must be this model's. */
  readonly origin?: ScoreOrigin;
  /** What to compare with dense attention. */
  readonly settings: readonly HybridSetting[];
  /** Seed of random policies and intervals; 0 by default. */
  readonly seed?: number;
  /** Name of the data set in the record. */
  readonly data?: string;
}

/** One setting's result. */
export interface HybridQualityRow {
  /** Who keeps full attention. */
  readonly policy: PolicyName;
  /** Share of heads with full attention. */
  readonly fullHeads: number;
  /** First tokens that every head sees. */
  readonly sink: number;
  /** Last tokens that every head sees. */
  readonly window: number;
  /** What streaming heads see, where that is more than sink and window. */
  readonly pattern?: string;
  /** Mean tokens of a prompt. */
  readonly tokens: number;
  /** `accuracy`: share of samples whose right answer is the greedy one. */
  readonly metric: "accuracy";
  /** Number of samples. */
  readonly samples: number;
  /** Dense accuracy. */
  readonly denseValue: number;
  /** Hybrid accuracy. */
  readonly sparseValue: number;
  /** Its 95 % interval (Wilson). */
  readonly ci95: readonly [low: number, high: number];
  /** 95 % interval of hybrid minus dense, over the same samples. */
  readonly difference95: readonly [low: number, high: number];
}

/** Settings of the experiment as such. */
export interface HybridQualityConfig
  extends ExperimentConfig, Pick<HybridQualityOptions, "scores" | "settings"> {
  /** The samples. */
  readonly samples: readonly (AblationSample | LazyAblationSample)[];
  /** Seed of random policies and intervals. */
  readonly seed: number;
}

/** Whether one sample's answer is right: dense first, then by setting. */
interface QualityRow {
  readonly id: string;
  readonly tokens: number;
  readonly correct: readonly number[];
}

/** Attention functions: dense, then one for each setting, with the share of full heads. */
function attentions(
  { network, scores, settings, seed }: Settled<HybridQualityConfig>,
): { attention: AttentionFunction; share: number }[] {
  const { layers, heads } = gridOf(network.config.text), { numKeyValueHeads } = network.config.text;
  if (scores.length !== layers * heads) {
    throw new InputError(
      `Cannot rank heads by ${scores.length} scores: the model has ${layers * heads} heads`,
    );
  }
  const hybrids = settings.map(({ policy, fraction, ...choice }) => {
    if (!(fraction >= 0 && fraction <= 1)) {
      throw new InputError(`Cannot keep a share of ${fraction} heads full: wanted 0 to 1`);
    }
    const full = fullHeads(policy, {
      grid: { layers, heads },
      group: heads / numKeyValueHeads,
      scores,
      count: Math.round(fraction * layers * heads),
      seed,
    });
    const plan = hybridPlan({ layers, heads }, full, chosenPattern(choice));
    return { attention: hybridAttention(plan), share: full.length / (layers * heads) };
  });
  return [{ attention: denseAttention, share: 1 }, ...hybrids];
}

/** The experiment: one row per sample. */
export const hybridQualityExperiment: Experiment<
  HybridQualityConfig,
  QualityRow,
  HybridQualityRow[]
> = {
  ...experiments.hybridQuality,
  units(config) {
    const functions = attentions(config);
    const { network, reuse } = config;
    return sampleUnits<AblationSample, QualityRow>(config.samples, async (sample, id) => {
      const correct: number[] = [];
      // nothing is masked: the scope only says whether what stands before the question runs by itself
      const scope = sample.spans.question.length > 0 ? "answer" : "all";
      for (const { attention } of functions) {
        const [outcome] = await sweep(network, sample, [[]], { scope, attention, reuse });
        correct.push(Number(outcome.correct));
      }
      return { id, tokens: sample.inputs.inputIds.length, correct };
    }, reuse);
  },
  result(rows, config) {
    const dense = rows.map(({ correct }) => correct[0]);
    const shares = attentions(config).map(({ share }) => share);
    return config.settings.map(({ policy, fraction: _, ...choice }, i): HybridQualityRow => {
      const sparse = rows.map(({ correct }) => correct[i + 1]);
      const { low, high } = wilsonInterval(sparse.reduce((a, b) => a + b, 0), rows.length);
      const difference = differenceInterval(sparse, dense, { seed: config.seed });
      return {
        policy,
        fullHeads: shares[i + 1],
        ...patternColumns(chosenPattern(choice)),
        tokens: mean(rows.map(({ tokens }) => tokens)),
        metric: "accuracy",
        samples: rows.length,
        denseValue: mean(dense),
        sparseValue: mean(sparse),
        ci95: [low, high],
        difference95: [difference.low, difference.high],
      };
    });
  },
  record: (results, { settings }) => ({
    options: { settings: settings.length },
    files: { "results.json": jsonText(results) },
  }),
};

/**
 * Measures answers under hybrid attention against dense attention, on the same samples. With a
 * folder, writes `results.json` and `manifest.json` there, and a run that was killed goes on where it
 * stopped.
 *
 * @param scores of heads: take them from other samples than these
 * @throws {InputError} for scores of another model, impossible shares, or samples that cannot be used
 */
export async function hybridQuality(
  model: AnyModel,
  samples: readonly (AblationSample | LazyAblationSample)[],
  options: HybridQualityOptions,
): Promise<HybridQualityRow[]> {
  const network = networkOf(model);
  const { scores, settings, seed = 0, data, origin } = options;
  const whose = origin && await checkScoreOrigin(origin, network, options);
  const about = { model: options.model, data, scores: whose };
  using reuse = new ReuseCache(options.reuseBytes);
  const config = { network, samples, scores, settings, seed, about, reuse };
  return await runExperiment(hybridQualityExperiment, config, options);
}

/**
 * The rows of a record that {@link hybridQuality} wrote.
 *
 * @throws {InputError} if the folder holds no such record
 */
export async function readHybridQuality(folder: string): Promise<HybridQualityRow[]> {
  checkExperiment(folder, await readManifestIfAny(folder), experiments.hybridQuality);
  return await readRecordJson(folder, "results.json") as HybridQualityRow[];
}
