/**
 * How good is attribution patching? Its effects of all heads beside the exact ones, a run for each head,
 * on the same samples; the heads that it misses most, by how much of them is taken away; and its time
 * beside that of a pass.
 *
 * @module
 */
import { readRecordJson } from "../../lib/common/record_bytes.ts";
import { effectCorrelation } from "../../lib/causal/effect.ts";
import type { AnswerSample, Scope } from "../../lib/causal/sweep.ts";
import {
  type Experiment,
  type ExperimentConfig,
  runExperiment,
} from "../../lib/experiments/experiment.ts";
import type { LazySample } from "../../lib/experiments/lazy_sample.ts";
import { jsonText } from "../../lib/experiments/record.ts";
import type { RunContext } from "../../lib/experiments/run_context.ts";
import { type AnyModel, networkOf } from "../../lib/model/network_of.ts";
import { bootstrapInterval } from "../../lib/stats/bootstrap_pairs.ts";
import type { Interval } from "../../lib/stats/interval.ts";
import { overlapAtK } from "../../lib/stats/overlap.ts";
import { spearman } from "../../lib/stats/rank.ts";
import { mean, median } from "../../lib/stats/summary.ts";
import {
  effectsOf,
  type Estimator,
  type MissedHead,
  type RefereeQuestion,
  type RefereeSample,
} from "./attribution_referee_sample.ts";

/** Settings of {@link attributionReferee}. */
export interface AttributionRefereeConfig extends RefereeQuestion {
  /** The model. */
  readonly model: AnyModel;
  /** Samples with known answers. */
  readonly samples: readonly LazySample<AnswerSample>[];
  /** Name of the model in the record. */
  readonly name: string;
  /** Name of the data in the record. */
  readonly data: string;
}

/** Settings as the runner takes them. */
type RunConfig = ExperimentConfig & RefereeQuestion;

/** One estimator against the exact effects of one change. */
export interface RefereeRow extends EstimatorAgreement {
  readonly change: string;
  readonly estimator: Exclude<Estimator, "exact">;
}

/** How well estimated effects of heads agree with exact ones. */
export interface EstimatorAgreement {
  /** Spearman's correlation over heads of the mean effects, drawn again over samples. */
  readonly ofMeans: Interval;
  /** The same within each sample, and its mean. */
  readonly bySample: readonly number[];
  readonly withinSamples: Interval;
  /** Among the tenth of the heads with the largest exact mean effect: shared with the same by this one. */
  readonly sharedTop: number;
  /** Sum of the absolute errors over the sum of the absolute exact effects. */
  readonly error: number;
}

/** Content of `results.json`. */
export interface AttributionRefereeResult {
  /** L. */
  readonly layers: number;
  /** N. */
  readonly heads: number;
  /** Samples, tokens of their prompts, and log-probabilities of their answers. */
  readonly samples: number;
  readonly tokens: readonly number[];
  readonly logProbs: readonly number[];
  readonly steps: number;
  readonly scope: Scope;
  readonly rows: readonly RefereeRow[];
  /** Spearman's correlation of first-order and exact mean effects within each layer, by change. */
  readonly byLayer: Readonly<Record<string, readonly number[]>>;
  /** Heads that the slope misses most when they give zero. */
  readonly missed: readonly MissedHead[];
  /** Median milliseconds, and the median ratio. */
  readonly time: {
    readonly forward: number;
    readonly attribution: number;
    readonly ratio: Interval;
  };
}

/** The experiment: one row per sample. */
export const attributionRefereeExperiment: Experiment<
  RunConfig,
  RefereeSample,
  AttributionRefereeResult
