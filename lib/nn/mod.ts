/**
 * The parts of a transformer as functions on tensors: attention and rotary embeddings.
 *
 * @module
 */
export {
  type AttentionCall,
  type AttentionFunction,
  bidirectionalAttention,
  denseAttention,
  type KeyValueSegment,
  patternOfRows,
} from "./attention.ts";
export { foldGain, frequencyAxes, type RopeConfig, type RopeTables, ropeTables } from "./rope.ts";
