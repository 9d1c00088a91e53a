/**
 * Attribution of heads on a whole data set: what the answer loses where a head alone is changed, to first
 * order, all heads at once.
 *
 * The exact loss of a set of heads is what `ablateHeads` measures; its record takes this one's scores.
 * @module
 */
import { attributionPatching, checkSteps } from "../causal/attribution_patching.ts";
import { edgeAttribution } from "../causal/edge_attribution.ts";
import type { CorruptedPrompt, HeadChange } from "../causal/head_changes.ts";
import { headInputAttribution } from "../causal/input_attribution.ts";
import { promptForms } from "../causal/interventions/registry.ts";
import {
  answerLogit,
  answerLogProb,
  type DifferentiableMetric,
  logitDifference,
} from "../causal/paths/metric.ts";
import { headInputNames } from "../causal/paths/nodes.ts";
import type { Scope } from "../causal/sweep.ts";
import { InputError, nearestNames } from "../common/errors.ts";
import { checkOptions } from "../common/values.ts";
import { readRecordJson } from "../common/record_bytes.ts";
import { UnusableSampleError } from "../data/unusable.ts";
import { headScoresToArrow } from "../heads/head_scores_file.ts";
import { ReuseCache } from "../model/reuse_cache.ts";
import { type AnyModel, networkOf } from "../model/network_of.ts";
import {
  type AttributedEdge,
  type AttributedHead,
  type AttributedHeads,
  attributionResults,
  type AttributionRow,
  edgeLosses,
} from "./attribution_results.ts";
import type { AttributionSample, LazyAttributionSample } from "./attribution_samples.ts";
import {
  type Experiment,
  type ExperimentConfig,
  type ExperimentRun,
  runConfigured,
} from "./experiment.ts";
import { attributeHeadsNames } from "./known_options.ts";
import { checkSamples, sampleUnits } from "./lazy_sample.ts";
import { jsonText, readResults } from "./record.ts";
import { experiments } from "./registry.ts";
import type { ReuseOptions, SamplesContext } from "./run_context.ts";
import { scoresRecord } from "./scores_record.ts";

/** What effects are on: the answer's log-probability, its first token's logit, or that less the other's. */
export const attributionMetrics = ["log-prob", "logit", "logit-difference"] as const;

/** Settings of {@link attributeHeads}. */
export interface AttributeHeadsOptions extends SamplesContext, ReuseOptions {
  /**
   * What takes the place of a head's output, one of `promptForms` by name: `zero` by default. Samples
   * with a corrupted prompt change their heads to what they give there, and take none.
   */
  readonly change?: string;
  /** What effects are on; `log-prob` by default. `logit-difference` takes samples with another's prompt. */
  readonly metric?: typeof attributionMetrics[number];
  /** Where heads change; `answer` by default, `all` with a corrupted prompt. */
  readonly scope?: Scope;
  /** Points over which gradients are averaged; 1 by default. See `attributionPatching`. */
  readonly steps?: number;
  /** Whether to rank heads by sizes that do not cancel (GradDrop), too; not by default. */
  readonly gradDrop?: boolean;
  /** Whether to attribute heads' queries, keys and values, too; takes a corrupted prompt. */
  readonly inputs?: boolean;
  /** How many of the largest edges are named; 0 by default, which saves most of the time. */
  readonly edges?: number;
  /** Share of heads that counts as top; 0.05 by default. */
  readonly fraction?: number;
  /** Bootstrap draws; 2000 by default. */
  readonly draws?: number;
  /** Seed of the bootstrap; 0 by default. */
  readonly seed?: number;
  /** Name of the data set in the record. */
  readonly data?: string;
  /** Name of the model in the record. */
  readonly model?: string;
}

/** Settings that hold where nothing is said. */
type Settings = Omit<
  AttributeHeadsOptions,
  keyof SamplesContext | "reuseBytes" | "scope" | "seed" | "data" | "model"
>;

/** Settings of the experiment as such. */
export interface AttributeHeadsConfig extends ExperimentConfig, Required<Settings> {
  /** The samples. */
  readonly samples: readonly (AttributionSample | LazyAttributionSample)[];
  /** Where heads change; as the library has it where not given. */
  readonly scope?: Scope;
  /** Seed of the bootstrap. */
  readonly seed: number;
}

