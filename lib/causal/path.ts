/**
 * The path of information in one sample: what each layer would answer (logit lens), and which heads
 * bring a lost answer back (activation patching).
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { allHeads, type HeadId } from "../common/head_id.ts";
import type { ModelInputs } from "../model/model_inputs.ts";
import { type AnyModel, networkOf } from "../model/network_of.ts";
import type { AttentionFunction } from "../nn/attention.ts";
import { Random, type Seed } from "../stats/random.ts";
import type { Variant } from "./head_mask.ts";
import { headOutputs } from "./head_outputs.ts";
import { interventions } from "./interventions/registry.ts";
import { type AnswerSample, sweep } from "./sweep.ts";

/** What the model would answer if it stopped after a layer. */
export interface LensRow {
  /** The layer after which it would stop; -1 for the embeddings. */
  readonly layer: number;
  /** Log-probability of the watched token, in nats; at least -87. */
  readonly logProb: number;
  /** How many tokens are likelier. */
  readonly rank: number;
  /** The likeliest token. */
  readonly likeliest: number;
}

/** Settings of {@link logitLens}. */
export interface LogitLensOptions {
  /** Position in the prompt; the last by default. */
  readonly row?: number;
  /** Attention function, e.g. from `intervene`, to see the same under ablation. */
  readonly attention?: AttentionFunction;
}

/**
 * The logit lens: final norm and head on the residual stream after every layer.
 *
 * @param watched token whose probability is followed, e.g. the first of the right answer
 * @returns one row for the embeddings and one for each layer
 * @throws {InputError} for a token or row that does not exist
 */
export async function logitLens(
  model: AnyModel,
  inputs: ModelInputs,
  watched: number,
  { row = inputs.inputIds.length - 1, attention }: LogitLensOptions = {},
): Promise<LensRow[]> {
  const network = networkOf(model), { kernels: k, decoder, config: { text } } = network;
  if (!Number.isInteger(watched) || watched < 0 || watched >= text.vocabSize) {
    throw new InputError(
      `Cannot watch token ${watched}: the vocabulary has ids 0 to ${text.vocabSize - 1}`,
    );
  }
  const names = [
    "blocks.0.resid_pre",
    ...Array.from({ length: text.numHiddenLayers }, (_, layer) => `blocks.${layer}.resid_post`),
  ];
  const { captured } = await network.forward(inputs, {
    attention,
    logits: "none",
    capture: { names, rows: [row] },
  });
  const streams = Float32Array.from(names.flatMap((name) => [...captured.get(name)![0].data]));
  const logits = k.scope(() =>
    decoder.logits(k.tensor(streams, [1, names.length, text.hiddenSize]))
  );
  const data = await k.read(logits) as Float32Array;
  k.dispose(logits);
  return names.map((_, i) => {
    const own = data.subarray(i * text.vocabSize, (i + 1) * text.vocabSize);
    let best = 0, rank = 0, sum = 0;
    for (let id = 0; id < own.length; id++) {
      if (own[id] > own[best]) best = id;
      if (own[id] > own[watched]) rank++;
    }
    for (const value of own) sum += Math.exp(value - own[best]);
    const logProb = Math.max(-87, own[watched] - own[best] - Math.log(sum));
    return { layer: i - 1, logProb, rank, likeliest: best };
  });
}

/**
 * The same prompt with images and videos of noise: all their values change places at random.
 *
 * @throws {InputError} if there are none
 */
export function corruptMedia(inputs: ModelInputs, seed: Seed): ModelInputs {
  const names = ["pixel_values", "pixel_values_videos"].filter((name) => inputs.media[name]);
  if (names.length === 0) {
    throw new InputError("Cannot corrupt the images of this prompt: it has none");
  }
  const random = new Random(seed).fork("corrupted media");
  const noisy = names.map((name) => {
    const { data, shape } = inputs.media[name];
    return [name, { data: random.shuffle(Float32Array.from(data)), shape }];
  });
  return { ...inputs, media: { ...inputs.media, ...Object.fromEntries(noisy) } };
}

/** What patching brings back. */
export interface PatchResult {
  /** Log-probability of the right answer on the clean prompt. */
  readonly clean: number;
  /** The same on the corrupted prompt. */
  readonly corrupted: number;
  /** The same with each variant's heads patched, in order. */
  readonly patched: readonly number[];
  /** (patched - corrupted) / (clean - corrupted): 1 brings all back, 0 nothing. */
  readonly restored: readonly number[];
}

/**
 * Activation patching: runs the corrupted prompt with the outputs that sets of heads have on the
 * clean one, and says how much of the right answer's log-probability comes back.
 *
 * @param corrupted a prompt of the same length, e.g. from {@link corruptMedia}
 * @param sets sets of heads; by default every head by itself, by layer, then by head
 * @throws {InputError} if the prompts differ in length, or the corruption costs nothing
 */
export async function patchHeads(
  model: AnyModel,
  sample: AnswerSample,
  corrupted: ModelInputs,
  sets: readonly (readonly HeadId[])[] = singleHeads(model),
): Promise<PatchResult> {
  const layers = [...new Set(sets.flat().map(({ layer }) => layer))];
  const from = await headOutputs(model, sample.id, sample.inputs, layers);
  const intervention = interventions.resample(from);
  const [{ logProb: clean }] = await sweep(model, sample, [[]], { scope: "all" });
  const [lost, ...found] = await sweep(
    model,
    { ...sample, inputs: corrupted },
    [[], ...sets.map((heads): Variant => [{ heads, intervention, during: "prefill" }])],
    { scope: "all" },
  );
  const gap = clean - lost.logProb;
  if (!(gap > 0)) {
    throw new InputError(
      `Cannot patch sample "${sample.id}": the corrupted prompt loses nothing (log-probability ` +
        `${lost.logProb.toFixed(3)}, clean ${clean.toFixed(3)})`,
    );
  }
  const patched = found.map(({ logProb }) => logProb);
  return {
    clean,
    corrupted: lost.logProb,
    patched,
    restored: patched.map((logProb) => (logProb - lost.logProb) / gap),
  };
}

/** One singleton set per head. */
function singleHeads(model: AnyModel): HeadId[][] {
  return allHeads(networkOf(model).grid).map((head) => [head]);
}
