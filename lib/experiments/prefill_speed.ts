/**
 * Acceleration: hybrid sparse prefill against our own dense one, in time and in right answers.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { gridOf } from "../common/head_id.ts";
import type { PretrainedModel } from "../families/pretrained.ts";
import type { AttentionFunction } from "../nn/attention.ts";
import { denseAttention } from "../nn/attention.ts";
import type { PreparedPrompt } from "../inputs/processor.ts";
import { hybridAttention } from "../sparse/attention.ts";
import { speedupBound } from "../sparse/cost.ts";
import { patterns } from "../sparse/patterns/registry.ts";
import { hybridPlan } from "../sparse/plan.ts";
import { fullHeads, type PolicyName, policyNames } from "../sparse/policies.ts";
import { differenceInterval, ratioOfMediansInterval } from "../stats/bootstrap_pairs.ts";
import { hash128 } from "../stats/hash.ts";
import { Random } from "../stats/random.ts";
import { answerSamples } from "./answers.ts";
import {
  type Experiment,
  noneUsable,
  type RunContext,
  runUnits,
  type SamplesContext,
  unlessUnusable,
  withLeftOut,
} from "./experiment.ts";
import type { Json } from "./journal.ts";
import { PromptStore } from "./prompt_store.ts";
import { jsonText, makeManifest, writeRecord } from "./record.ts";
import { type AnySample, samplePrompt } from "./samples.ts";

/** Settings of {@link prefillSpeed}. */
export interface PrefillSpeedOptions extends SamplesContext {
  /** Score of every head, `[L, N]` row by row; higher is better. */
  readonly scores: ArrayLike<number>;
  /** Policies to compare; all by default. */
  readonly policies?: readonly PolicyName[];
  /** Shares of heads that stay full; 0.05, 0.125 and 0.25 by default. */
  readonly fractions?: readonly number[];
  /** First tokens that every head sees; 64 by default. */
  readonly sink?: number;
  /** Last tokens that every head sees; 256 by default. */
  readonly window?: number;
  /** Interleaved rounds of timing for each row; 7 by default. */
  readonly rounds?: number;
  /** Tokens of an answer at most; 8 by default. */
  readonly maxNewTokens?: number;
  /** Seed of random policies, of the order of runs and of the intervals; 0 by default. */
  readonly seed?: number;
  /** Name of the model in the record. */
  readonly model?: string;
  /** Name of the data set in the record. */
  readonly data?: string;
}

/** One policy at one budget on prompts of one length. */
export interface PrefillSpeedRow {
  /** Who keeps full attention. */
  readonly policy: PolicyName;
  /** Share of heads with full attention. */
  readonly fullHeads: number;
  /** First tokens that every head sees. */
  readonly sink: number;
  /** Last tokens that every head sees. */
  readonly window: number;
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
  /** `accuracy`: share of right answers. */
  readonly metric: "accuracy";
  /** Samples of this length group. */
  readonly samples: number;
  /** Dense accuracy. */
  readonly denseValue: number;
  /** Hybrid accuracy. */
  readonly sparseValue: number;
  /** 95 % interval of the difference, hybrid minus dense, over the same samples. */
  readonly difference95: readonly [low: number, high: number];
}

/** Settings of the experiment as such. */
export interface PrefillSpeedConfig extends Omit<PrefillSpeedOptions, keyof SamplesContext> {
  /** The model. */
  readonly pretrained: PretrainedModel;
  /** The samples. */
  readonly samples: readonly AnySample[];
}

/** Samples of about one length: within a factor of two. */
interface LengthGroup {
  /** Tokens of its prompt, and a digest of its samples: one more makes other results. */
  readonly name: string;
  readonly samples: readonly AnySample[];
  /** The prompt of median length. */
  readonly prompt: PreparedPrompt;
}

async function lengthGroups(
  { pretrained, samples }: PrefillSpeedConfig,
  context: RunContext,
): Promise<LengthGroup[]> {
  if (samples.length === 0) throw new InputError("Cannot measure prefill on 0 samples: 1 needed");
  const groups = new Map<number, { sample: AnySample; prompt: PreparedPrompt }[]>();
  for (const sample of samples) {
    const prompt = await unlessUnusable(context, () => samplePrompt(pretrained, sample));
    if (prompt === undefined) continue;
    const key = Math.round(Math.log2(prompt.inputIds.length));
    groups.set(key, [...(groups.get(key) ?? []), { sample, prompt }]);
  }
  return [...groups].sort(([a], [b]) => a - b).map(([, members]) => {
    const sorted = [...members].sort((a, b) => a.prompt.inputIds.length - b.prompt.inputIds.length);
    const { prompt } = sorted[Math.floor((sorted.length - 1) / 2)];
    const digest = hash128(JSON.stringify(members.map(({ sample }) => sample.id))).join("-");
    return {
      name: `${prompt.inputIds.length} ${digest}`,
      samples: members.map(({ sample }) => sample),
      prompt,
    };
  });
}

/** Milliseconds of one prefill, the last row of the residual stream read back. */
async function timePrefill(
  { network }: PretrainedModel,
  prompt: PreparedPrompt,
  attention: AttentionFunction,
): Promise<number> {
  const k = network.kernels;
  const start = performance.now();
  const last = k.scope(() => {
    const residual = network.prefill(prompt, { attention });
    return k.slice(residual, [0, residual.shape[1] - 1, 0], [-1, 1, -1]);
  });
  await k.read(last);
  k.dispose(last);
  return performance.now() - start;
}

