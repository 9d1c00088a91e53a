/**
 * Outputs of heads on other prompts: what mean ablation, resampling and activation patching put in
 * the place of a head's own output.
 *
 * @module
 */
import type { Tensor } from "../nn/kernels.ts";
import { InputError } from "../common/errors.ts";
import type { Hooks } from "../hooks/hook_point.ts";
import type { ModelInputs } from "../model/model_inputs.ts";
import { type AnyModel, networkOf } from "../model/network_of.ts";
import type { AttentionFunction } from "../nn/attention.ts";

/** Outputs z of all heads on one prompt, layer by layer. */
export interface HeadOutputs {
  /** Which prompt, for messages. */
  readonly id: string;
  /** T, its tokens. */
  readonly tokens: number;
  /** `[T, N, H]` by layer; only the layers that were asked for. */
  readonly layers: ReadonlyMap<number, Float32Array>;
}

/**
 * Runs a prompt and keeps the outputs of its heads.
 *
 * @param id which prompt this is, for messages
 * @param layers layers to keep; all by default
 * @throws {InputError} for a layer that does not exist
 */
export async function headOutputs(
  model: AnyModel,
  id: string,
  inputs: ModelInputs,
  layers: readonly number[] = Array.from(
    { length: networkOf(model).grid.layers },
    (_, layer) => layer,
  ),
  attention?: AttentionFunction,
): Promise<HeadOutputs> {
  const names = layers.map((layer) => `blocks.${layer}.attn.z`);
  const { captured } = await networkOf(model).forward(inputs, {
    attention,
    logits: "none",
    capture: { names },
  });
  return {
    id,
    tokens: inputs.inputIds.length,
    layers: new Map(layers.map((layer, i) => [layer, captured.get(names[i])![0].data])),
  };
}

/** Mean outputs of all heads over the tokens of several prompts. */
export interface HeadMeans {
  /** Name of the reference set. */
  readonly name: string;
  /** L, N, H. */
  readonly shape: readonly [layers: number, heads: number, headDim: number];
  /** `[L, N, H]` row by row. */
  readonly data: Float64Array;
  /** Tokens that the means are over. */
  readonly tokens: number;
}

/**
 * Means of all heads' outputs over all tokens of the prompts of a reference set. Nothing but sums
 * leaves the backend.
 *
 * @param name name of the reference set
 * @throws {InputError} without prompts
 */
export async function meanHeadOutputs(
  model: AnyModel,
  name: string,
  prompts: Iterable<ModelInputs> | AsyncIterable<ModelInputs>,
): Promise<HeadMeans> {
  const network = networkOf(model), { kernels: k, grid: { layers, heads } } = network;
  const { headDim } = network.config.text;
  const shape = [layers, heads, headDim] as const;
  const data = new Float64Array(layers * heads * headDim);
  let tokens = 0;
  for await (const inputs of prompts) {
    const sums: Tensor[] = [];
    const hooks: Hooks = {
      // [1, T, N, H] -> [1, N, H]
      "blocks.*.attn.z": {
        onTensor: (z, kernels) => void sums.push(kernels.keep(kernels.sum(z, 1))),
      },
    };
    try {
      k.dispose(network.prefill(inputs, { hooks }));
      const all = k.concat(sums, 0);
      const read = await k.read(all);
      k.dispose(all);
      read.forEach((sum, i) => data[i] += sum);
    } finally {
      k.dispose(...sums);
    }
    tokens += inputs.inputIds.length;
  }
  if (tokens === 0) {
    throw new InputError(`Cannot average head outputs over "${name}": it has no prompts`);
  }
  return { name, shape, data: data.map((sum) => sum / tokens), tokens };
}
