/**
 * One sample of the referee of attribution patching: effects of all heads by every estimator, the heads
 * that a slope misses most, and times.
 *
 * @module
 */
import { InputError } from "../../lib/common/errors.ts";
import { allHeads, headAt, headName } from "../../lib/common/head_id.ts";
import { attributionPatching } from "../../lib/causal/attribution_patching.ts";
import type { CorruptedPrompt, HeadChange } from "../../lib/causal/head_changes.ts";
import { headOutputs } from "../../lib/causal/head_outputs.ts";
import { corruptMedia } from "../../lib/causal/path.ts";
import { interventions, promptForms } from "../../lib/causal/interventions/registry.ts";
import { type AnswerSample, type Scope, sweep } from "../../lib/causal/sweep.ts";
import type { VisionLanguageModel } from "../../lib/model/vision_language_model.ts";
import { topIndices } from "../../lib/stats/rank.ts";
import { median } from "../../lib/stats/summary.ts";

/** How the effects of all heads are found. */
export type Estimator = "exact" | "first" | "integrated";

/** What is asked of each sample. */
export interface RefereeQuestion {
  /**
   * What takes the place of a head's output: names of `promptForms`, or `noise image`, its output on the
   * prompt with noise in the place of its images; then effects are on the answer's first token.
   */
  readonly changes: readonly string[];
  /** Steps of the integrated gradients. */
  readonly steps: number;
  /** Where heads are changed. */
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
export interface RefereeSample {
  readonly logProb: number;
  readonly tokens: number;
  /** Milliseconds of a pass forward, and of attribution at every position. */
  readonly forward: number;
  readonly attribution: number;
  /** Effects `[L * N]` by change and estimator. */
  readonly maps: Readonly<Record<string, Readonly<Record<Estimator, Float32Array>>>>;
  readonly missed: readonly MissedHead[];
}

/** Effects of every head on one sample, by every estimator. */
export async function effectsOf(
  network: VisionLanguageModel,
  sample: AnswerSample,
  { changes, steps, scope }: RefereeQuestion,
): Promise<RefereeSample> {
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
