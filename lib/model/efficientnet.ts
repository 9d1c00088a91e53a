/**
 * EfficientNet-Lite: a stem, seven stages of inverted residuals, and a last convolution of single
 * pixels, as a table of convolutions.
 *
 * Source: timm `models/efficientnet.py` (`_gen_efficientnet_lite`), `models/_efficientnet_builder.py`;
 * Tan and Le, "EfficientNet: Rethinking model scaling for convolutional neural networks" (2019).
 * @module
 */
import type { ConvolutionPadding } from "../nn/kernels.ts";
import type { ConvNetworkConfig, ConvolutionBlock, ConvolutionConfig } from "./conv_config.ts";

/** Blocks of one stage, before the network is made wider and deeper. */
interface Stage {
  readonly repeats: number;
  readonly kernel: number;
  /** Of the first block. */
  readonly stride: number;
  /** How much wider than its input the inside of a block is. */
  readonly expansion: number;
  readonly channels: number;
}

const stages: readonly Stage[] = [
  { repeats: 1, kernel: 3, stride: 1, expansion: 1, channels: 16 },
  { repeats: 2, kernel: 3, stride: 2, expansion: 6, channels: 24 },
  { repeats: 2, kernel: 5, stride: 2, expansion: 6, channels: 40 },
  { repeats: 3, kernel: 3, stride: 2, expansion: 6, channels: 80 },
  { repeats: 3, kernel: 5, stride: 1, expansion: 6, channels: 112 },
  { repeats: 4, kernel: 5, stride: 2, expansion: 6, channels: 192 },
  { repeats: 1, kernel: 3, stride: 1, expansion: 6, channels: 320 },
];
const stemChannels = 32, lastChannels = 1280;

/** How much wider and deeper than the first each size is, from lite0 to lite4. */
const sizes = [[1, 1], [1, 1.1], [1.1, 1.2], [1.2, 1.4], [1.4, 1.8]] as const;

/** Borders and epsilons of the two lines of weights: TensorFlow's, and those trained with PyTorch. */
const lines: Readonly<Record<string, readonly [padding: ConvolutionPadding, eps: number]>> = {
  tf_efficientnet_lite: ["same", 1e-3],
  efficientnet_lite: ["symmetric", 1e-5],
};

/** Names of the networks that {@link efficientNet} makes. */
export const efficientNets: readonly string[] = Object.keys(lines).flatMap((line) =>
  sizes.map((_, size) => `${line}${size}`)
);

/** Channels of a wider network: the nearest multiple of 8, at most a tenth below what was asked for. */
function widened(channels: number, factor: number): number {
  const wanted = channels * factor;
  const near = Math.max(8, Math.floor((wanted + 4) / 8) * 8);
  return near < 0.9 * wanted ? near + 8 : near;
}

/**
 * The network of this name.
 *
 * @param architecture one of {@link efficientNets}
 *
 * @example
 * ```ts
 * import { efficientNet } from "./efficientnet.ts";
 * import { assertEquals } from "@std/assert";
 * const { blocks } = efficientNet("tf_efficientnet_lite0");
 * assertEquals(blocks.length, 18); // the stem, 16 blocks, the last convolution
 * ```
 */
export function efficientNet(architecture: string): ConvNetworkConfig {
  const [padding, eps] = lines[architecture.slice(0, -1)];
  const [wider, deeper] = sizes[Number(architecture.slice(-1))];
  const convolution = (
    name: string,
    norm: string,
    [inputs, outputs]: readonly [number, number],
    own: Partial<ConvolutionConfig>,
  ): ConvolutionConfig => ({
    ...{ name, inputs, outputs, padding, kernel: 1, stride: 1, depthwise: false, bias: false },
    norm: { name: norm, eps },
    ...own,
  });
  const relu6 = { activation: "relu6" } as const;
  const blocks: ConvolutionBlock[] = [{
    kind: "convolutions",
    layers: [
      convolution("conv_stem", "bn1", [3, stemChannels], { kernel: 3, stride: 2, ...relu6 }),
    ],
    residual: false,
  }];
  let width = stemChannels;
  stages.forEach((stage, s) => {
    const { kernel, expansion } = stage;
    const fixed = s === 0 || s === stages.length - 1; // as deep in every size
    const repeats = fixed ? stage.repeats : Math.ceil(stage.repeats * deeper);
    const channels = widened(stage.channels, wider);
    for (let i = 0; i < repeats; i++) {
      const at = (name: string) => `blocks.${s}.${i}.${name}`;
      const stride = i === 0 ? stage.stride : 1, inner = width * expansion;
      const names = expansion === 1
        ? { spread: at("conv_dw"), norms: ["bn1", "bn2"], back: at("conv_pw") }
        : { spread: at("conv_dw"), norms: ["bn2", "bn3"], back: at("conv_pwl") };
      blocks.push({
        kind: "convolutions",
        layers: [
          ...expansion === 1 ? [] : [convolution(at("conv_pw"), at("bn1"), [width, inner], relu6)],
          convolution(names.spread, at(names.norms[0]), [inner, inner], {
            ...{ kernel, stride, depthwise: true },
            ...relu6,
          }),
          convolution(names.back, at(names.norms[1]), [inner, channels], {}),
        ],
        residual: stride === 1 && width === channels,
      });
      width = channels;
    }
  });
  blocks.push({
    kind: "convolutions",
    layers: [convolution("conv_head", "bn2", [width, lastChannels], relu6)],
    residual: false,
  });
  return { architecture, blocks };
}
