/**
 * How good is attribution patching? Its effects of all heads beside the exact ones, a run for each head,
 * on the same samples; the heads that it misses most, by how much of them is taken away; and its time
 * beside that of a pass.
 *
 * @module
 */
import { InputError } from "../../lib/common/errors.ts";
import { allHeads, headAt, headName } from "../../lib/common/head_id.ts";
import { attributionPatching } from "../../lib/causal/attribution_patching.ts";
import type { CorruptedPrompt, HeadChange } from "../../lib/causal/head_changes.ts";
import { headOutputs } from "../../lib/causal/head_outputs.ts";
import { corruptMedia } from "../../lib/causal/path.ts";
import { effectCorrelation } from "../../lib/causal/effect.ts";
import { interventions, promptForms } from "../../lib/causal/interventions/registry.ts";
import { type AnswerSample, type Scope, sweep } from "../../lib/causal/sweep.ts";
import {
  type Experiment,
  type ExperimentConfig,
  runExperiment,
} from "../../lib/experiments/experiment.ts";
import type { LazySample } from "../../lib/experiments/lazy_sample.ts";
import { jsonText, readRecordJson } from "../../lib/experiments/record.ts";
import type { RunContext } from "../../lib/experiments/run_context.ts";
import { type AnyModel, networkOf } from "../../lib/model/network_of.ts";
import type { VisionLanguageModel } from "../../lib/model/vision_language_model.ts";
import { bootstrapInterval } from "../../lib/stats/bootstrap_pairs.ts";
import type { Interval } from "../../lib/stats/interval.ts";
import { jaccardAtK } from "../../lib/stats/overlap.ts";
import { spearman, topIndices } from "../../lib/stats/rank.ts";
import { mean, median } from "../../lib/stats/summary.ts";

/** How the effects of all heads are found. */
export type Estimator = "exact" | "first" | "integrated";

/** Settings of {@link attributionReferee}. */
export interface AttributionRefereeConfig {
  /** The model. */
  readonly model: AnyModel;
  /** Samples with known answers. */
  readonly samples: readonly LazySample<AnswerSample>[];
  /**
   * What takes the place of a head's output: names of `promptForms`, or `noise image`, its output on the
   * prompt with noise in the place of its images; then effects are on the answer's first token.
   */
  readonly changes: readonly string[];
  /** Steps of the integrated gradients. */
  readonly steps: number;
  /** Where heads are changed. */
  readonly scope: Scope;
  /** Name of the model in the record. */
  readonly name: string;
  /** Name of the data in the record. */
  readonly data: string;
}

/** Settings as the runner takes them. */
interface RunConfig extends ExperimentConfig {
  readonly changes: readonly string[];
  readonly steps: number;
  readonly scope: Scope;
}

/** Parts of a head's output that are taken away, for the heads that are missed most. */
const taken = [0.25, 0.5, 0.75, 1] as const;
/** How many heads of each sample these are. */
const mostMissed = 3;

/** A head whose removal attribution gets wrong. */
export interface MissedHead {
  /** The sample. */
  readonly sample: string;
  /** The head. */
  readonly head: string;
  /** Its effect by the slope, and by integrated gradients. */
  readonly first: number;
  readonly integrated: number;
  /** Its exact effect when a quarter, a half, three quarters and all of its output are taken away. */
  readonly byPart: readonly number[];
}

/** What one sample says. */
interface UnitRow {
  readonly logProb: number;
  readonly tokens: number;
  /** Milliseconds of a pass forward, and of attribution at every position. */
  readonly forward: number;
  readonly attribution: number;
  /** Effects `[L * N]` by change and estimator. */
  readonly maps: Readonly<Record<string, Readonly<Record<Estimator, Float32Array>>>>;
  readonly missed: readonly MissedHead[];
}

