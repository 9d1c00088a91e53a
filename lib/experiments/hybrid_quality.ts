/**
 * What hybrid attention costs in right answers, by who keeps full attention; and, where it is asked for,
 * what it saves in time, on the same prompts in the same passes.
 *
 * @module
 */
import { sweep } from "../causal/sweep.ts";
import { digestOf } from "../common/digest.ts";
import { InputError } from "../common/errors.ts";
import { gridOf } from "../common/head_id.ts";
import { checkOptions } from "../common/values.ts";
import { denseAttention } from "../nn/attention.ts";
import { ReuseCache } from "../model/reuse_cache.ts";
import { type AnyModel, networkOf } from "../model/network_of.ts";
import { speedupBound } from "../sparse/cost.ts";
import { chosenPattern, type PatternChoice, patternColumns } from "../sparse/patterns/choice.ts";
import { type AnyPolicy, type PolicyPlan, policyPlan } from "../sparse/policy_plan.ts";
import type { TemplateMasses } from "../sparse/templates.ts";
import { differenceInterval, ratioOfMediansInterval } from "../stats/bootstrap_pairs.ts";
import { Random } from "../stats/random.ts";
import { clusteredShare, clusterMeans } from "../stats/clusters.ts";
import { endsOf } from "../stats/interval.ts";
import { mean } from "../stats/summary.ts";
import type { AblationSample, LazyAblationSample } from "./ablate_heads.ts";
import {
  type Experiment,
  type ExperimentConfig,
  runExperiment,
  type Settled,
} from "./experiment.ts";
import { hybridQualityNames } from "./known_options.ts";
import type { ReuseOptions, SamplesContext } from "./run_context.ts";
import { checkSamples, sampleUnits } from "./lazy_sample.ts";
import { layoutOf } from "./prompt_layout.ts";
import { jsonText, readResults } from "./record.ts";
import { experiments } from "./registry.ts";
import { checkScoreOrigin, type OriginOptions, type ScoreOrigin } from "./score_origin.ts";

/** Who keeps full attention, and what the others see. */
export interface HybridSetting extends PatternChoice {
  /** Who keeps full attention. */
  readonly policy: AnyPolicy;
  /** Share of heads that keep it; 0 for policies that know no budget. */
  readonly fraction: number;
  /** Which draw of a random policy; 0 by default. */
  readonly draw?: number;
}

/** Settings of {@link hybridQuality}. */
export interface HybridQualityOptions extends SamplesContext, OriginOptions, ReuseOptions {
  /** Score of every head, `[L, N]` row by row; higher is better. Take them from other samples. */
  readonly scores: ArrayLike<number>;
  /** Whose scores they are; then they must be this model's. */
  readonly origin?: ScoreOrigin;
  /** What to compare with dense attention. */
  readonly settings: readonly HybridSetting[];
  /** What template masks keep, on other samples; for the policy `templates`. */
  readonly templates?: TemplateMasses;
  /**
   * Whether passes are timed too: dense and every setting, in random order within a sample, without
   * the vision tower. Where samples share a context, the first of them is timed. Not by default.
   */
  readonly timed?: boolean;
  /** Seed of random policies, orders and intervals; 0 by default. */
  readonly seed?: number;
  /** Name of the data set in the record. */
  readonly data?: string;
}

/** One setting's result. */
export interface HybridQualityRow {
  /** Who keeps full attention. */
  readonly policy: AnyPolicy;
  /** Which draw of a random policy; absent where the setting names none. */
  readonly draw?: number;
  /** First tokens that every head sees. */
  readonly sink: number;
  /** Last tokens that every head sees. */
  readonly window: number;
  /** What streaming heads see, where that is more than sink and window. */
  readonly pattern?: string;
  /** Share of heads with full attention; for the oracle that of the plan whose budget it has. */
  readonly fullHeads: number;
  /** Mean tokens of a prompt. */
  readonly tokens: number;
  /** `accuracy`: share of samples whose right answer is the greedy one. */
  readonly metric: "accuracy";
  /** Number of samples. */
  readonly samples: number;
  /** Number of contexts that they ask about. */
  readonly contexts: number;
  /** Dense accuracy. */
  readonly denseValue: number;
  /** Its 95% interval (Wilson, at the effective number of samples where they share contexts). */
  readonly dense95: readonly [low: number, high: number];
  /** Hybrid accuracy. */
  readonly sparseValue: number;
  /** Its 95% interval (likewise). */
  readonly ci95: readonly [low: number, high: number];
  /** 95% interval of hybrid minus dense, over the same contexts. */
  readonly difference95: readonly [low: number, high: number];
  /** Speed-up of prefill if time were proportional to floating-point operations of the decoder. */
  readonly bound: number;
  /**
   * Dense pass of each timed sample, in milliseconds: prefill and answer without the vision tower; of
   * timed runs only.
   */
  readonly denseMs?: readonly number[];
  /** The setting's pass of the same samples; empty for the oracle, whose time says nothing. */
  readonly sparseMs?: readonly number[];
  /** Median dense time over median hybrid time; null for the oracle. */
  readonly speedup?: number | null;
  /** Its 95% interval over samples. */
  readonly speedup95?: readonly [low: number, high: number] | null;
}

