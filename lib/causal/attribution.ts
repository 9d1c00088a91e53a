/**
 * Direct logit attribution: what each head adds to a logit by itself, and from which tokens.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { CapturedArray } from "../hooks/capture.ts";
import type { Kernels, Tensor } from "../nn/kernels.ts";
import { type AnyModel, networkOf } from "../model/network_of.ts";
import type { ModelInputs } from "../model/model_inputs.ts";
import type { VisionLanguageModel } from "../model/vision_language_model.ts";

/** Which logit is taken apart. */
export interface AttributionOptions {
  /** The token whose logit it is, at the prompt's last position. */
  readonly token: number;
  /** A token whose logit is subtracted; none by default. */
  readonly against?: number;
}

/** Parts of a logit, which add up to it. */
export interface LogitAttribution {
  /** The logit (or difference of logits) of the model's own pass. */
  readonly logit: number;
  /** What each head adds, `[L, N]` row by row. */
  readonly heads: Float64Array;
  /** The same by the token that the value comes from, `[L, N, S]`. */
  readonly bySource: Float32Array;
  /** What each feed-forward network adds, `[L]`. */
  readonly mlp: Float64Array;
  /** What each bias of an output projection adds, `[L]`; 0 where there is none. */
  readonly bias: Float64Array;
  /** What the embedding of the last token adds. */
  readonly embedding: number;
  /** What DeepStack features add at the last token: 0 unless it is a visual one. */
  readonly deepstack: number;
  /** Root mean square by which the final norm divides, taken as it is in this pass. */
  readonly rms: number;
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>, at = 0): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[at + i];
  return sum;
};

/** Copies a tensor out as float32 and frees it. */
async function take(k: Kernels, make: () => Tensor): Promise<Float32Array> {
  const tensor = k.scope(() => k.cast(make(), "float32"));
  const data = await k.read(tensor) as Float32Array;
  k.dispose(tensor);
  return data;
}

/** The direction in the residual stream that raises the logit: gain of the final norm times W_U. */
async function direction(
  network: VisionLanguageModel,
  { token, against }: AttributionOptions,
): Promise<Float32Array> {
  const { kernels: k, decoder: { lmHead, weights }, config: { text: { vocabSize } } } = network;
  if (!lmHead) throw new InputError("Cannot attribute logits: this model has no language head");
  for (const id of against === undefined ? [token] : [token, against]) {
    if (Number.isInteger(id) && id >= 0 && id < vocabSize) continue;
    throw new InputError(`Cannot attribute the logit of token ${id}: wanted 0 to ${vocabSize - 1}`);
  }
  const row = (id: number) => take(k, () => k.gather(lmHead, k.tensor(Int32Array.of(id), [1])));
  const wanted = await row(token), other = against === undefined ? null : await row(against);
  const gain = await take(k, () => k.scale(weights.get("norm.weight"), 1));
  return gain.map((value, i) => value * (wanted[i] - (other ? other[i] : 0)));
}

/**
 * The direction before the norm that follows a layer's attention (Gemma 3), with its divisor frozen at
 * that of this pass.
 */
async function throughNorm(
  { kernels: k, decoder: { weights }, config: { text: { rmsNormEps } } }: VisionLanguageModel,
  layer: number,
  z: Float32Array,
  u: Float32Array,
): Promise<Float32Array> {
  const weight = (name: string) => weights.get(`layers.${layer}.${name}.weight`);
  const row = k.tensor(Float32Array.from(z), [1, z.length]);
  const output = await take(
    k,
    () => k.matMul(row, weight("self_attn.o_proj"), { transposeB: true }),
  );
  k.dispose(row);
  const gain = await take(k, () => k.scale(weight("post_attention_layernorm"), 1));
  const rms = Math.sqrt(dot(output, output) / output.length + rmsNormEps);
  return u.map((value, i) => value * gain[i] / rms);
}

