/**
 * Qwen3-VL with a mixture of experts: Qwen3-VL with another feed-forward network in its decoder.
 *
 * Source: transformers `models/qwen3_vl_moe` and `conversion_mapping.py`.
 * @module
 */
import type { JsonReader } from "../common/json_reader.ts";
import { configLimits } from "../model/config_limits.ts";
import type { ExpertsConfig } from "../nn/experts.ts";
import type { Family } from "./family.ts";
import { qwen3Vl, readQwen3Vl } from "./qwen3_vl.ts";

/**
 * Reads the experts' sizes and which layers have them.
 *
 * @throws {InputError} if a position uses more experts than there are
 */
function readExperts(text: JsonReader): ExpertsConfig {
  text.require("norm_topk_prob", true); // transformers always divides by the sum
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

/** Qwen3-VL, mixture of experts. */
export const qwen3VlMoe: Family = {
  ...qwen3Vl,
  modelType: "qwen3_vl_moe",
  title: "Qwen3-VL-MoE",
  readConfig: (config) =>
    readQwen3Vl("qwen3_vl_moe", config, (text) => ({ experts: readExperts(text) })),
  // published [E, in, out]; transformers 5 may save [E, out, in]
  turnedWeights: [".mlp.experts.gate_up_proj", ".mlp.experts.down_proj"],
};
