/**
 * Acceleration: hybrid sparse prefill against our own dense one, in time and in right answers.
 *
 * @module
 */
import { digestOf } from "../common/digest.ts";
import { checkOptions } from "../common/values.ts";
import { prefillSpeedNames } from "./known_options.ts";
import { InputError } from "../common/errors.ts";
import { gridOf } from "../common/head_id.ts";
import type { PretrainedModel } from "../families/pretrained.ts";
import type { AttentionFunction } from "../nn/attention.ts";
import { denseAttention } from "../nn/attention.ts";
import type { PreparedPrompt } from "../inputs/processor.ts";
import { ReuseCache } from "../model/reuse_cache.ts";
import { hybridAttention } from "../sparse/attention.ts";
import { speedupBound } from "../sparse/cost.ts";
import { chosenPattern, type PatternChoice, patternColumns } from "../sparse/patterns/choice.ts";
import { hybridPlan } from "../sparse/plan.ts";
import { fullHeads, type PolicyName, policyNames } from "../sparse/policies.ts";
import { ratioOfMediansInterval } from "../stats/bootstrap_pairs.ts";
import { Random } from "../stats/random.ts";
import { type AnswerQuality, comparedAnswers } from "./answer_quality.ts";
import { answerSamples, type SampleAnswer } from "./answers.ts";
import {
  type Experiment,
  type ExperimentConfig,
  type ExperimentRun,
  runConfigured,
} from "./experiment.ts";
import {
  type ReuseOptions,
  type RunContext,
  type SamplesContext,
  unlessUnusable,
} from "./run_context.ts";
import { interleaved } from "./prefill_timing.ts";
import { PromptStore } from "./prompt_store.ts";
import { jsonText, readRecordJson } from "./record.ts";
import { experiments } from "./registry.ts";
import { sampleDigest } from "./sample_digest.ts";
import { type AnySample, samplePrompt } from "./samples.ts";
import { checkScoreOrigin, type OriginOptions, type ScoreOrigin } from "./score_origin.ts";

/** Settings of {@link prefillSpeed}. */
export interface PrefillSpeedOptions
  extends SamplesContext, OriginOptions, ReuseOptions, PatternChoice {
  /** Score of every head, `[L, N]` row by row; higher is better. */
  readonly scores: ArrayLike<number>;
  /** Whose scores they are; then they must be this model's. */
  readonly origin?: ScoreOrigin;
  /** Policies to compare; all by default. */
  readonly policies?: readonly PolicyName[];
  /** Shares of heads that stay full; 0.05, 0.125 and 0.25 by default. */
  readonly fractions?: readonly number[];
  /** Interleaved rounds of timing for each row; 7 by default. */
  readonly rounds?: number;
  /** Tokens of an answer at most; by default what each sample needs. */
  readonly maxNewTokens?: number;
  /** Seed of random policies, of the order of runs and of the intervals; 0 by default. */
  readonly seed?: number;
  /** Name of the data set in the record. */
  readonly data?: string;
}

/** One policy at one budget on prompts of one length. */
export interface PrefillSpeedRow extends AnswerQuality {
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
  /** Tokens of the prompt that was timed: the median one of its length group. */
  readonly tokens: number;
  /** Dense prefill by round, in milliseconds. */
  readonly denseMs: readonly number[];
  /** Hybrid prefill in the same rounds, in milliseconds. */
  readonly sparseMs: readonly number[];
  /** Median dense time over median hybrid time. */
  readonly speedup: number;
  /** 95 % interval of the speed-up. */
  readonly ci95: readonly [low: number, high: number];
  /** Speed-up if time were proportional to floating-point operations of the decoder. */
  readonly bound: number;
}

/** Settings of the experiment as such. */
export interface PrefillSpeedConfig extends ExperimentConfig, PatternChoice {
  /** The model. */
  readonly pretrained: PretrainedModel;
  /** The samples. */
  readonly samples: readonly AnySample[];
  /** Score of every head. */
  readonly scores: ArrayLike<number>;
  /** Policies to compare. */
  readonly policies: readonly PolicyName[];
  /** Shares of heads that stay full. */
  readonly fractions: readonly number[];
  /** Interleaved rounds of timing for each row. */
  readonly rounds: number;
  /** Tokens of an answer at most. */
  readonly maxNewTokens?: number;
  /** Seed of random policies, of the order of runs and of the intervals. */
  readonly seed: number;
}

