/**
 * The config and the weight names of towers that are networks of timm: convolutions, told apart by the
 * name of their architecture.
 *
 * Source: transformers `configuration_timm_wrapper.py`, `configuration_fast_vlm.py`.
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { JsonReader } from "../common/json_reader.ts";
import type {
  ConvNetworkConfig,
  ConvolutionConfig,
  ConvTowerConfig,
} from "../model/conv_config.ts";
import { featureChannels } from "../model/conv_network.ts";
import { configLimits } from "../model/config_limits.ts";
import { efficientNet, efficientNets } from "../model/efficientnet.ts";
import { fastVit, fastVitHeadDim, fastVits } from "../model/fastvit.ts";
import { convolutionParts } from "../model/folded_convolution.ts";
import { ignoreTowerBookkeeping } from "./config_keys.ts";
import type { WeightPrefix } from "./family.ts";
import { activations } from "./text_config.ts";

/** Names as transformers saves them, and those without the model's own name in front. */
export const timmTowerPrefixes: readonly WeightPrefix[] = [
  ["language_model.model.", "text."],
  ["language_model.lm_head.", "lm_head."],
  ["vision_tower.timm_model.", "vision.encoder."],
  ["multi_modal_projector.", "vision.projector."],
  ["model.language_model.", "text."],
  ["model.vision_tower.timm_model.", "vision.encoder."],
  ["model.multi_modal_projector.", "vision.projector."],
  ["lm_head.", "lm_head."],
];

/** Counters of training steps, of each batch norm. */
export const timmTowerIgnored: readonly string[] = [".num_batches_tracked"];

/** Arguments of timm that the features do not depend on once a network is trained. */
const inertArguments: readonly string[] = ["drop_rate", "drop_path_rate", "global_pool"];

/** A network of timm: the arguments that are read here, and how it is made of them. */
interface TimmNetwork {
  readonly takes: readonly string[];
  readonly make: (name: string, args: JsonReader) => ConvNetworkConfig;
}

/** A FastViT from its arguments. */
function readFastVit(name: string, args: JsonReader): ConvNetworkConfig {
  if (!args.boolean("inference_mode", false)) {
    throw args.error(
      "inference_mode",
      "true: convolutions whose branches are one (timm's `reparameterize_model` joins them)",
    );
  }
  const known = fastVits[name];
  const read = (key: string, usual: readonly number[], most: number, divisor: number) => {
    const found = args.integers(key, usual);
    const fits = found.length === usual.length && found.every((size) => size > 0 && size <= most) &&
      found.slice(3).every((size) => size % divisor === 0);
    if (fits) return found;
    throw args.error(
      key,
      `${usual.length} numbers from 1 to ${most}` +
        (divisor > 1 ? `, the last two multiples of ${divisor}` : ""),
    );
  };
  const channels = read("embed_dims", known.channels, configLimits.width, fastVitHeadDim);
  channels.slice(1).forEach((width, i) => {
    if (width % channels[i] !== 0) {
      throw args.error("embed_dims", "each a multiple of the one before");
    }
  });
  return fastVit(name, { layers: read("layers", known.layers, configLimits.layers, 1), channels });
}

/** Networks by name. */
const networks: ReadonlyMap<string, TimmNetwork> = new Map<string, TimmNetwork>([
  ...efficientNets.map((name) => [name, { takes: [], make: efficientNet }] as const),
  ...Object.keys(fastVits).map((name) =>
    [name, { takes: ["inference_mode", "layers", "embed_dims"], make: readFastVit }] as const
  ),
]);

/** Reads the object of a network that timm makes. */
function readNetwork(vision: JsonReader): ConvNetworkConfig {
  ignoreTowerBookkeeping(vision);
  // labels, pooling and where the weights come from: nothing that the features need
  vision.ignore("label_names", "num_classes", "do_pooling", "global_pool", "pretrained_cfg");
  vision.oneOf("model_type", ["timm_wrapper"], "timm_wrapper");
  const name = vision.oneOf("architecture", [...networks.keys()]);
  const args = vision.object("model_args", {});
  const { takes, make } = networks.get(name)!;
  const known = [...takes, ...inertArguments];
  args.ignore(...inertArguments);
  for (const key of Object.keys(args.json)) {
    if (known.includes(key) || !args.has(key)) continue;
    throw new InputError(
      `Cannot use "${key}" of ${args.where}: it may change the network; for ${name} supported are ` +
        known.join(", "),
    );
  }
  const network = make(name, args);
  const channels = featureChannels(network);
  for (const key of ["hidden_size", "num_features"]) {
    const said = vision.count(key, channels);
    if (said === channels) continue;
    throw new InputError(
      `Cannot use "${key}": ${said} of ${vision.where}: the features of ${name} have ` +
        `${channels} channels`,
    );
  }
  return network;
}

/**
 * Reads the tower's part of a config with LLaVA's keys.
 *
 * @param config the whole config
 * @throws {InputError} for missing, impossible or unsupported values
 */
export function readConvTower(config: JsonReader): ConvTowerConfig {
  config.require("vision_feature_select_strategy", "full");
  config.require("vision_feature_layer", -1);
  return {
    network: readNetwork(config.object("vision_config")),
    projector: {
      hiddenAct: config.oneOf("projector_hidden_act", activations, "gelu"),
      bias: config.boolean("multimodal_projector_bias", true),
    },
  };
}

/** The convolutions of a tower by the role of their weight. */
export function towerConvolutions({ network }: ConvTowerConfig): Map<string, ConvolutionConfig> {
  return convolutionParts(network, "vision.encoder.");
}
