/**
 * Checkpoints as files: downloads them from the Hugging Face hub once, and reads and writes their
 * weights without trusting a byte of them.
 *
 * @module
 */
export type { KeyPolicy, UnknownKeys } from "../common/key_policy.ts";
export { CheckpointRules, type StrictnessOptions } from "./checkpoint_rules.ts";
export {
  checkpointPath,
  hasCheckpointFile,
  type LinkRules,
  maxTextBytes,
  readCheckpointJson,
  readCheckpointText,
} from "./checkpoint_files.ts";
export { type DecodedArray, float32ToBfloat16, type SafetensorsDType } from "./dtypes.ts";
export { type DownloadProgress, isHubId, resolveCheckpoint, type ResolveOptions } from "./hub.ts";
export type { HubOptions } from "./hub_settings.ts";
export { openGguf } from "./gguf.ts";
export type { GgufFiles } from "./gguf_files.ts";
export { openSafetensors } from "./safetensors.ts";
export type {
  PackedBytes,
  StoredAs,
  StoredWeight,
  WeightHeaders,
  WeightSource,
} from "./weight_source.ts";
export {
  type DecodedTensor,
  float32Tensor,
  int32Tensor,
  readSafetensorsFile,
  type SafetensorsContent,
} from "./safetensors_file.ts";
export type { TensorInfo } from "./safetensors_header.ts";
export { openWeights } from "./weights.ts";
export { type TensorToWrite, writeSafetensors } from "./safetensors_write.ts";