/** Samples of about one length: within a factor of two. */
interface LengthGroup {
  readonly samples: readonly AnySample[];
  /** The prompt of median length. */
  readonly prompt: PreparedPrompt;
}

async function lengthGroups(
  { pretrained, samples }: PrefillSpeedConfig,
  context: RunContext,
): Promise<LengthGroup[]> {
  const groups = new Map<number, { sample: AnySample; prompt: PreparedPrompt }[]>();
  for (const sample of samples) {
    const prompt = await unlessUnusable(context, () => samplePrompt(pretrained, sample));
    if (prompt === undefined) continue;
    const key = Math.round(Math.log2(prompt.inputIds.length));
    groups.set(key, [...(groups.get(key) ?? []), { sample, prompt }]);
  }
  return [...groups].sort(([a], [b]) => a - b).map(([, members]) => {
    const sorted = [...members].sort((a, b) => a.prompt.inputIds.length - b.prompt.inputIds.length);
    return {
      samples: members.map(({ sample }) => sample),
      prompt: sorted[Math.floor((sorted.length - 1) / 2)].prompt,
    };
  });
}

/** Measures one policy at one budget on the prompts of one length: a row for each metric. */
async function measure(
  config: PrefillSpeedConfig,
  group: LengthGroup,
  policy: PolicyName,
  fraction: number,
  answers: DenseAnswers,
): Promise<PrefillSpeedRow[]> {
  const { pretrained, scores, rounds, seed } = config;
  const pattern = chosenPattern(config);
  const grid = gridOf(pretrained.config.text), { layers, heads } = grid;
  const full = fullHeads(policy, {
    grid,
    group: heads / pretrained.config.text.numKeyValueHeads,
    scores,
    count: Math.round(fraction * layers * heads),
    seed,
  });
  const plan = hybridPlan(grid, full, pattern);
  const attention = hybridAttention(plan);
  const tokens = group.prompt.inputIds.length;
  const random = new Random(seed).fork(`${tokens} ${policy} ${fraction}`);
  const times = await interleaved(pretrained, group.prompt, attention, rounds, random);
  const ratio = ratioOfMediansInterval(times.denseMs, times.sparseMs, { seed });
  const dense = await answers.dense(group), sparse = await answers.under(group, attention);
  const timed = {
    policy,
    fullHeads: full.length / (layers * heads),
    ...patternColumns(pattern),
    tokens,
    ...times,
    speedup: ratio.estimate,
    ci95: [ratio.low, ratio.high],
    bound: speedupBound(pretrained.config.text, tokens, plan),
  } as const;
  return comparedAnswers(dense, sparse, seed).map((quality) => ({ ...timed, ...quality }));
}

/** Answers of groups, those of dense attention once; holds embeddings until it is disposed of. */
class DenseAnswers {
  readonly #known = new Map<LengthGroup, SampleAnswer[]>();
  readonly #store: PromptStore;

  constructor(readonly config: PrefillSpeedConfig) {
    this.#store = new PromptStore(config.pretrained, undefined, config.reuse);
  }

