/**
 * The config of a decoder's experts.
 *
 * Source: transformers `configuration_qwen3_vl_moe.py`, `configuration_qwen3_moe.py`.
 * @module
 */
import type { JsonReader } from "../common/json_reader.ts";
import { configLimits } from "../model/config_limits.ts";
import type { ExpertsConfig } from "../nn/experts.ts";

/**
 * Reads the experts' sizes and which layers have them.
 *
 * @param normalised value of `norm_topk_prob` where the file does not say
 * @throws {InputError} for routing weights that do not add up to 1, and if a position uses more experts than there are
 */
export function readExperts(text: JsonReader, normalised: boolean): ExpertsConfig {
  if (!text.boolean("norm_topk_prob", normalised)) {
    throw text.error(
      "norm_topk_prob",
      "true: routing weights of the chosen experts that add up to 1",
      false,
    );
  }
  const numExperts = text.count(
    text.has("num_local_experts") ? "num_local_experts" : "num_experts",
    undefined,
    configLimits.experts,
  );
  text.require("num_experts", numExperts); // where both keys are there
  const numExpertsPerTok = text.count("num_experts_per_tok");
  if (numExpertsPerTok > numExperts) {
    throw text.error("num_experts_per_tok", `at most the ${numExperts} experts of a layer`);
  }
  const step = text.count("decoder_sparse_step", 1);
  const without = new Set(text.integers("mlp_only_layers", []));
  const all = Array.from({
    length: text.count("num_hidden_layers", undefined, configLimits.layers),
  }, (_, layer) => layer);
  return {
    numExperts,
    numExpertsPerTok,
    moeIntermediateSize: text.count("moe_intermediate_size", undefined, configLimits.width),
    layers: all.filter((layer) => !without.has(layer) && (layer + 1) % step === 0),
  };
}
