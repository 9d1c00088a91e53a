/**
 * Attention flows: what the answer loses when tokens of one kind are hidden from queries of another,
 * in a window of layers. Where evidence passes into the question, and the question into the answer,
 * the loss is large.
 *
 * Source of the analysis: Geva et al. 2023 (Dissecting Recall of Factual Associations), for images
 * among others Zhang et al. 2024 (Cross-modal Information Flow in Multimodal LLMs). Every head of the
 * window's layers is knocked out from those tokens; nothing else changes.
 * @module
 */
import { type AblationEffect, ablationEffect } from "../causal/effect.ts";
import type { Variant } from "../causal/head_mask.ts";
import { interventions } from "../causal/interventions/registry.ts";
import { allHeads } from "../common/head_id.ts";
import { InputError } from "../common/errors.ts";
import { checkOptions } from "../common/values.ts";
import type { SpanName, TokenSpan } from "../inputs/token_spans.ts";
import { ReuseCache } from "../model/reuse_cache.ts";
import { type AnyModel, networkOf } from "../model/network_of.ts";
import { ablateSample, type AblationSample, type LazyAblationSample } from "./ablation_sample.ts";
import {
  type Experiment,
  type ExperimentConfig,
  runExperiment,
  type Settled,
} from "./experiment.ts";
import { attentionFlowsNames } from "./known_options.ts";
import { checkSamples, sampleUnits } from "./lazy_sample.ts";
import { jsonText, readResults } from "./record.ts";
import { experiments } from "./registry.ts";
import type { ReuseOptions, SamplesContext } from "./run_context.ts";

/** From which tokens to which queries; `last` is the prompt's last token and the answer's tokens. */
export interface AttentionFlow {
  /** Tokens that are hidden. */
  readonly from: Exclude<SpanName, "answer">;
  /** Queries that they are hidden from. */
  readonly to: "question" | "last";
}

/** The flows of localisation papers. */
export const defaultFlows: readonly AttentionFlow[] = [
  { from: "evidence", to: "question" },
  { from: "evidence", to: "last" },
  { from: "question", to: "last" },
];

/** Settings of {@link attentionFlows}. */
export interface AttentionFlowsOptions extends SamplesContext, ReuseOptions {
  /** Flows to cut; {@link defaultFlows} by default. */
  readonly flows?: readonly AttentionFlow[];
  /** Layers of a window; a fifth of all by default, at least 1. */
  readonly window?: number;
  /** Layers from one window to the next; 1 by default. */
  readonly stride?: number;
  /** Tokens of an answer at most; by default what each sample says that it needs. */
  readonly maxNewTokens?: number;
  /** Seed of the bootstrap; 0 by default. */
  readonly seed?: number;
  /** Bootstrap draws of intervals; 2000 by default. */
  readonly bootstrapDraws?: number;
  /** Name of the data set in the record. */
  readonly data?: string;
  /** Name of the model in the record. */
  readonly model?: string;
}

/** A flow that is cut in a window of layers. */
interface Cut extends AttentionFlow {
  /** The window's layers, half-open. */
  readonly layers: readonly [start: number, end: number];
}

/** One row of `results.json`. */
export interface AttentionFlowResult extends AttentionFlow {
  /** First and last layer of the window. */
  readonly layers: readonly [first: number, last: number];
  /** Number of samples. */
  readonly samples: number;
  /** The right answer's log-probability, in nats. */
  readonly logProb: AblationEffect;
  /** The share of right answers. */
  readonly accuracy: AblationEffect;
}

/** Settings of the experiment as such. */
export interface AttentionFlowsConfig
  extends ExperimentConfig, Pick<AttentionFlowsOptions, "maxNewTokens"> {
  /** The samples. */
  readonly samples: readonly (AblationSample | LazyAblationSample)[];
  /** What is cut, one at a time. */
  readonly cuts: readonly Cut[];
  /** Bootstrap draws of intervals. */
  readonly bootstrapDraws: number;
  /** Seed of the bootstrap. */
  readonly seed: number;
}

/** Outcomes of one sample: the model as it is, then every cut. */
interface FlowRow {
  readonly id: string;
  readonly domain: string;
  readonly correct: Float32Array;
  readonly logProb: Float32Array;
}

/** The queries of a flow: those of the question but the prompt's last token, or that one and later. */
function queriesOf({ to }: AttentionFlow, { inputs, spans }: AblationSample): TokenSpan[] {
  const last = inputs.inputIds.length - 1;
  if (to === "last") return [[last, Number.MAX_SAFE_INTEGER]];
  return spans.question.map(([start, end]): TokenSpan => [start, Math.min(end, last)]);
}

/** The experiment: one row per sample. */
export const attentionFlowsExperiment: Experiment<
  AttentionFlowsConfig,
  FlowRow,
  AttentionFlowResult[]