/** The metric of one sample. */
function metricOf(
  { id, otherAnswer }: AttributionSample,
  { metric }: AttributeHeadsConfig,
): DifferentiableMetric {
  if (metric === "log-prob") return answerLogProb;
  if (metric === "logit") return answerLogit;
  if (otherAnswer !== undefined) return logitDifference(otherAnswer);
  throw new UnusableSampleError(
    id,
    "it has no other answer, which the logit-difference takes: wanted samples corrupted by another's " +
      "prompt",
  );
}

/** What becomes of the heads of one sample. */
async function changeOf(
  { id, inputs, corrupted }: AttributionSample,
  { network, change, inputs: wantsInputs }: AttributeHeadsConfig,
): Promise<HeadChange | CorruptedPrompt> {
  if (corrupted) return { corrupted };
  if (wantsInputs) {
    throw new UnusableSampleError(id, "it has no corrupted prompt to take queries and keys from");
  }
  return { intervention: await formNamed(change).make(network, inputs) };
}

/** @throws {InputError} for a change that there is not */
function formNamed(change: string) {
  const form = promptForms.find(({ name }) => name === change);
  if (form) return form;
  const names = promptForms.map(({ name }) => name);
  throw new InputError(
    `Cannot change heads by "${change}": there are ${names.join(", ")}; nearest: ` +
      nearestNames(change, names, 1)[0],
  );
}

/** Losses of one sample: effects with their signs turned, so that heads that are needed come first. */
async function attributeSample(
  sample: AttributionSample,
  config: AttributeHeadsConfig,
): Promise<Omit<AttributionRow, "id" | "domain">> {
  const { network, scope, steps, gradDrop, inputs, edges } = config;
  const change = await changeOf(sample, config), metric = metricOf(sample, config);
  const options = { metric, scope, steps, gradDrop };
  const losses = (effects: Float64Array) => Float32Array.from(effects, (effect) => 0 - effect);
  const found = edges > 0 ? await edgeAttribution(network, sample, change, options) : null;
  const { heads, sizes, value } = found ??
    await attributionPatching(network, sample, change, options);
  const rules: Record<string, Float32Array> = {
    ...sizes ? { "attribution-size": Float32Array.from(sizes) } : {},
    attribution: losses(heads),
  };
  if (inputs) {
    const { inputs: own } = await headInputAttribution(
      network,
      sample,
      change as CorruptedPrompt,
      { metric, scope },
    );
    for (const name of headInputNames) rules[`attribution-${name}`] = losses(own[name]);
  }
  return { value, rules, edges: found && edgeLosses(found) };
}

/** The experiment: one row per sample. */
export const attributeHeadsExperiment: Experiment<
  AttributeHeadsConfig,
  AttributionRow,
  AttributedHeads
> = {
  ...experiments.attributeHeads,
  units: (config) =>
    sampleUnits<AttributionSample, AttributionRow>(config.samples, async (sample, id, domain) => ({
      ...{ id, domain },
      ...await attributeSample(sample, config),
    }), config.reuse),
  result(rows, { network: { config: { text } }, draws, seed, fraction, edges }) {
    const grid = { layers: text.numHiddenLayers, heads: text.numAttentionHeads };
    return attributionResults(rows, grid, { draws, seed, fraction, edges });
  },
  record: ({ rules, heads, edges, value }, { change, metric, scope, steps, about, ...config }) => {
    const { draws, seed, fraction } = config;
    const summary = scoresRecord(about?.model ?? "", rules[0], { fraction, draws, seed });
    return {
      options: {
        ...{ rules: rules.map(({ rule }) => rule), change, metric, scope: scope ?? null, steps },
        ...{ edges: edges.length, fraction, draws, value },
      },
      files: {
        "samples.arrow": headScoresToArrow(rules),
        "scores.json": jsonText(summary),
        "results.json": jsonText(heads),
        ...edges.length > 0 ? { "edges.json": jsonText(edges) } : {},
      },
    };
  },
};