/** Times of two attention functions in interleaved rounds, in random order within a round. */
async function interleaved(
  model: PretrainedModel,
  prompt: PreparedPrompt,
  sparse: AttentionFunction,
  rounds: number,
  random: Random,
): Promise<{ denseMs: number[]; sparseMs: number[] }> {
  const denseMs: number[] = [], sparseMs: number[] = [];
  await timePrefill(model, prompt, denseAttention); // one of each to warm up
  await timePrefill(model, prompt, sparse);
  for (let round = 0; round < rounds; round++) {
    const denseFirst = random.uniform() < 0.5;
    if (denseFirst) denseMs.push(await timePrefill(model, prompt, denseAttention));
    sparseMs.push(await timePrefill(model, prompt, sparse));
    if (!denseFirst) denseMs.push(await timePrefill(model, prompt, denseAttention));
  }
  return { denseMs, sparseMs };
}

/** The experiment: one row per policy, budget and length. */
export const prefillSpeedExperiment: Experiment<PrefillSpeedConfig, PrefillSpeedRow> = {
  name: "prefill_speed",
  question:
    "How much faster is prefill when only some heads see everything, and what does it cost?",
  async *run(config: PrefillSpeedConfig, context: RunContext = {}) {
    const { pretrained, policies = policyNames, fractions = [0.05, 0.125, 0.25] } = config;
    const { sink = 64, window = 256, rounds = 7, seed = 0, maxNewTokens } = config;
    const { layers, heads } = gridOf(pretrained.config.text),
      { numKeyValueHeads } = pretrained.config.text;
    if (config.scores.length !== layers * heads) {
      throw new InputError(
        `Cannot rank heads by ${config.scores.length} scores: the model has ${
          layers * heads
        } heads`,
      );
    }
    const local = patterns.local({ sink, window });
    const denseAnswers = new Map<LengthGroup, boolean[]>();
    using store = new PromptStore(pretrained);
    const right = async (group: LengthGroup, attention: AttentionFunction) =>
      (await answerSamples(pretrained, group.samples, { attention, maxNewTokens, store }))
        .map(({ correct }) => correct);
    const groups = await lengthGroups(config, context);
    const units = groups.flatMap((group) =>
      policies.flatMap((policy) =>
        (policy === "local" ? [0] : fractions).map((fraction) => ({
          key: `${group.name} ${policy} ${fraction}`,
          work: async (): Promise<PrefillSpeedRow> => {
            const count = Math.round(fraction * layers * heads);
            const full = fullHeads(policy, {
              grid: { layers, heads },
              group: heads / numKeyValueHeads,
              scores: config.scores,
              count,
              seed,
            });
            const plan = hybridPlan({ layers, heads }, full, local);
            const attention = hybridAttention(plan);
            const tokens = group.prompt.inputIds.length;
            const random = new Random(seed).fork(`${tokens} ${policy} ${fraction}`);
            const times = await interleaved(pretrained, group.prompt, attention, rounds, random);
            const ratio = ratioOfMediansInterval(times.denseMs, times.sparseMs, { seed });
            if (!denseAnswers.has(group)) {
              denseAnswers.set(group, await right(group, denseAttention));
            }
            const dense = denseAnswers.get(group)!.map(Number);
            const sparse = (await right(group, attention)).map(Number);
            const share = (values: readonly number[]) =>
              values.reduce((a, b) => a + b, 0) / values.length;
            const difference = differenceInterval(sparse, dense, { seed });
            return {
              policy,
              fullHeads: full.length / (layers * heads),
              sink,
              window,
              tokens,
              ...times,
              speedup: ratio.estimate,
              ci95: [ratio.low, ratio.high],
              bound: speedupBound(pretrained.config.text, tokens, plan),
              metric: "accuracy",
              samples: dense.length,
              denseValue: share(dense),
              sparseValue: share(sparse),
              difference95: [difference.low, difference.high],
            };
          },
        }))
      )
    );
    const codec = {
      encode: (row: PrefillSpeedRow): Json => ({ ...row }),
      decode: (json: Json): PrefillSpeedRow => json as unknown as PrefillSpeedRow,
    };
    const identity: Json = {
      experiment: prefillSpeedExperiment.name,
      model: config.model ?? "",
      data: config.data ?? "",
      samples: config.samples.map(({ id }) => id),
      scores: Array.from(config.scores),
      options: { sink, window, rounds, seed, maxNewTokens: maxNewTokens ?? 8 },
      dtype: pretrained.network.kernels.computeDType,
    };
    yield* runUnits(units, codec, identity, context);
  },
};

/**
 * Measures hybrid prefill against dense prefill. With a folder, writes `results.json` and
 * `manifest.json` there, and a run that was killed goes on where it stopped.
 *
 * @throws {InputError} for scores of another model, or samples that cannot be used
 */
export async function prefillSpeed(
  pretrained: PretrainedModel,
  samples: readonly AnySample[],
  options: PrefillSpeedOptions,
): Promise<PrefillSpeedRow[]> {
  const { context, leftOut, settings } = withLeftOut(options);
  const { folder } = context;
  const config = { ...settings, pretrained, samples };
  const rows: PrefillSpeedRow[] = [];
  for await (const row of prefillSpeedExperiment.run(config, context)) rows.push(row);
  if (rows.length === 0) {
    throw noneUsable("measure prefill", samples.length, leftOut.at(-1)?.reason);
  }
  if (folder === undefined) return rows;
  const { model = "", data = "", seed = 0, sink = 64, window = 256, rounds = 7 } = settings;
  const manifest = await makeManifest({
    experiment: prefillSpeedExperiment.name,
    model,
    data,
    samples: samples.length - (leftOut.length - (options.leftOut?.length ?? 0)),
    leftOut,
    seed,
    options: { sink, window, rounds, timing: "interleaved, random order within a round" },
  }, pretrained.network.kernels);
  await writeRecord(folder, manifest, { "results.json": jsonText(rows) });
  return rows;
}
