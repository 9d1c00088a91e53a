/**
 * Qwen2.5-VL: as Qwen2-VL, with window attention, RMS norms and gates in the vision tower, and times
 * of video frames in seconds.
 *
 * Source: transformers `models/qwen2_5_vl`.
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { JsonReader } from "../common/json_reader.ts";
import type { VisionConfig } from "../model/config.ts";
import { configLimits } from "../model/config_limits.ts";
import type { Family } from "./family.ts";
import { qwen2Inputs, qwen2Vl, readQwen2Patches, readQwen2Vl } from "./qwen2_vl.ts";
import { activations } from "./text_config.ts";
import type { InputRecipe } from "../inputs/media_layout.ts";
import { mropePositions } from "../inputs/position_ids.ts";
import type { ProcessorFiles } from "../inputs/processor_files.ts";

/**
 * Qwen2.5-VL: as Qwen2-VL, with times of temporal patches in seconds.
 *
 * @param tokensPerSecond `tokens_per_second` of the vision config
 */
export function qwen25VlInputs(files: ProcessorFiles, tokensPerSecond: number): InputRecipe {
  const positions = mropePositions({
    time: ({ kind, media }, index, { second_per_grid_ts: seconds }) =>
      kind === "image" ? index : Math.trunc(index * tokensPerSecond * seconds.data[media]),
  });
  return qwen2Inputs(files, positions, true);
}

function readVision(vision: JsonReader): VisionConfig {
  const shared = readQwen2Patches(vision);
  const windowSize = vision.count("window_size", 112, configLimits.tokens);
  const token = shared.patchSize * shared.spatialMergeSize;
  if (windowSize < token) {
    throw new InputError(
      `Cannot use window_size ${windowSize} of ${vision.where}: wanted at least patch_size times ` +
        `spatial_merge_size = ${token}`,
    );
  }
  return {
    ...shared,
    hiddenSize: vision.count("hidden_size", 3584, configLimits.width),
    intermediateSize: vision.count("intermediate_size", 3420, configLimits.width),
    hiddenAct: vision.oneOf("hidden_act", activations, "silu"),
    outHiddenSize: vision.count("out_hidden_size", 3584, configLimits.width),
    norm: "rms",
    gatedMlp: true,
    windowTokens: Math.floor(windowSize / token),
    fullAttentionLayers: vision.integers("fullatt_block_indexes", [7, 15, 23, 31]),
    tokensPerSecond: vision.number("tokens_per_second", 4),
  };
}

/** Qwen2.5-VL. */
export const qwen25Vl: Family = {
  ...qwen2Vl,
  modelType: "qwen2_5_vl",
  title: "Qwen2.5-VL",
  readConfig: (config) => readQwen2Vl("qwen2_5_vl", config, readVision),
  readInputs: (files, config) => qwen25VlInputs(files, config.vision!.tokensPerSecond!),
};
