/**
 * Model families as data, and loading a checkpoint of any of them.
 *
 * @module
 */
export { type Checkpoint, openCheckpoint, readModelConfig } from "./checkpoint.ts";
export type { WeightShapes } from "../model/weight_shapes.ts";
export { type JsonObject, JsonReader } from "../common/json_reader.ts";
export type { Family, WeightPrefix, WeightRename } from "./family.ts";
export { loadModel, type LoadProgress } from "./load_weights.ts";
export { matchWeights } from "./match_weights.ts";
export {
  type Answer,
  type AskOptions,
  fromPretrained,
  type LoadedParts,
  type LoadOptions,
  loadProcessorOf,
  PretrainedModel,
} from "./pretrained.ts";
export { families, familyOf } from "./registry.ts";
export { openStreamed, StreamedModel, type StreamedPrompt, type StreamProgress } from "./stream.ts";
export { dataFolder, shippedNames, shippedOrGiven } from "./shipped.ts";
