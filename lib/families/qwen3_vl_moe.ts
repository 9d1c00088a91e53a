/**
 * Qwen3-VL with a mixture of experts: Qwen3-VL with another feed-forward network in its decoder.
 *
 * Source: transformers `models/qwen3_vl_moe` and `conversion_mapping.py`.
 * @module
 */
import { readExperts } from "./experts_config.ts";
import type { Family } from "./family.ts";
import { qwen3Vl, readQwen3Vl } from "./qwen3_vl.ts";

/** Qwen3-VL, mixture of experts. */
export const qwen3VlMoe: Family = {
  ...qwen3Vl,
  modelType: "qwen3_vl_moe",
  title: "Qwen3-VL-MoE",
  readConfig: (config) =>
    readQwen3Vl("qwen3_vl_moe", config, (text) => ({ experts: readExperts(text, true) })),
  // published [E, in, out]; transformers 5 may save [E, out, in]
  transposedWeights: [".mlp.experts.gate_up_proj", ".mlp.experts.down_proj"],
};