> = {
  ...experiments.attentionFlows,
  units(config) {
    const { network, samples, cuts, maxNewTokens, reuse } = config;
    return sampleUnits<AblationSample, FlowRow>(samples, async (sample) => {
      const variants = cuts.map((cut): Variant => [{
        heads: allHeads(network.grid).filter(({ layer }) =>
          layer >= cut.layers[0] && layer < cut.layers[1]
        ),
        intervention: interventions.knockOut(cut.from),
        at: queriesOf(cut, sample),
      }]);
      const { id, domain, correct, logProb } = await ablateSample(
        network,
        [[], ...variants],
        sample,
        { maxNewTokens, reuse },
      );
      return { id, domain, correct, logProb };
    }, reuse);
  },
  result: (rows, config) => resultsOf(rows, config),
  record: (results, { cuts }) => ({
    options: { cuts: cuts.length },
    files: { "results.json": jsonText(results) },
  }),
};

/** What each cut costs, paired by sample. */
function resultsOf(
  rows: readonly FlowRow[],
  { cuts, seed, bootstrapDraws: draws }: Settled<AttentionFlowsConfig>,
): AttentionFlowResult[] {
  const strata = rows.map(({ domain }) => domain);
  const effect = (metric: "correct" | "logProb", cut: number) =>
    ablationEffect(
      rows.map((row) => row[metric][0]),
      rows.map((row) => row[metric][cut + 1]),
      { seed, draws, strata },
    );
  return cuts.map(({ from, to, layers: [start, end] }, i) => ({
    from,
    to,
    layers: [start, end - 1],
    samples: rows.length,
    logProb: effect("logProb", i),
    accuracy: effect("correct", i),
  }));
}

/** @throws {InputError} unless it is a whole number from 1 to `most` */
function checkLayers(what: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  throw new InputError(`Cannot cut flows with a ${what} of ${value} layers: wanted 1 to ${most}`);
}

/**
 * Cuts each flow in each window of layers, on every sample. With a folder, writes `results.json`,
 * `rows.json` and `manifest.json` there, and a run that was killed goes on where it stopped.
 *
 * @returns one row per flow and window, windows from the first layers on
 * @throws {InputError} naming the sample that cannot be used, or for impossible windows
 *
 * @example
 * ```ts
 * import { attentionFlows } from "./attention_flows.ts";
 * import { createKernels } from "../backend/create_kernels.ts";
 * import { useBackend } from "../backend/select.ts";
 * import { plantedModel } from "../../lab/planted/planted.ts";
 * import { plantedSample } from "../../lab/planted/planted_world.ts";
 * import { assert } from "@std/assert";
 * await useBackend("auto");
 * const { model } = plantedModel(createKernels("float32"), { seed: 1 });
 * const samples = [0, 1, 2].map((i) => plantedSample(1, i));
 * const flows = [{ from: "evidence", to: "last" }] as const; // retrieval heads are in layers 2 and 3
 * const [early, , late] = await attentionFlows(model, samples, { flows, window: 2 });
 * assert(early.accuracy.drop.estimate === 0 && late.accuracy.drop.estimate > 0.5);
 * model.dispose();
 * ```
 */
export async function attentionFlows(
  model: AnyModel,
  samples: readonly (AblationSample | LazyAblationSample)[],
  options: AttentionFlowsOptions = {},
): Promise<AttentionFlowResult[]> {
  checkSamples(samples, "ablationSamples");
  checkOptions(
    "cut attention flows",
    options,
    attentionFlowsNames satisfies Record<keyof AttentionFlowsOptions, true>,
  );
  const network = networkOf(model), { layers } = network.grid;
  const { flows = defaultFlows, window = Math.max(1, Math.round(layers / 5)) } = options;
  const { stride = 1, seed = 0, bootstrapDraws = 2000, maxNewTokens } = options;
  checkLayers("window", window, layers);
  checkLayers("stride", stride, layers);
  if (flows.length === 0) throw new InputError("Cannot cut 0 flows: 1 needed");
  const starts = Array.from(
    { length: Math.floor((layers - window) / stride) + 1 },
    (_, i) => i * stride,
  );
  const cuts = flows.flatMap((flow) =>
    starts.map((start): Cut => ({ ...flow, layers: [start, start + window] }))
  );
  using reuse = new ReuseCache(options.reuseBytes);
  const about = { model: options.model, data: options.data };
  const config = { network, samples, cuts, bootstrapDraws, seed, maxNewTokens, reuse, about };
  return await runExperiment(attentionFlowsExperiment, config, options);
}

/**
 * The rows of a record that {@link attentionFlows} wrote.
 *
 * @throws {InputError} if the folder holds no such record
 */
export async function readAttentionFlows(folder: string): Promise<AttentionFlowResult[]> {
  return await readResults<AttentionFlowResult>(folder, experiments.attentionFlows);
}