> = {
  name: "attribution_referee",
  question: "Does attribution patching order heads as their exact effects do?",
  action: "check attribution patching",
  sources: [new URL("../", import.meta.url)],
  measuresTime: true,
  units: (config) =>
    (config.samples as readonly LazySample<AnswerSample>[]).map((lazy) => ({
      key: lazy.id,
      open: async () => ({
        digest: await lazy.digest!(),
        work: async () => effectsOf(config.network, await lazy.load(), config),
      }),
    })),
  result: (rows, { changes, steps, scope, network: { config: { text } } }) => {
    const layers = text.numHiddenLayers, heads = text.numAttentionHeads;
    const maps = (change: string, estimator: Estimator) =>
      rows.map((row) => row.maps[change][estimator]);
    return {
      ...{ layers, heads, samples: rows.length, steps, scope },
      tokens: rows.map(({ tokens }) => tokens),
      logProbs: rows.map(({ logProb }) => logProb),
      rows: changes.flatMap((change) =>
        (["first", "integrated"] as const).map((estimator) => ({
          ...{ change, estimator },
          ...agreementWith(maps(change, estimator), maps(change, "exact")),
        }))
      ),
      byLayer: Object.fromEntries(changes.map((change) => {
        const [first, exact] = [means(maps(change, "first")), means(maps(change, "exact"))];
        const within = (layer: number) =>
          spearman(
            ...[first, exact].map((map) => map.subarray(layer * heads, (layer + 1) * heads)) as [
              Float64Array,
              Float64Array,
            ],
          );
        return [change, Array.from({ length: layers }, (_, layer) => within(layer))];
      })),
      missed: rows.flatMap(({ missed }) => missed),
      time: {
        forward: median(rows.map(({ forward }) => forward)),
        attribution: median(rows.map(({ attribution }) => attribution)),
        ratio: bootstrapInterval(
          rows.length,
          (drawn) => median(Array.from(drawn, (row) => rows[row].attribution / rows[row].forward)),
        ),
      },
    };
  },
  record: (result) => ({
    options: { samples: result.samples },
    files: { "results.json": jsonText(result) },
  }),
};

/** Means over samples, `[L * N]`. */
function means(maps: readonly Float32Array[]): Float64Array {
  return Float64Array.from(maps[0], (_, i) => mean(maps.map((map) => map[i])));
}

/** Estimated effects against exact ones, a map of each sample. */
export function agreementWith(
  found: readonly Float32Array[],
  exact: readonly Float32Array[],
): EstimatorAgreement {
  const bySample = found.map((map, i) => spearman(map, exact[i]));
  const size = (map: Float64Array) => map.map(Math.abs);
  const tenth = Math.max(1, Math.round(found[0].length / 10));
  const sums = [0, 0];
  found.forEach((map, i) =>
    map.forEach((x, head) => {
      sums[0] += Math.abs(x - exact[i][head]);
      sums[1] += Math.abs(exact[i][head]);
    })
  );
  return {
    bySample,
    ofMeans: effectCorrelation(found, exact).spearman,
    withinSamples: bootstrapInterval(
      found.length,
      (drawn) => mean(Array.from(drawn, (row) => bySample[row])),
    ),
    sharedTop: overlapAtK(size(means(found)), size(means(exact)), tenth),
    error: sums[0] / sums[1],
  };
}

/**
 * Compares attribution patching with exact effects. With a folder, writes `results.json` and
 * `manifest.json` there; a run that was killed goes on where it stopped.
 *
 * @throws {InputError} for a change that no form makes
 */
export async function attributionReferee(
  config: AttributionRefereeConfig,
  context: RunContext = {},
): Promise<AttributionRefereeResult> {
  const { model, samples, changes, steps, scope, name, data } = config;
  const given = { network: networkOf(model), samples, changes, steps, scope };
  return await runExperiment(
    attributionRefereeExperiment,
    { ...given, about: { model: name, data } },
    context,
  );
}

/** The result of a record. @throws {InputError} if the folder holds none */
export async function readAttributionReferee(folder: string): Promise<AttributionRefereeResult> {
  return await readRecordJson(folder, "results.json") as AttributionRefereeResult;
}