  async under(group: LengthGroup, attention: AttentionFunction): Promise<SampleAnswer[]> {
    const { pretrained, maxNewTokens } = this.config;
    const options = { attention, maxNewTokens, store: this.#store };
    return await answerSamples(pretrained, group.samples, options);
  }

  async dense(group: LengthGroup): Promise<SampleAnswer[]> {
    const found = this.#known.get(group) ?? await this.under(group, denseAttention);
    this.#known.set(group, found);
    return found;
  }

  [Symbol.dispose](): void {
    this.#store[Symbol.dispose]();
  }
}

/** Rows of a record by unit: each begins with its accuracy. */
function rowsByUnit(rows: readonly PrefillSpeedRow[]): PrefillSpeedRow[][] {
  const units: PrefillSpeedRow[][] = [];
  for (const row of rows) {
    if (row.metric === "accuracy") units.push([]);
    units.at(-1)?.push(row);
  }
  return units;
}

/** The experiment's end: its record, from rows. */
export const prefillSpeedResult: Omit<
  Experiment<PrefillSpeedConfig, PrefillSpeedRow[], PrefillSpeedRow[]>,
  "units"
> = {
  ...experiments.prefillSpeed,
  measuresTime: true,
  result: (rows) => rows.flat(),
  record: (rows, { rounds, ...config }) => ({
    options: {
      ...patternColumns(chosenPattern(config)),
      rounds,
      timing: "interleaved, random order within a round",
    },
    files: { "results.json": jsonText(rows) },
  }),
  readRows: async (folder) =>
    rowsByUnit(await readRecordJson(folder, "results.json") as PrefillSpeedRow[]),
};

/** The experiment: one unit per policy, budget and length. */
export function prefillSpeedExperiment(
  answers: DenseAnswers,
): Experiment<PrefillSpeedConfig, PrefillSpeedRow[], PrefillSpeedRow[]> {
  return {
    ...prefillSpeedResult,
    async units(config, context) {
      const { layers, heads } = gridOf(config.pretrained.config.text);
      if (config.scores.length !== layers * heads) {
        throw new InputError(
          `Cannot rank heads by ${config.scores.length} scores: the model has ` +
            `${layers * heads} heads`,
        );
      }
      const { policies, fractions } = config;
      return (await lengthGroups(config, context)).flatMap((group) =>
        policies.flatMap((policy) =>
          (policy === "local" ? [0] : fractions).map((fraction) => ({
            tokens: () => Promise.resolve(group.prompt.inputIds.length),
            key: `${group.prompt.inputIds.length} ${policy} ${fraction}`,
            open: () =>
              Promise.resolve({
                digest: digestOf(group.samples.map(sampleDigest)),
                work: () => measure(config, group, policy, fraction, answers),
              }),
          }))
        )
      );
    },
  };
}

/**
 * The run that {@link prefillSpeed} does, to be planned or done. It holds embeddings of prompts until
 * it is disposed of.
 *
 * @throws {InputError} for scores of another model
 */
export async function prefillSpeedRun(
  pretrained: PretrainedModel,
  samples: readonly AnySample[],
  options: PrefillSpeedOptions,
): Promise<ExperimentRun<PrefillSpeedConfig, PrefillSpeedRow[], PrefillSpeedRow[]>> {
  const { scores, policies = policyNames, fractions = [0.05, 0.125, 0.25], origin } = options;
  const { pattern, sink, window, rounds = 7, seed = 0, maxNewTokens, model, data } = options;
  const { network } = pretrained;
  const sees = chosenPattern({ pattern, sink, window });
  const whose = origin && await checkScoreOrigin(origin, network, options);
  const reuse = new ReuseCache(options.reuseBytes);
  const config: PrefillSpeedConfig = {
    network,
    reuse,
    pretrained,
    samples,
    scores,
    policies,
    fractions,
    ...(pattern ? { pattern } : sees.parameters),
    rounds,
    maxNewTokens,
    seed,
  };
  const answers = new DenseAnswers(config);
  return {
    experiment: prefillSpeedExperiment(answers),
    config,
    about: () => Promise.resolve({ model, data, scores: whose }),
    [Symbol.dispose]() {
      answers[Symbol.dispose]();
      reuse[Symbol.dispose]();
    },
  };
}

/**
 * Measures hybrid prefill against dense prefill. With a folder, writes `results.json` and
 * `manifest.json` there, and a run that was killed resumes where it stopped.
 *
 * @throws {InputError} for scores of another model, or samples that cannot be used
 */
export async function prefillSpeed(
  pretrained: PretrainedModel,
  samples: readonly AnySample[],
  options: PrefillSpeedOptions,
): Promise<PrefillSpeedRow[]> {
  checkOptions(
    "measure prefill",
    options,
    prefillSpeedNames satisfies Record<keyof PrefillSpeedOptions, true>,
  );
  using run = await prefillSpeedRun(pretrained, samples, options);
  return await runConfigured(run, options);
}
