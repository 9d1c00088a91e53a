/**
 * FastViT in its largest sizes, as FastVLM uses it: five stages of convolutions, of which the last two
 * have attention, each branch of training already one convolution.
 *
 * Source: timm `models/fastvit.py`; Vasu et al., "FastViT: A fast hybrid vision transformer using
 * structural reparameterization" (2023), "MobileCLIP" (2024) for these sizes.
 * @module
 */
import type {
  ConvNetworkBlock,
  ConvNetworkConfig,
  ConvolutionConfig,
  SqueezeConfig,
} from "./conv_config.ts";

/** Sizes of the stages. */
export interface FastVitSizes {
  /** Blocks of each stage. */
  readonly layers: readonly number[];
  /** Channels of each stage; those of the last two are multiples of {@link fastVitHeadDim}. */
  readonly channels: readonly number[];
}

/** Sizes by timm's name. */
export const fastVits: Readonly<Record<string, FastVitSizes>> = {
  fastvit_mci3: { layers: [2, 12, 24, 4, 2], channels: [96, 192, 384, 768, 1536] },
  fastvit_mci4: { layers: [2, 12, 24, 4, 4], channels: [128, 256, 512, 1024, 2048] },
};

/** Channels of a head of the attention. */
export const fastVitHeadDim = 32;

/** The first stage with attention. */
const attentionStage = 3;
/** Epsilon of batch norms and layer norms. */
const normEps = 1e-5;
/** How much wider feed-forward layers are, and how much wider the features than the last stage. */
const expansion = 4, lastExpansion = 2;
/** Means of channels for one that squeeze and excitation keeps. */
const squeezeRatio = 16;

/** A convolution with a bias, of single pixels where nothing else is said. */
function convolution(
  name: string,
  inputs: number,
  outputs: number,
  own: Partial<ConvolutionConfig> = {},
): ConvolutionConfig {
  return {
    ...{ name, inputs, outputs, kernel: 1, stride: 1, padding: "symmetric", depthwise: false },
    bias: true,
    ...own,
  };
}

/** A convolution of each channel by itself. */
const depthwise = (kernel: number, stride = 1) => ({ kernel, stride, depthwise: true });
const gelu = { activation: "gelu" } as const;

/** One convolution after the other. */
const inSeries = (...layers: ConvolutionConfig[]): ConvNetworkBlock => ({
  kind: "convolutions",
  layers,
  residual: false,
});

/** The feed-forward layers of a block, which begin with a wide convolution. */
function feedForward(name: string, channels: number, scale: string): ConvNetworkBlock {
  const wide = expansion * channels;
  return {
    kind: "convolutions",
    layers: [
      convolution(`${name}.conv.conv`, channels, channels, {
        ...depthwise(7),
        bias: false,
        norm: { name: `${name}.conv.bn`, eps: normEps },
      }),
      convolution(`${name}.fc1`, channels, wide, gelu),
      convolution(`${name}.fc2`, wide, channels, { scale }),
    ],
    residual: true,
  };
}

/** Squeeze and excitation of so many channels. */
function squeezed(name: string, channels: number): SqueezeConfig {
  const few = Math.max(1, Math.floor(channels / squeezeRatio + 0.5));
  return {
    reduce: convolution(`${name}.fc1`, channels, few, { activation: "relu" }),
    expand: convolution(`${name}.fc2`, few, channels),
  };
}

/** What one stage consists of. */
function stageBlocks(sizes: FastVitSizes, stage: number): ConvNetworkBlock[] {
  const width = sizes.channels[stage], before = sizes.channels[stage - 1];
  const at = (name: string) => `stages.${stage}.${name}`;
  const blocks: ConvNetworkBlock[] = [];
  if (stage > 0) {
    blocks.push(inSeries(
      convolution(at("downsample.proj.0.reparam_conv"), before, width, {
        ...depthwise(7, 2),
        ...gelu,
      }),
      convolution(at("downsample.proj.1.reparam_conv"), width, width, gelu),
    ));
  }
  if (stage >= attentionStage) {
    blocks.push(inSeries(convolution(at("pos_emb.reparam_conv"), width, width, depthwise(7))));
  }
  for (let i = 0; i < sizes.layers[stage]; i++) {
    const name = at(`blocks.${i}`);
    if (stage < attentionStage) {
      const mixer = `${name}.token_mixer.reparam_conv`;
      blocks.push(
        inSeries(convolution(mixer, width, width, depthwise(3))),
        feedForward(`${name}.mlp`, width, `${name}.layer_scale.gamma`),
      );
    } else {
      blocks.push({
        kind: "attention",
        norm: `${name}.norm`,
        normEps,
        name: `${name}.token_mixer`,
        scale: `${name}.layer_scale_1.gamma`,
        channels: width,
        heads: width / fastVitHeadDim,
      }, feedForward(`${name}.mlp`, width, `${name}.layer_scale_2.gamma`));
    }
  }
  return blocks;
}

/**
 * A FastViT whose branches are one convolution each (`inference_mode`).
 *
 * @param architecture name for messages
 * @param sizes those of {@link fastVits}, or others with as many stages
 *
 * @example
 * ```ts
 * import { featureChannels, featureGrid } from "./conv_network.ts";
 * import { fastVit, fastVits } from "./fastvit.ts";
 * import { assertEquals } from "@std/assert";
 * const network = fastVit("fastvit_mci3", fastVits["fastvit_mci3"]);
 * assertEquals(featureGrid(network, 1024, 1024), [16, 16]);
 * assertEquals(featureChannels(network), 3072);
 * ```
 */
export function fastVit(architecture: string, sizes: FastVitSizes): ConvNetworkConfig {
  const [first] = sizes.channels, last = sizes.channels.at(-1)!, features = lastExpansion * last;
  return {
    architecture,
    blocks: [
      inSeries(
        convolution("stem.0.reparam_conv", 3, first, { kernel: 3, stride: 2, ...gelu }),
        convolution("stem.1.reparam_conv", first, first, { ...depthwise(3, 2), ...gelu }),
        convolution("stem.2.reparam_conv", first, first, gelu),
      ),
      ...sizes.layers.flatMap((_, stage) => stageBlocks(sizes, stage)),
      inSeries(convolution("final_conv.reparam_conv", last, features, {
        ...depthwise(3),
        ...gelu,
        squeeze: squeezed("final_conv.se", features),
      })),
    ],
  };
}
