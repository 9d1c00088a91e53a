/**
 * The config and the weight names of towers that are networks of timm: convolutions, told apart by the
 * name of their architecture.
 *
 * Source: transformers `configuration_timm_wrapper.py`, `configuration_fast_vlm.py`.
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { JsonReader } from "../common/json_reader.ts";
import type { ConvNetworkConfig, ConvolutionConfig, ConvTowerConfig } from "../model/config.ts";
import { featureChannels } from "../model/conv_network.ts";
import { efficientNet, efficientNets } from "../model/efficientnet.ts";
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

/** Networks by name. */
const networks: ReadonlyMap<string, (name: string) => ConvNetworkConfig> = new Map(
  efficientNets.map((name) => [name, efficientNet]),
);

/** Arguments of timm that the features do not depend on once a network is trained. */
const inertArguments: readonly string[] = ["drop_rate", "drop_path_rate", "global_pool"];

/** Reads the object of a network that timm makes. */
function readNetwork(vision: JsonReader): ConvNetworkConfig {
  ignoreTowerBookkeeping(vision);
  // labels, pooling and where the weights come from: nothing that the features need
  vision.ignore("label_names", "num_classes", "do_pooling", "global_pool", "pretrained_cfg");
  vision.oneOf("model_type", ["timm_wrapper"], "timm_wrapper");
  const name = vision.oneOf("architecture", [...networks.keys()]);
  const args = vision.object("model_args", {});
  args.ignore(...inertArguments);
  for (const key of Object.keys(args.json)) {
    if (inertArguments.includes(key) || !args.has(key)) continue;
    throw new InputError(
      `Cannot use "${key}" of ${args.where}: it may change the network; for ${name} supported are ` +
        inertArguments.join(", "),
    );
  }
  const network = networks.get(name)!(name);
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
