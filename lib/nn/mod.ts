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
  type NeededPositions,
  patternOfRows,
} from "./attention.ts";
export { groupedAttention, joinHeads, type KeyValueGroup, takeHeads } from "./grouped_attention.ts";
export { foldGain, frequencyAxes, type RopeConfig, type RopeTables, ropeTables } from "./rope.ts";
