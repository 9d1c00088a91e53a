/**
 * An image network of convolutions: its weights, its grid, and how it runs.
 *
 * @module
 */
import { convolvedSize } from "../nn/convolution.ts";
import type { Kernels, Tensor } from "../nn/kernels.ts";
import type { ConvNetworkConfig, ConvolutionConfig } from "./config.ts";
import type { WeightShapes } from "./weight_shapes.ts";
import type { WeightsMap } from "./weights_map.ts";

/** All convolutions, in order. */
export function convolutionsOf({ blocks }: ConvNetworkConfig): ConvolutionConfig[] {
  return blocks.flatMap(({ layers }) => layers);
}

/** Channels of the features. */
export function featureChannels(network: ConvNetworkConfig): number {
  return convolutionsOf(network).at(-1)!.outputs;
}

/**
 * Rows and columns of the features of an image.
 *
 * @example
 * ```ts
 * import { featureGrid } from "./conv_network.ts";
 * import { efficientNet } from "./efficientnet.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(featureGrid(efficientNet("tf_efficientnet_lite0"), 224, 240), [7, 8]);
 * ```
 */
export function featureGrid(
  network: ConvNetworkConfig,
  height: number,
  width: number,
): [rows: number, columns: number] {
  const side = (size: number) =>
    convolutionsOf(network).reduce(
      (s, { kernel, stride, padding }) => convolvedSize(s, kernel, stride, padding),
      size,
    );
  return [side(height), side(width)];
}

/** Ends of the names of a batch norm's weights: gain, shift, and what it was trained on. */
export const batchNormWeights = ["weight", "bias", "running_mean", "running_var"] as const;

/** Names and shapes of the weights as a checkpoint stores them: norms by themselves, channels first. */
export function convNetworkShapes(network: ConvNetworkConfig): WeightShapes {
  const shapes = new Map<string, readonly number[]>();
  for (const { name, kernel, inputs, outputs, depthwise, bias, norm } of convolutionsOf(network)) {
    shapes.set(`${name}.weight`, [outputs, depthwise ? 1 : inputs, kernel, kernel]);
    if (bias) shapes.set(`${name}.bias`, [outputs]);
    if (norm) { for (const end of batchNormWeights) shapes.set(`${norm.name}.${end}`, [outputs]); }
  }
  return shapes;
}

/** A network on given kernels and weights. */
export class ConvNetwork {
  /**
   * A network that shares its weights with whoever made them.
   *
   * @param weights `<name>.weight` in the kernels' order and `<name>.bias`, norms folded in
   */
  constructor(
    readonly kernels: Kernels,
    readonly config: ConvNetworkConfig,
    readonly weights: WeightsMap,
  ) {}

  /**
   * Features of images of one size, `[n, rows, columns, channels]`.
   *
   * @param images `[n, height, width, 3]` in float32
   */
  encode(images: Tensor): Tensor {
    const { kernels: k } = this;
    let x = images;
    for (const { layers, residual } of this.config.blocks) {
      const entered = x;
      x = k.scope(() => {
        const inner = layers.reduce((found, layer) => this.#convolve(found, layer), entered);
        return residual ? k.add(entered, inner) : inner;
      });
      if (entered !== images) k.dispose(entered);
    }
    return x;
  }

  #convolve(x: Tensor, layer: ConvolutionConfig): Tensor {
    const { name, stride, padding, depthwise, activation } = layer;
    const kernel = this.weights.get(`${name}.weight`), bias = this.weights.find(`${name}.bias`);
    return this.kernels.convolution({ x, kernel, bias, stride, padding, depthwise, activation });
  }
}