/** Settings of the experiment as such. */
export interface HybridQualityConfig
  extends ExperimentConfig, Pick<HybridQualityOptions, "scores" | "settings" | "templates"> {
  readonly samples: readonly (AblationSample | LazyAblationSample)[];
  /** Whether passes are timed; absent where not. */
  readonly timed?: true;
  /** Seed of random policies, orders and intervals. */
  readonly seed: number;
}

/** What one sample gave: dense first, then by setting. */
interface QualityRow {
  readonly id: string;
  /** Digest of what stands before the question: samples of one context are no independent ones. */
  readonly context: string;
  readonly tokens: number;
  readonly correct: readonly number[];
  readonly bounds: readonly number[];
  /** Milliseconds of each pass; absent where they are not timed, or another sample shared a part. */
  readonly ms?: readonly number[];
}

/** What each setting makes of its budget. */
function plansOf(
  { network, scores, settings, seed, templates }: Settled<HybridQualityConfig>,
): PolicyPlan[] {
  const grid = gridOf(network.config.text), { layers, heads } = grid;
  if (scores.length !== layers * heads) {
    throw new InputError(
      `Cannot rank heads by ${scores.length} scores: the model has ${layers * heads} heads`,
    );
  }
  return settings.map(({ policy, fraction, draw = 0, ...choice }) => {
    if (!(fraction >= 0 && fraction <= 1)) {
      throw new InputError(`Cannot keep a share of ${fraction} heads full: wanted 0 to 1`);
    }
    return policyPlan(policy, {
      grid,
      group: heads / network.config.text.numKeyValueHeads,
      scores,
      count: Math.round(fraction * layers * heads),
      seed: draw === 0 ? seed : `${seed}/${draw}`,
      others: chosenPattern(choice),
      templates,
    });
  });
}

/** Answers one sample under every setting, in random order; times what no sample before has shared. */
async function measure(
  config: HybridQualityConfig,
  plans: readonly PolicyPlan[],
  sample: AblationSample,
): Promise<QualityRow> {
  const { network, timed, seed, reuse } = config, { id, inputs } = sample;
  const layout = layoutOf(sample), tokens = inputs.inputIds.length;
  const passes = [denseAttention, ...plans.map((plan) => plan.attentionOn(layout))];
  const correct = Array<number>(passes.length), ms = Array<number>(passes.length);
  // nothing is masked: the scope only says whether what stands before the question runs by itself
  const scope = sample.spans.question.length > 0 ? "answer" : "all";
  const order = new Random(seed).fork(`order ${id}`).permutation(passes.length);
  // features of media are there before the first pass is timed
  if (timed) network.kernels.scope(() => void network.embedPrompt(inputs, null, { reuse }));
  const reused = reuse?.counts.prefixesReused;
  for (const i of order) {
    const start = performance.now();
    const [outcome] = await sweep(network, sample, [[]], { scope, attention: passes[i], reuse });
    ms[i] = performance.now() - start;
    correct[i] = Number(outcome.correct);
  }
  const isFirst = reused === reuse?.counts.prefixesReused; // of those that share a context
  const bounds = plans.map((plan) =>
    speedupBound(network.config.text, tokens, plan.planOn(layout))
  );
  const context = contextDigest(sample);
  return { id, context, tokens, correct, bounds, ...timed && isFirst ? { ms } : {} };
}

