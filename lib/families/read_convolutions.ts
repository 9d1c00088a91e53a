/**
 * Reads convolutions from a checkpoint, each with the batch norm that follows it.
 *
 * @module
 */
import { widenToFloat32 } from "../backend/widen.ts";
import type { ModelConfig } from "../model/config.ts";
import type { ConvolutionConfig } from "../model/conv_config.ts";
import { batchNormWeights } from "../model/conv_network.ts";
import { foldConvolution, type StoredConvolution } from "../model/folded_convolution.ts";
import type { Kernels, Tensor } from "../nn/kernels.ts";
import type { WeightSource } from "../weights/weight_source.ts";
import type { Family } from "./family.ts";

/** Roles of a convolution's other parts, which are read together with its weight. */
export function otherParts({ name, bias, norm, scale }: ConvolutionConfig): string[] {
  return [
    ...bias ? [`${name}.bias`] : [],
    ...scale ? [scale] : [],
    ...norm ? batchNormWeights.map((end) => `${norm.name}.${end}`) : [],
  ];
}

/** Stored names of the weights that become convolutions, which are plain numbers in memory. */
export function convolutionNames(
  family: Family,
  config: ModelConfig,
  stored: ReadonlyMap<string, string>,
): Set<string | undefined> {
  const convolutions = family.convolutions?.(config) ?? new Map<string, ConvolutionConfig>();
  return new Set(
    [...convolutions].flatMap(([role, own]) => [role, ...otherParts(own)]).map((role) =>
      stored.get(role)
    ),
  );
}

/**
 * One convolution in the kernels' memory: matrices of single pixels in the type of products, others in
 * float32.
 *
 * @param stored stored names by role
 * @returns tensors by role, which belong to the caller
 * @throws {InputError} for misshapen weights
 */
export async function readConvolution(
  kernels: Kernels,
  source: WeightSource,
  own: ConvolutionConfig,
  stored: ReadonlyMap<string, string>,
): Promise<Map<string, Tensor>> {
  const { name, norm, outputs, scale } = own;
  const read = async (role: string, shape: readonly number[]) => {
    const { bytes, dtype } = await source.readWeight(stored.get(role)!, shape);
    return widenToFloat32(bytes, dtype);
  };
  const shape = [outputs, own.depthwise ? 1 : own.inputs, own.kernel, own.kernel];
  const parts: StoredConvolution = {
    weight: await read(`${name}.weight`, shape),
    bias: own.bias ? await read(`${name}.bias`, [outputs]) : null,
    scale: scale ? await read(scale, [outputs, 1, 1]) : null,
    norm: norm
      ? {
        weight: await read(`${norm.name}.weight`, [outputs]),
        bias: await read(`${norm.name}.bias`, [outputs]),
        running_mean: await read(`${norm.name}.running_mean`, [outputs]),
        running_var: await read(`${norm.name}.running_var`, [outputs]),
      }
      : null,
  };
  const { kernel, shape: folded, bias } = foldConvolution(own, parts);
  const tensors = new Map([[
    `${name}.weight`,
    folded.length === 2
      ? kernels.weight(
        new Uint8Array(kernel.buffer, kernel.byteOffset, kernel.byteLength),
        "F32",
        folded,
      )
      : kernels.tensor(kernel, folded),
  ]]);
  if (bias) tensors.set(`${name}.bias`, kernels.tensor(bias, [outputs]));
  return tensors;
}
