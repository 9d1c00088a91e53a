/**
 * What the corrections of AtP* change: queries, keys and values of heads attributed along the slope of the
 * softmax and with the softmax as it is, and effects of heads by GradDrop, each beside exact effects.
 *
 * @module
 */
import { attributionPatching } from "../../lib/causal/attribution_patching.ts";
import { headInputAttribution } from "../../lib/causal/input_attribution.ts";
import { interventions } from "../../lib/causal/interventions/registry.ts";
import { answerLogProb } from "../../lib/causal/paths/metric.ts";
import { type HeadInputName, headInputNames } from "../../lib/causal/paths/nodes.ts";
import { pathPatch } from "../../lib/causal/paths/path_patch.ts";
import { sweep } from "../../lib/causal/sweep.ts";
import { allHeads } from "../../lib/common/head_id.ts";
import { readRecordJson } from "../../lib/common/record_bytes.ts";
import type {
  AttributionSample,
  LazyAttributionSample,
} from "../../lib/experiments/attribution_samples.ts";
import {
  type Experiment,
  type ExperimentConfig,
  runExperiment,
} from "../../lib/experiments/experiment.ts";
import { sampleUnits } from "../../lib/experiments/lazy_sample.ts";
import { jsonText } from "../../lib/experiments/record.ts";
import type { RunContext } from "../../lib/experiments/run_context.ts";
import { type AnyModel, networkOf } from "../../lib/model/network_of.ts";
import type { VisionLanguageModel } from "../../lib/model/vision_language_model.ts";
import { agreementWith, type EstimatorAgreement } from "./attribution_referee.ts";

/** Exact effects of an input of each head, and by both ways through the softmax. */
type InputMaps = Readonly<Record<"exact" | "slope" | "corrected", Float32Array>>;

/** What one sample says; maps `[L * N]`. */
interface CorrectionsRow {
  readonly id: string;
  readonly inputs: Readonly<Record<HeadInputName, InputMaps>>;
  /** Effects of heads that give zero from the question on: exact, along the slope, and sizes. */
  readonly zero: Readonly<Record<"exact" | "slope" | "sizes", Float32Array>>;
}

/** One comparison with exact effects. */
export interface CorrectionsResult extends EstimatorAgreement {
  /** What is changed: an input of a head, or its output (`zero`). */
  readonly of: HeadInputName | "zero";
  /** How effects are estimated; sizes are compared with sizes of exact effects. */
  readonly estimator: "slope" | "corrected" | "size of slope" | "sizes";
}

/** Effects of one sample. */
async function effectsOf(
  network: VisionLanguageModel,
  sample: AttributionSample,
): Promise<Omit<CorrectionsRow, "id">> {
  const heads = allHeads(network.grid), corrupted = sample.corrupted!, metric = answerLogProb;
  const clean = { ...sample, answerIds: sample.answerIds.subarray(0, 1) };
  const senders = { heads, embedding: true }, change = { corrupted };
  const [corrected, slope] = [
    await headInputAttribution(network, clean, change, { metric }),
    await headInputAttribution(network, clean, change, { metric, softmax: "slope" }),
  ];
  const inputs = {} as Record<HeadInputName, InputMaps>;
  for (const input of headInputNames) {
    const exact = new Float32Array(heads.length);
    for (const [i, head] of heads.entries()) {
      const receivers = [{ head, input }];
      exact[i] = -(await pathPatch(network, { clean, corrupted, metric, receivers, senders }))
        .effect;
    }
    const map = (from: typeof slope) => Float32Array.from(from.inputs[input]);
    inputs[input] = { exact, slope: map(slope), corrected: map(corrected) };
  }
  const zero = { intervention: interventions.zero() };
  const [whole, ...without] = await sweep(network, sample, [
    [],
    ...heads.map((head) => [{ heads: [head], ...zero }]),
  ]);
  const found = await attributionPatching(network, sample, zero, { gradDrop: true });
  return {
    inputs,
    zero: {
      exact: Float32Array.from(without, ({ logProb }) => logProb - whole.logProb),
      slope: Float32Array.from(found.heads),
      sizes: Float32Array.from(found.sizes!),
    },
  };
}

/** The experiment: one row per sample. */
export const attributionCorrectionsExperiment: Experiment<
  ExperimentConfig,
  CorrectionsRow,
  CorrectionsResult[]
> = {
  name: "attribution_corrections",
  question: "Do the corrections of AtP* bring attribution nearer to exact effects?",
  action: "check the corrections of attribution patching",
  sources: [new URL("../", import.meta.url)],
  units: ({ samples, network, reuse }) =>
    sampleUnits<AttributionSample, CorrectionsRow>(
      samples as readonly LazyAttributionSample[],
      async (sample, id) => ({ id, ...await effectsOf(network, sample) }),
      reuse,
    ),
  result: (rows) => {
    const sizes = (maps: readonly Float32Array[]) => maps.map((map) => map.map(Math.abs));
    const zero = (name: keyof CorrectionsRow["zero"]) => rows.map((row) => row.zero[name]);
    return [
      ...headInputNames.flatMap((input) =>
        (["slope", "corrected"] as const).map((estimator) => ({
          ...{ of: input, estimator },
          ...agreementWith(
            rows.map(({ inputs }) => inputs[input][estimator]),
            rows.map(({ inputs }) => inputs[input].exact),
          ),
        }))
      ),
      { of: "zero", estimator: "slope", ...agreementWith(zero("slope"), zero("exact")) },
      ...([["size of slope", "slope"], ["sizes", "sizes"]] as const).map(([estimator, name]) => ({
        ...{ of: "zero" as const, estimator },
        ...agreementWith(sizes(zero(name)), sizes(zero("exact"))),
      })),
    ];
  },
  record: (results) => ({ options: {}, files: { "results.json": jsonText(results) } }),
};

/** Settings of {@link attributionCorrections}. */
export interface AttributionCorrectionsConfig {
  /** The model. */
  readonly model: AnyModel;
  /** Samples with corrupted prompts. */
  readonly samples: readonly LazyAttributionSample[];
  /** Name of the model in the record. */
  readonly name: string;
  /** Name of the data in the record. */
  readonly data: string;
}

/**
 * Compares attribution with and without the corrections. With a folder, writes `results.json`, `rows.json`
 * and `manifest.json` there; a run that was killed goes on where it stopped.
 */
export async function attributionCorrections(
  { model, samples, name, data }: AttributionCorrectionsConfig,
  context: RunContext = {},
): Promise<CorrectionsResult[]> {
  const config = { network: networkOf(model), samples, about: { model: name, data } };
  return await runExperiment(attributionCorrectionsExperiment, config, context);
}

/** The result of a record. @throws {InputError} if the folder holds none */
export async function readAttributionCorrections(folder: string): Promise<CorrectionsResult[]> {
  return await readRecordJson(folder, "results.json") as CorrectionsResult[];
}