/** Digest of the tokens before the question, and of all media. */
function contextDigest({ inputs: { inputIds, media }, spans }: AblationSample): string {
  return digestOf({ ids: inputIds.subarray(0, spans.question[0]?.[0]), media });
}

/** Times of a setting against dense ones. */
function timesOf(rows: readonly QualityRow[], setting: number, plan: PolicyPlan, seed: number) {
  const of = (pass: number) => rows.flatMap(({ ms }) => ms ? [ms[pass]] : []);
  const denseMs = of(0);
  if (denseMs.length === 0) return {};
  if (!plan.timed) return { denseMs, sparseMs: [], speedup: null, speedup95: null };
  const sparseMs = of(setting + 1);
  const { estimate, low, high } = ratioOfMediansInterval(denseMs, sparseMs, { seed });
  return { denseMs, sparseMs, speedup: estimate, speedup95: [low, high] as const };
}

/** The experiment: one row per sample. */
export const hybridQualityExperiment: Experiment<
  HybridQualityConfig,
  QualityRow,
  HybridQualityRow[]
> = {
  ...experiments.hybridQuality,
  units(config) {
    const plans = plansOf(config);
    return sampleUnits<AblationSample, QualityRow>(
      config.samples,
      (sample) => measure(config, plans, sample),
      config.reuse,
    );
  },
  result(rows, config) {
    const { seed } = config, plans = plansOf(config);
    const contexts = rows.map(({ context }) => context);
    const interval = (values: readonly number[]) => endsOf(clusteredShare(values, contexts));
    const dense = rows.map(({ correct }) => correct[0]);
    return config.settings.map(({ policy, draw, fraction: _, ...choice }, i): HybridQualityRow => {
      const sparse = rows.map(({ correct }) => correct[i + 1]);
      const difference = differenceInterval(
        clusterMeans(sparse, contexts),
        clusterMeans(dense, contexts),
        { seed },
      );
      return {
        policy,
        ...draw === undefined ? {} : { draw },
        ...patternColumns(chosenPattern(choice)),
        fullHeads: plans[i].fullHeads,
        tokens: mean(rows.map(({ tokens }) => tokens)),
        metric: "accuracy",
        samples: rows.length,
        contexts: new Set(contexts).size,
        denseValue: mean(dense),
        dense95: interval(dense),
        sparseValue: mean(sparse),
        ci95: interval(sparse),
        difference95: endsOf(difference),
        bound: mean(rows.map(({ bounds }) => bounds[i])),
        ...timesOf(rows, i, plans[i], seed),
      };
    });
  },
  record: (results, { settings, timed }) => ({
    options: {
      settings: settings.length,
      ...timed ? { timing: "each setting once for each context, in random order" } : {},
    },
    files: { "results.json": jsonText(results) },
  }),
};

/**
 * Measures answers under hybrid attention against dense attention, on the same samples. With a
 * folder, writes `results.json` and `manifest.json` there; a killed run goes on where it stopped.
 *
 * @throws {InputError} for scores of another model, impossible shares, or samples that cannot be used
 */
export async function hybridQuality(
  model: AnyModel,
  samples: readonly (AblationSample | LazyAblationSample)[],
  options: HybridQualityOptions,
): Promise<HybridQualityRow[]> {
  const names = hybridQualityNames satisfies Record<keyof HybridQualityOptions, true>;
  checkOptions("measure hybrid attention", options, names);
  checkSamples(samples, "ablationSamples");
  const network = networkOf(model);
  const { scores, settings, templates, timed, seed = 0, data, origin } = options;
  const whose = origin && await checkScoreOrigin(origin, network, options);
  const about = { model: options.model, data, scores: whose };
  using reuse = new ReuseCache(options.reuseBytes);
  const config: HybridQualityConfig = {
    ...{ network, samples, scores, settings, seed, about, reuse },
    ...templates ? { templates } : {},
    ...timed ? { timed } : {},
  };
  return await runExperiment(hybridQualityExperiment, config, options);
}

/**
 * The rows of a record that {@link hybridQuality} wrote.
 *
 * @throws {InputError} if the folder holds no such record
 */
export async function readHybridQuality(folder: string): Promise<HybridQualityRow[]> {
  return await readResults<HybridQualityRow>(folder, experiments.hybridQuality);
}
