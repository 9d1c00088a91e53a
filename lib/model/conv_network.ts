/**
 * An image network of convolutions: its weights, its grid, and how it runs.
 *
 * @module
 */
import { convolvedSize } from "../nn/convolution.ts";
import type { Kernels, Tensor } from "../nn/kernels.ts";
import type {
  ConvNetworkConfig,
  ConvolutionBlock,
  ConvolutionConfig,
  GridAttentionBlock,
  SqueezeConfig,
} from "./conv_config.ts";
import type { WeightShapes } from "./weight_shapes.ts";
import type { WeightsMap } from "./weights_map.ts";

/** The convolutions that an image passes, in order. */
function passedConvolutions({ blocks }: ConvNetworkConfig): readonly ConvolutionConfig[] {
  return blocks.flatMap((block) => block.kind === "convolutions" ? block.layers : []);
}

/** All convolutions, those on means of channels too. */
export function convolutionsOf(network: ConvNetworkConfig): ConvolutionConfig[] {
  return passedConvolutions(network).flatMap((layer) => [
    layer,
    ...layer.squeeze ? [layer.squeeze.reduce, layer.squeeze.expand] : [],
  ]);
}

/** Channels of the features. */
export function featureChannels(network: ConvNetworkConfig): number {
  return passedConvolutions(network).at(-1)!.outputs;
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
    passedConvolutions(network).reduce(
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
  for (const layer of convolutionsOf(network)) {
    const { name, kernel, inputs, outputs, depthwise, bias, norm, scale } = layer;
    shapes.set(`${name}.weight`, [outputs, depthwise ? 1 : inputs, kernel, kernel]);
    if (bias) shapes.set(`${name}.bias`, [outputs]);
    for (const end of norm ? batchNormWeights : []) shapes.set(`${norm!.name}.${end}`, [outputs]);
    if (scale) shapes.set(scale, [outputs, 1, 1]);
  }
  for (const block of network.blocks) {
    if (block.kind !== "attention") continue;
    const { name, norm, scale, channels } = block;
    for (const end of ["weight", "bias"]) shapes.set(`${norm}.${end}`, [channels]);
    shapes.set(`${name}.qkv.weight`, [3 * channels, channels]);
    shapes.set(`${name}.proj.weight`, [channels, channels]);
    shapes.set(`${name}.proj.bias`, [channels]);
    shapes.set(scale, [channels, 1, 1]);
  }
  return shapes;
}

/** 1 / (1 + e^-x), as the first share of a softmax over x and 0. */
function sigmoid(k: Kernels, x: Tensor): Tensor {
  const column = k.reshape(x, [-1, 1]);
  const pairs = k.concat([column, k.zeros(column.shape)], 1);
  return k.reshape(k.slice(k.softmax(pairs), [0, 0], [-1, 1]), x.shape);
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
    for (const block of this.config.blocks) {
      const entered = x;
      x = k.scope(() =>
        block.kind === "attention"
          ? this.#attend(entered, block)
          : this.#convolveAll(entered, block)
      );
      if (entered !== images) k.dispose(entered);
    }
    return x;
  }

  /** The convolutions of a block; of what lies between them no more than two are kept. */
  #convolveAll(entered: Tensor, { layers, residual }: ConvolutionBlock): Tensor {
    const { kernels: k } = this;
    const inner = layers.reduce((x, layer) => {
      const next = k.scope(() => this.#convolve(x, layer));
      if (x !== entered) k.dispose(x);
      return next;
    }, entered);
    return residual ? k.add(entered, inner) : inner;
  }

  #convolve(x: Tensor, layer: ConvolutionConfig): Tensor {
    const { kernels: k, weights } = this;
    const { name, stride, padding, depthwise, activation, squeeze } = layer;
    const kernel = weights.get(`${name}.weight`), bias = weights.find(`${name}.bias`);
    const call = { x, kernel, bias, stride, padding, depthwise };
    if (!squeeze) return k.convolution({ ...call, activation });
    const weighed = this.#weigh(k.convolution(call), squeeze);
    return activation === undefined || activation === "relu6"
      ? weighed
      : k.cast(k.activation(weighed, activation), "float32");
  }

  /** Channels times factors between 0 and 1 that come of their means over the grid. */
  #weigh(x: Tensor, { reduce, expand }: SqueezeConfig): Tensor {
    const { kernels: k } = this, [images, rows, columns, channels] = x.shape;
    const flat = k.reshape(x, [images, rows * columns, channels]);
    const means = k.scale(k.sum(flat, 1), 1 / (rows * columns));
    const pixel = k.reshape(means, [images, 1, 1, channels]);
    const found = k.cast(this.#convolve(this.#convolve(pixel, reduce), expand), "float32");
    return k.mul(x, sigmoid(k, found));
  }

  /** Attention of the places of each grid, added to what entered. */
  #attend(x: Tensor, block: GridAttentionBlock): Tensor {
    const { kernels: k, weights } = this, { name, norm, normEps, heads, channels } = block;
    const [images, rows, columns] = x.shape, places = rows * columns;
    const flat = k.reshape(x, [images * places, channels]);
    const unit = k.layerNorm(
      flat,
      weights.get(`${norm}.weight`),
      weights.get(`${norm}.bias`),
      normEps,
    );
    const joined = k.linear(unit, weights.get(`${name}.qkv.weight`), null);
    const [query, key, value] = [0, 1, 2].map((part) => ({ rows: joined, from: part * channels }));
    const headDim = channels / heads;
    const z = k.rowAttention({
      ...{ query, key, value, heads, headDim, scale: 1 / Math.sqrt(headDim) },
      lengths: Array<number>(images).fill(places),
    });
    const out = k.linear(z, weights.get(`${name}.proj.weight`), weights.get(`${name}.proj.bias`));
    const factors = k.reshape(weights.get(block.scale), [channels]);
    return k.add(x, k.reshape(k.mul(out, factors), x.shape));
  }
}
