/**
 * Acceleration: hybrid sparse prefill against our own dense one, in time and in right answers.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import { checkOptions } from "../common/values.ts";
import type { PretrainedModel } from "../families/pretrained.ts";
import { policyNames } from "../sparse/policies.ts";
import { chosenPattern, type PatternChoice } from "../sparse/patterns/choice.ts";
import type { AnyPolicy } from "../sparse/policy_plan.ts";
import { AnswerStore } from "./answer_store.ts";
import { ReuseCache } from "../model/reuse_cache.ts";
import { type ExperimentRun, runConfigured } from "./experiment.ts";
import { prefillSpeedNames } from "./known_options.ts";
import { type PrefillSpeedConfig, prefillSpeedExperiment } from "./prefill_speed_experiment.ts";
import type { PrefillSpeedRow } from "./prefill_speed_row.ts";
import type { ReuseOptions, SamplesContext } from "./run_context.ts";
import { sampleDigest } from "./sample_digest.ts";
import type { AnySample } from "./samples.ts";
import {
  checkScoreOrigin,
  type OriginOptions,
  type ScoreOrigin,
  sharedSamplesWarning,
} from "./score_origin.ts";
import { checkSamples } from "./lazy_sample.ts";

export type { PrefillSpeedConfig } from "./prefill_speed_experiment.ts";
export { prefillSpeedExperiment, prefillSpeedResult } from "./prefill_speed_experiment.ts";
export type { PrefillSpeedRow } from "./prefill_speed_row.ts";

/** Settings of {@link prefillSpeed}. */
export interface PrefillSpeedOptions
  extends SamplesContext, OriginOptions, ReuseOptions, PatternChoice {
  /** Score of every head, `[L, N]` row by row; higher is better. */
  readonly scores: ArrayLike<number>;
  /** Whose scores they are; then they must be this model's. */
  readonly origin?: ScoreOrigin;
  /** Policies to compare; by default all that choose full heads, none of the rivals. */
  readonly policies?: readonly AnyPolicy[];
  /** Shares of heads that stay full; 0.05, 0.125 and 0.25 by default. */
  readonly fractions?: readonly number[];
  /** Draws of each random policy; 1 by default. */
  readonly draws?: number;
  /** Samples on which the policy `templates` chooses its masks: others than those that are asked. */
  readonly templatesFrom?: readonly AnySample[];
  /** Interleaved rounds of timing for each row; 7 by default. */
  readonly rounds?: number;
  /** Tokens of an answer at most; by default what each sample needs. */
  readonly maxNewTokens?: number;
  /** Seed of random policies, of the order of runs and of the intervals; 0 by default. */
  readonly seed?: number;
  /** Name of the data set in the record. */
  readonly data?: string;
}

/** @throws {InputError} for a sample that is in both lists */
function checkDisjoint(asked: readonly AnySample[], templatesFrom: readonly AnySample[]): void {
  if (templatesFrom.length === 0) return;
  const digests = new Map(asked.map((sample) => [sampleDigest(sample), sample.id]));
  for (const sample of templatesFrom) {
    const id = digests.get(sampleDigest(sample));
    if (id === undefined) continue;
    throw new InputError(
      `Cannot choose template masks on sample ${
        quoted(id)
      }: it is asked as well; name other samples`,
    );
  }
}

/**
 * The run that {@link prefillSpeed} does, to be planned or done. It holds embeddings of prompts until
 * it is disposed of.
 *
 * @throws {InputError} for scores of another model, or samples that are asked and choose masks as well
 */
export async function prefillSpeedRun(
  pretrained: PretrainedModel,
  samples: readonly AnySample[],
  options: PrefillSpeedOptions,
): Promise<ExperimentRun<PrefillSpeedConfig, PrefillSpeedRow[], PrefillSpeedRow[]>> {
  checkSamples(samples);
  const { scores, policies = policyNames, fractions = [0.05, 0.125, 0.25], origin } = options;
  const { draws = 1, templatesFrom = [] } = options;
  checkDisjoint(samples, templatesFrom);
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
    draws,
    ...templatesFrom.length > 0 ? { templatesFrom: templatesFrom.map(sampleDigest) } : {},
    ...(pattern ? { pattern } : sees.parameters),
    rounds,
    maxNewTokens,
    seed,
  };
  const masks = { sink: 64, window: 256, ...sees.parameters };
  const templates = { samples: templatesFrom, sink: masks.sink, window: masks.window };
  const answers = new AnswerStore({ pretrained, maxNewTokens, templates, reuse });
  return {
    experiment: prefillSpeedExperiment(answers),
    config,
    about() {
      const scored = new Map(origin?.digests);
      const both =
        samples.filter((sample) => scored.get(sample.id) === sampleDigest(sample)).length;
      const warning = sharedSamplesWarning(both, samples.length);
      if (warning !== null) options.onNotice?.(warning);
      return Promise.resolve({ model, data, scores: whose, samplesInBoth: both });
    },
    [Symbol.dispose]() {
      answers[Symbol.dispose]();
      reuse[Symbol.dispose]();
    },
  };
}

/**
 * Measures how fast prefill is with full attention in some heads only, against dense prefill on the
 * same samples, and what the answers lose. With a folder, writes `results.json` and `manifest.json`
 * there, and a run that was killed goes on where it stopped.
 *
 * @param samples of a data set, as they are read; others than those that gave `options.scores`
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