/**
 * Takes the logit of a token at the prompt's last position apart. With u = gain * W_U[token], the final
 * norm's divisor rms and head n of layer l:
 *
 *     heads[l, n]       = u . W_O[l, n] z[l, n] / rms
 *     bySource[l, n, j] = pattern[l, n, last, j] * u . W_O[l, n] v[l, n, j] / rms
 *
 * The sum of heads, feed-forward networks, biases, embedding and DeepStack is the logit. The norm is
 * frozen: rms is that of this pass, so the parts say what a head adds along the direction, not what
 * would happen without it (later layers would answer, and rms would change): that is `sweep`. Elhage et
 * al. 2021 (A Mathematical Framework for Transformer Circuits), Wang et al. 2023 (IOI). Two passes; in
 * bfloat16 the sum is as exact as bfloat16 is.
 *
 * @throws {InputError} for a token outside of the vocabulary
 *
 * @example
 * ```ts
 * import { logitAttribution } from "./attribution.ts";
 * import { createKernels } from "../backend/create_kernels.ts";
 * import { useBackend } from "../backend/select.ts";
 * import { plantedModel } from "../../lab/planted/planted.ts";
 * import { plantedSample } from "../../lab/planted/planted_world.ts";
 * import { assert } from "@std/assert";
 * await useBackend("auto");
 * const { model, retrievalHeads } = plantedModel(createKernels("float32"), { seed: 1 });
 * const { inputs, answerIds } = plantedSample(1, 0);
 * const { heads, logit } = await logitAttribution(model, inputs, { token: answerIds[0] });
 * const planted = retrievalHeads.reduce((sum, { layer, head }) => sum + heads[layer * 8 + head], 0);
 * assert(planted > 0.9 * logit);
 * model.dispose();
 * ```
 */
export async function logitAttribution(
  model: AnyModel,
  inputs: ModelInputs,
  options: AttributionOptions,
): Promise<LogitAttribution> {
  const network = networkOf(model), { kernels: k, decoder, config: { text } } = network;
  const { numAttentionHeads: heads, numKeyValueHeads, headDim, numHiddenLayers: layers } = text;
  const u = await direction(network, options);
  const tokens = inputs.inputIds.length, last = tokens - 1;
  const patterns: Tensor[] = [];
  const onPattern = (_: number, pattern: Tensor, kernels: Kernels) => {
    patterns.push(kernels.keep(kernels.scale(pattern, 1)));
  };
  try {
    const whole = await network.forward(inputs, {
      capture: { names: ["blocks.*.attn.v"] },
      patternRows: { rows: [last], onPattern },
    });
    const { captured } = await network.forward(inputs, {
      capture: {
        names: ["resid_pre", "resid_post", "attn.z", "mlp_out"].map((point) => `blocks.*.${point}`),
        rows: [last],
      },
      logits: "none",
    });
    const at = (point: string, layer: number): CapturedArray =>
      captured.get(`blocks.${layer}.${point}`)![0];
    const end = at("resid_post", layers - 1).data;
    const rms = Math.sqrt(dot(end, end) / end.length + text.rmsNormEps);
    const along = (x: Float32Array) => dot(u, x) / rms;
    const result = {
      heads: new Float64Array(layers * heads),
      bySource: new Float32Array(layers * heads * tokens),
      mlp: new Float64Array(layers),
      bias: new Float64Array(layers),
    };
    let deepstack = 0;
    for (let layer = 0; layer < layers; layer++) {
      const output = decoder.weights.get(`layers.${layer}.self_attn.o_proj.weight`);
      const { data: z } = at("attn.z", layer);
      const own = text.sandwichNorms ? await throughNorm(network, layer, z, u) : u;
      const into = await take(k, () => k.matMul(k.tensor(own, [1, u.length]), output)); // [1, N * H]
      const pattern = await k.read(patterns[layer]);
      const { data: v } = whole.captured.get(`blocks.${layer}.attn.v`)![0];
      for (let head = 0; head < heads; head++) {
        const toHead = into.subarray(head * headDim, (head + 1) * headDim);
        const i = layer * heads + head;
        const group = Math.floor(head / (heads / numKeyValueHeads));
        result.heads[i] = dot(toHead, z, head * headDim) / rms;
        for (let j = 0; j < tokens; j++) {
          const value = dot(toHead, v, (j * numKeyValueHeads + group) * headDim);
          result.bySource[i * tokens + j] = pattern[head * tokens + j] * value / rms;
        }
      }
      result.mlp[layer] = along(at("mlp_out", layer).data);
      const bias = decoder.weights.find(`layers.${layer}.self_attn.o_proj.bias`);
      if (bias) result.bias[layer] = along(await take(k, () => k.scale(bias, 1)));
      if (layer > 0) {
        deepstack += along(at("resid_pre", layer).data) - along(at("resid_post", layer - 1).data);
      }
    }
    const logits = whole.logits!.data;
    return {
      ...result,
      logit: logits[options.token] - (options.against === undefined ? 0 : logits[options.against]),
      embedding: along(at("resid_pre", 0).data),
      deepstack,
      rms,
    };
  } finally {
    k.dispose(...patterns);
  }
}