/** @throws {InputError} unless it is a whole number from 0 on */
function checkEdges(edges: number): void {
  if (Number.isSafeInteger(edges) && edges >= 0) return;
  throw new InputError(`Cannot name ${edges} edges: wanted a whole number from 0 on`);
}

/**
 * The run that {@link attributeHeads} does, to be planned or done.
 *
 * @throws {InputError} for settings that cannot be used
 */
export function attributeHeadsRun(
  model: AnyModel,
  samples: readonly (AttributionSample | LazyAttributionSample)[],
  options: AttributeHeadsOptions = {},
): ExperimentRun<AttributeHeadsConfig, AttributionRow, AttributedHeads> {
  checkSamples(samples, "attributionSamples");
  const { change = "zero", metric = "log-prob", scope, steps = 1, edges = 0 } = options;
  const { gradDrop = false, inputs = false } = options;
  const { fraction = 0.05, draws = 2000, seed = 0, model: name, data } = options;
  checkSteps(steps);
  checkEdges(edges);
  formNamed(change);
  if (!attributionMetrics.includes(metric)) {
    throw new InputError(
      `Cannot attribute the ${metric}: wanted ${attributionMetrics.join(", ")}`,
    );
  }
  const network = networkOf(model), reuse = new ReuseCache(options.reuseBytes);
  return {
    experiment: attributeHeadsExperiment,
    config: {
      ...{ network, samples, change, metric, scope, steps, gradDrop, inputs, edges },
      ...{ fraction, draws, seed, reuse },
    },
    about: () => Promise.resolve({ model: name, data }),
    [Symbol.dispose]: () => reuse[Symbol.dispose](),
  };
}

/**
 * Attributes the answers of all samples to heads. With a folder, writes `scores.json`, `samples.arrow`,
 * `results.json`, `edges.json`, `rows.json` and `manifest.json` there, and a run that was killed goes on
 * where it stopped. Scores are what the metric loses where a head alone is changed: what reads an
 * `identify` run (`ablate`, `explore`, `steer`, …) reads them too.
 *
 * @returns heads by loss, losses by sample, and the largest edges
 * @throws {InputError} for settings that cannot be used, and naming the sample that cannot
 *
 * @example
 * ```ts
 * import { attributeHeads } from "./attribute_heads.ts";
 * import { createKernels } from "../backend/create_kernels.ts";
 * import { useBackend } from "../backend/select.ts";
 * import { plantedModel } from "../../lab/planted/planted.ts";
 * import { plantedSample } from "../../lab/planted/planted_world.ts";
 * import { assertEquals } from "@std/assert";
 * await useBackend("auto");
 * const { model, retrievalHeads } = plantedModel(createKernels("float32"), { seed: 1 });
 * const samples = [0, 1, 2].map((i) => plantedSample(1, i));
 * const { heads } = await attributeHeads(model, samples, { metric: "logit" });
 * const best = heads.slice(0, 3).map(({ layer, head }) => 8 * layer + head).sort((a, b) => a - b);
 * assertEquals(best, retrievalHeads.map(({ layer, head }) => 8 * layer + head));
 * model.dispose();
 * ```
 */
export async function attributeHeads(
  model: AnyModel,
  samples: readonly (AttributionSample | LazyAttributionSample)[],
  options: AttributeHeadsOptions = {},
): Promise<AttributedHeads> {
  checkOptions(
    "attribute heads",
    options,
    attributeHeadsNames satisfies Record<keyof AttributeHeadsOptions, true>,
  );
  using run = attributeHeadsRun(model, samples, options);
  return await runConfigured(run, options);
}

/**
 * Heads, the largest loss first, of a record that {@link attributeHeads} wrote; its scores are read by
 * `readFoundHeads`.
 *
 * @throws {InputError} if the folder holds no such record
 */
export async function readAttributedHeads(folder: string): Promise<AttributedHead[]> {
  return await readResults<AttributedHead>(folder, experiments.attributeHeads);
}

/**
 * The largest edges of such a record.
 *
 * @throws {InputError} if the folder holds none
 */
export async function readAttributedEdges(folder: string): Promise<AttributedEdge[]> {
  return await readRecordJson(folder, "edges.json") as AttributedEdge[];
}
