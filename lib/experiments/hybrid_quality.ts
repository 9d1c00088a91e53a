/**
 * What hybrid attention costs in right answers, by who keeps full attention, without any timing.
 *
 * @module
 */
import { sweep } from "../causal/sweep.ts";
import { InputError } from "../common/errors.ts";
import { gridOf } from "../common/head_id.ts";
import { type AttentionFunction, denseAttention } from "../nn/attention.ts";
import type { VisionLanguageModel } from "../model/vision_language_model.ts";
import { hybridAttention } from "../sparse/attention.ts";
import { patterns } from "../sparse/patterns/registry.ts";
import { hybridPlan } from "../sparse/plan.ts";
import { fullHeads, type PolicyName } from "../sparse/policies.ts";
import { differenceInterval } from "../stats/bootstrap_pairs.ts";
import { hash128 } from "../stats/hash.ts";
import { wilsonInterval } from "../stats/proportion.ts";
import { mean } from "../stats/summary.ts";
import type { AblationSample, LazyAblationSample } from "./ablate_heads.ts";
import {
  type Experiment,
  noneUsable,
  type RunContext,
  runUnits,
  type SamplesContext,
  withLeftOut,
} from "./experiment.ts";
import type { Json } from "./journal.ts";
import { jsonText, makeManifest, readRecordJson, writeRecord } from "./record.ts";

/** Who keeps full attention, and what the others see. */
export interface HybridSetting {
  /** Who keeps full attention. */
  readonly policy: PolicyName;
  /** Share of heads that keep it; 0 for `local`. */
  readonly fraction: number;
  /** First tokens that every head sees. */
  readonly sink: number;
  /** Last tokens that every head sees. */
  readonly window: number;
}

/** Settings of {@link hybridQuality}. */
export interface HybridQualityOptions extends SamplesContext {
  /** Score of every head, `[L, N]` row by row; higher is better. */
  readonly scores: ArrayLike<number>;
  /** What to compare with dense attention. */
  readonly settings: readonly HybridSetting[];
  /** Seed of random policies and intervals; 0 by default. */
  readonly seed?: number;
  /** Name of the model in the record. */
  readonly model?: string;
  /** Name of the data set in the record. */
  readonly data?: string;
}

/** One setting's result. */
export interface HybridQualityRow extends Omit<HybridSetting, "fraction"> {
  /** Share of heads with full attention. */
  readonly fullHeads: number;
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
export interface HybridQualityConfig extends Omit<HybridQualityOptions, keyof SamplesContext> {
  /** The network. */
  readonly network: VisionLanguageModel;
  /** The samples. */
  readonly samples: readonly (AblationSample | LazyAblationSample)[];
}

/** Whether one sample's answer is right: dense first, then by setting. */
interface QualityRow {
  readonly id: string;
  readonly tokens: number;
  readonly correct: readonly number[];
}

/** Attention functions: dense, then one for each setting, with the share of full heads. */
function attentions(
  { network, scores, settings, seed = 0 }: HybridQualityConfig,
): { attention: AttentionFunction; share: number }[] {
  const { layers, heads } = gridOf(network.config.text), { numKeyValueHeads } = network.config.text;
  if (scores.length !== layers * heads) {
    throw new InputError(
      `Cannot rank heads by ${scores.length} scores: the model has ${layers * heads} heads`,
    );
  }
  const hybrids = settings.map(({ policy, fraction, sink, window }) => {
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
    const plan = hybridPlan({ layers, heads }, full, patterns.local({ sink, window }));
    return { attention: hybridAttention(plan), share: full.length / (layers * heads) };
  });
  return [{ attention: denseAttention, share: 1 }, ...hybrids];
}

/** The experiment: one row per sample. */
export const hybridQualityExperiment: Experiment<HybridQualityConfig, QualityRow> = {
  name: "hybrid_quality",
  question: "Which heads must see everything for the answers to stay right?",
  async *run(config: HybridQualityConfig, context: RunContext = {}) {
    if (config.samples.length === 0) {
      throw new InputError("Cannot measure hybrid attention on 0 samples: 1 needed");
    }
    const functions = attentions(config);
    const units = config.samples.map((given) => ({
      key: given.id,
      work: async (): Promise<QualityRow> => {
        const sample = "load" in given ? await given.load() : given;
        const correct: number[] = [];
        for (const { attention } of functions) {
          const [outcome] = await sweep(config.network, sample, [[]], { scope: "all", attention });
          correct.push(Number(outcome.correct));
        }
        return { id: sample.id, tokens: sample.inputs.inputIds.length, correct };
      },
    }));
    const codec = {
      encode: (row: QualityRow): Json => ({ ...row, correct: [...row.correct] }),
      decode: (json: Json): QualityRow => json as unknown as QualityRow,
    };
    const identity: Json = {
      experiment: hybridQualityExperiment.name,
      model: config.model ?? "",
      data: config.data ?? "",
      samples: hash128(JSON.stringify(config.samples.map(({ id }) => id))).join("-"),
      scores: Array.from(config.scores),
      settings: JSON.stringify([config.settings, config.seed ?? 0]),
      dtype: config.network.kernels.computeDType,
    };
    yield* runUnits(units, codec, identity, context);
  },
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
  network: VisionLanguageModel,
  samples: readonly (AblationSample | LazyAblationSample)[],
  options: HybridQualityOptions,
): Promise<HybridQualityRow[]> {
  const { context, leftOut, settings: given } = withLeftOut(options);
  const { folder } = context;
  const config = { ...given, network, samples };
  const rows: QualityRow[] = [];
  for await (const row of hybridQualityExperiment.run(config, context)) rows.push(row);
  if (rows.length === 0) {
    throw noneUsable("measure hybrid attention", samples.length, leftOut.at(-1)?.reason);
  }
  const { seed = 0, model = "", data = "" } = given;
  const dense = rows.map(({ correct }) => correct[0]);
  const shares = attentions(config).map(({ share }) => share);
  const results = given.settings.map(({ policy, sink, window }, i): HybridQualityRow => {
    const sparse = rows.map(({ correct }) => correct[i + 1]);
    const { low, high } = wilsonInterval(sparse.reduce((a, b) => a + b, 0), rows.length);
    const difference = differenceInterval(sparse, dense, { seed });
    return {
      policy,
      fullHeads: shares[i + 1],
      sink,
      window,
      tokens: mean(rows.map(({ tokens }) => tokens)),
      metric: "accuracy",
      samples: rows.length,
      denseValue: mean(dense),
      sparseValue: mean(sparse),
      ci95: [low, high],
      difference95: [difference.low, difference.high],
    };
  });
  if (folder === undefined) return results;
  const manifest = await makeManifest({
    experiment: hybridQualityExperiment.name,
    model,
    data,
    samples: rows.length,
    leftOut,
    seed,
    options: { settings: given.settings.length },
  }, network.kernels);
  await writeRecord(folder, manifest, { "results.json": jsonText(results) });
  return results;
}

/**
 * The rows of a record that {@link hybridQuality} wrote.
 *
 * @throws {InputError} if the folder holds no such record
 */
export async function readHybridQuality(folder: string): Promise<HybridQualityRow[]> {
  return await readRecordJson(folder, "results.json") as HybridQualityRow[];
}