/** One estimator against the exact effects of one change. */
export interface RefereeRow {
  readonly change: string;
  readonly estimator: Exclude<Estimator, "exact">;
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

/** Effects of every head on one sample, by every estimator. */
async function effectsOf(
  network: VisionLanguageModel,
  sample: AnswerSample,
  { changes, steps, scope }: RunConfig,
): Promise<UnitRow> {
  const ids = allHeads(network.grid), maps: Record<string, Record<Estimator, Float32Array>> = {};
  let logProb = 0;
  for (const name of changes) {
    const { exact, change, of } = await changeNamed(name, network, sample);
    const variants = ids.map((id) => [{ heads: [id], ...exact }]);
    const [whole, ...without] = await sweep(network, of, [[], ...variants], { scope });
    logProb = whole.logProb;
    const attributed = async (over: number) =>
      Float32Array.from(
        (await attributionPatching(network, of, change, { scope, steps: over })).heads,
      );
    maps[name] = {
      exact: Float32Array.from(without, (outcome) => outcome.logProb - whole.logProb),
      first: await attributed(1),
      integrated: await attributed(steps),
    };
  }
  const times = await timesOf(network, sample);
  return {
    ...{ logProb, tokens: sample.inputs.inputIds.length, maps },
    ...times,
    missed: maps.zero ? await missedHeads(network, sample, maps.zero, scope) : [],
  };
}

/** A change as masks of single heads have it, and as attribution does; and what its effects are on. */
interface NamedChange {
  readonly exact: HeadChange;
  readonly change: HeadChange | CorruptedPrompt;
  readonly of: AnswerSample;
}

/** @throws {InputError} for a name that there is not */
async function changeNamed(
  name: string,
  network: VisionLanguageModel,
  sample: AnswerSample,
): Promise<NamedChange> {
  const { id, inputs, answerIds } = sample;
  if (name === "noise image") {
    const corrupted = corruptMedia(inputs, id);
    const intervention = interventions.resample(await headOutputs(network, name, corrupted));
    return {
      exact: { intervention, during: "prefill" },
      change: { corrupted },
      of: { ...sample, answerIds: answerIds.subarray(0, 1) }, // resampling ends with the prompt
    };
  }
  const form = promptForms.find((one) => one.name === name);
  if (!form) throw new InputError(`Cannot change heads by "${name}": no form has this name`);
  const change = { intervention: await form.make(network, inputs) };
  return { exact: change, change, of: sample };
}

/** Median times of three passes forward, and of three attributions at every position. */
async function timesOf(network: VisionLanguageModel, sample: AnswerSample) {
  const times = { forward: [] as number[], attribution: [] as number[] };
  const timed = async (name: keyof typeof times, body: () => Promise<unknown>) => {
    const start = performance.now();
    await body();
    times[name].push(performance.now() - start);
  };
  const change = { intervention: interventions.zero() };
  for (let i = 0; i < 3; i++) {
    await timed("forward", () => network.forward(sample.inputs));
    await timed(
      "attribution",
      () => attributionPatching(network, sample, change, { scope: "all" }),
    );
  }
  return { forward: median(times.forward), attribution: median(times.attribution) };
}

/** The heads that the slope misses most, with less and less of their output. */
async function missedHeads(
  network: VisionLanguageModel,
  sample: AnswerSample,
  { exact, first, integrated }: Readonly<Record<Estimator, Float32Array>>,
  scope: Scope,
): Promise<MissedHead[]> {
  const worst = [...topIndices(exact.map((x, i) => Math.abs(x - first[i])), mostMissed)];
  const ids = worst.map((i) => headAt(i, network.grid.heads));
  const variants = ids.flatMap((id) =>
    taken.map((part) => [{ heads: [id], intervention: interventions.scale(1 - part) }])
  );
  const [whole, ...found] = await sweep(network, sample, [[], ...variants], { scope });
  return worst.map((i, place) => ({
    ...{ sample: sample.id, head: headName(ids[place]) },
    ...{ first: first[i], integrated: integrated[i] },
    byPart: taken.map((_, j) => found[place * taken.length + j].logProb - whole.logProb),
  }));
}

/** The experiment: one row per sample. */
export const attributionRefereeExperiment: Experiment<
  RunConfig,
  UnitRow,
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
        (["first", "integrated"] as const).map((estimator) =>
          compared(change, estimator, maps(change, estimator), maps(change, "exact"))
        )
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

/** One estimator against the exact effects. */
function compared(
  change: string,
  estimator: RefereeRow["estimator"],
  found: readonly Float32Array[],
  exact: readonly Float32Array[],
): RefereeRow {
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
  const overlap = jaccardAtK(size(means(found)), size(means(exact)), tenth);
  return {
    ...{ change, estimator, bySample },
    ofMeans: effectCorrelation(found, exact).spearman,
    withinSamples: bootstrapInterval(
      found.length,
      (drawn) => mean(Array.from(drawn, (row) => bySample[row])),
    ),
    sharedTop: 2 * overlap / (1 + overlap),
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
