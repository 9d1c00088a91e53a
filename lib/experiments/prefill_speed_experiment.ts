/**
 * Hybrid prefill as an experiment: one unit for each policy, budget and length.
 *
 * @module
 */
import { digestOf } from "../common/digest.ts";
import { InputError } from "../common/errors.ts";
import { gridOf } from "../common/head_id.ts";
import { readRecordJson } from "../common/record_bytes.ts";
import type { PretrainedModel } from "../families/pretrained.ts";
import type { PreparedPrompt } from "../inputs/processor.ts";
import { speedupBound } from "../sparse/cost.ts";
import { chosenPattern, type PatternChoice, patternColumns } from "../sparse/patterns/choice.ts";
import { isRandom } from "../sparse/policies.ts";
import {
  type AnyPolicy,
  ignoresBudget,
  type PolicyPlan,
  policyPlan,
} from "../sparse/policy_plan.ts";
import { ratioOfMediansInterval } from "../stats/bootstrap_pairs.ts";
import { Random } from "../stats/random.ts";
import { comparedAnswers } from "./answer_quality.ts";
import type { AnswerStore } from "./answer_store.ts";
import type { Experiment, ExperimentConfig } from "./experiment.ts";
import { type LengthGroup, lengthGroups } from "./length_groups.ts";
import { interleaved } from "./prefill_timing.ts";
import { type PrefillSpeedRow, rowsByUnit } from "./prefill_speed_row.ts";
import { layoutOf } from "./prompt_layout.ts";
import { jsonText } from "./record.ts";
import { experiments } from "./registry.ts";
import { sampleDigest } from "./sample_digest.ts";
import type { AnySample } from "./samples.ts";

/** Settings of the experiment as such. */
export interface PrefillSpeedConfig extends ExperimentConfig, PatternChoice {
  readonly pretrained: PretrainedModel;
  readonly samples: readonly AnySample[];
  /** Score of every head. */
  readonly scores: ArrayLike<number>;
  /** Policies to compare. */
  readonly policies: readonly AnyPolicy[];
  /** Draws of each random policy. */
  readonly draws: number;
  /** Digests of the samples on which template masks are chosen; absent where there are none. */
  readonly templatesFrom?: readonly string[];
  /** Shares of heads that stay full. */
  readonly fractions: readonly number[];
  /** Interleaved rounds of timing for each row. */
  readonly rounds: number;
  /** Tokens of an answer at most. */
  readonly maxNewTokens?: number;
  /** Seed of random policies, of the order of runs and of the intervals. */
  readonly seed: number;
}

/** What one unit measures. */
interface Setting {
  readonly policy: AnyPolicy;
  readonly fraction: number;
  readonly draw: number;
}

/** Measures one policy at one budget on the prompts of one length: a row for each metric. */
async function measure(
  config: PrefillSpeedConfig,
  group: LengthGroup,
  setting: Setting,
  answers: AnswerStore,
): Promise<PrefillSpeedRow[]> {
  const { pretrained, scores, seed, draws } = config, others = chosenPattern(config);
  const { policy, fraction, draw } = setting, grid = gridOf(pretrained.config.text);
  const plan = policyPlan(policy, {
    grid,
    group: grid.heads / pretrained.config.text.numKeyValueHeads,
    scores,
    count: Math.round(fraction * grid.layers * grid.heads),
    seed: draw === 0 ? seed : `${seed}/${draw}`,
    others,
    templates: policy === "templates" ? await answers.templates() : undefined,
  });
  const tokens = group.prompt.inputIds.length;
  const layout = layoutOf({ inputs: group.prompt, spans: group.prompt.spans });
  const dense = await answers.dense(group), sparse = await answers.under(group, plan);
  const timed = {
    policy,
    ...isRandom(policy) && draws > 1 ? { draw } : {},
    fullHeads: plan.fullHeads,
    ...patternColumns(others),
    tokens,
    lengths: group.lengths,
    ...await timesOf(config, group.prompt, plan, `${tokens} ${settingKey(setting)}`),
    bound: speedupBound(pretrained.config.text, tokens, plan.planOn(layout)),
  };
  return comparedAnswers(dense, sparse, seed).map((quality) => ({ ...timed, ...quality }));
}

/** Names a setting, and seeds the order of its runs. */
function settingKey({ policy, fraction, draw }: Setting): string {
  return `${policy} ${fraction}${draw > 0 ? ` draw ${draw}` : ""}`;
}

/** Interleaved times of a plan and of dense attention; none of a plan whose time says nothing. */
async function timesOf(
  { pretrained, rounds, seed }: PrefillSpeedConfig,
  prompt: PreparedPrompt,
  plan: PolicyPlan,
  key: string,
): Promise<Pick<PrefillSpeedRow, "denseMs" | "sparseMs" | "speedup" | "ci95">> {
  if (!plan.timed) return { denseMs: [], sparseMs: [], speedup: null, ci95: null };
  const attention = plan.attentionOn(layoutOf({ inputs: prompt, spans: prompt.spans }));
  const random = new Random(seed).fork(key);
  const times = await interleaved(pretrained, prompt, attention, rounds, random);
  const { estimate, low, high } = ratioOfMediansInterval(times.denseMs, times.sparseMs, { seed });
  return { ...times, speedup: estimate, ci95: [low, high] };
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
  answers: AnswerStore,
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
      const { policies, fractions, draws, pretrained, samples } = config;
      const settings = policies.flatMap((policy): Setting[] =>
        (ignoresBudget(policy) ? [0] : fractions).flatMap((fraction) =>
          Array.from({ length: isRandom(policy) ? draws : 1 }, (_, draw) => ({
            ...{ policy, fraction, draw },
          }))
        )
      );
      return (await lengthGroups(pretrained, samples, context)).flatMap((group) =>
        settings.map((setting) => ({
          tokens: () => Promise.resolve(group.prompt.inputIds.length),
          key: `${group.prompt.inputIds.length} ${settingKey(setting)}`,
          open: () =>
            Promise.resolve({
              digest: digestOf(group.samples.map(sampleDigest)),
              work: () => measure(config, group, setting, answers),
            }),
        }))
      );
    },
  };
}
