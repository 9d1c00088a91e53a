/**
 * What a vision tower of convolutions is, as data: its network block by block.
 *
 * @module
 */
import type { Activation, ConvolutionPadding } from "../nn/kernels.ts";

/** A convolution of an image network, with what follows it. */
export interface ConvolutionConfig {
  /** Beginning of its weights' names: `<name>.weight`, and `<name>.bias` where it has one. */
  readonly name: string;
  /** Side of the kernel in pixels; an odd number. */
  readonly kernel: number;
  /** Pixels from one place of the kernel to the next. */
  readonly stride: number;
  /** Border of zeros. */
  readonly padding: ConvolutionPadding;
  /** Channels that enter. */
  readonly inputs: number;
  /** Channels that leave; with `depthwise` a multiple of `inputs`. */
  readonly outputs: number;
  /** Whether each channel is convolved by itself. */
  readonly depthwise: boolean;
  /** Whether it has a bias of its own. */
  readonly bias: boolean;
  /** The batch norm that follows: the beginning of its weights' names, and its epsilon. */
  readonly norm?: { readonly name: string; readonly eps: number };
  /** Name of a learned factor of each channel, which comes last. */
  readonly scale?: string;
  /** Weighs channels by what they are on average (squeeze and excitation), before the activation. */
  readonly squeeze?: SqueezeConfig;
  /** What becomes of each value at last. */
  readonly activation?: Activation | "relu6";
}

/** Squeeze and excitation: factors of channels from their means, by two convolutions of one pixel. */
export interface SqueezeConfig {
  /** To fewer channels, with ReLU. */
  readonly reduce: ConvolutionConfig;
  /** Back, and through a sigmoid. */
  readonly expand: ConvolutionConfig;
}

/** Convolutions one after the other, whose result may be added to what entered. */
export interface ConvolutionBlock {
  /** Which kind of block it is. */
  readonly kind: "convolutions";
  /** In order. */
  readonly layers: readonly ConvolutionConfig[];
  /** Whether what entered is added. */
  readonly residual: boolean;
}

/** Attention of all places of the grid on one another; its result is added to what entered. */
export interface GridAttentionBlock {
  /** Which kind of block it is. */
  readonly kind: "attention";
  /** Beginning of the names of the layer norm's weights. */
  readonly norm: string;
  /** Epsilon of that norm. */
  readonly normEps: number;
  /** Beginning of the names of `qkv.weight`, `proj.weight` and `proj.bias`. */
  readonly name: string;
  /** Name of a learned factor of each channel of what is added. */
  readonly scale: string;
  /** Channels. */
  readonly channels: number;
  /** Heads. */
  readonly heads: number;
}

/** A part of an image network. */
export type ConvNetworkBlock = ConvolutionBlock | GridAttentionBlock;

/** An image network, mostly of convolutions. */
export interface ConvNetworkConfig {
  /** timm's name. */
  readonly architecture: string;
  /** In order. */
  readonly blocks: readonly ConvNetworkBlock[];
}

/** A vision tower of convolutions, for images of any one size: network and projector. */
export interface ConvTowerConfig {
  /** The network. */
  readonly network: ConvNetworkConfig;
  /** The projector: two linear layers. */
  readonly projector: {
    /** Activation between the two. */
    readonly hiddenAct: Activation;
    /** Whether they have biases. */
    readonly bias: boolean;
  };
}
