/**
 * The parts of a transformer as functions on tensors: attention, rotary embeddings, experts.
 *
 * @module
 */
export {
  type AttentionCall,
  type AttentionFunction,
  denseAttention,
  type KeyValueSegment,
  type NeededPositions,
  patternOfRows,
  withBlocks,
} from "./attention.ts";
export { convolvedSize, type PaddedSide, paddedSide } from "./convolution.ts";
export {
  afterAttentionPoints,
  attentionInputPoints,
  composedAfterAttention,
  composedAttentionInputs,
  composedFeedForward,
  composedKeys,
  plainAfterAttention,
} from "./decoder_layer.ts";
export type { LayerPoint, LayerWatch } from "./decoder_layer.ts";
export {
  chooseExperts,
  type ExpertsConfig,
  expertsFeedForward,
  type ExpertWeights,
} from "./experts.ts";
export { groupedAttention, joinHeads, type KeyValueGroup, takeHeads } from "./grouped_attention.ts";
export type * from "./kernels.ts";
export { bidirectionalAttention, composedRowAttention } from "./row_attention.ts";
export { Tape } from "./tape.ts";
export { causalBias, causalBiasAt, hiddenScore, type MutualBlocks, rangeBias } from "./mask.ts";
export { foldGain, frequencyAxes, type RopeConfig, type RopeTables, ropeTables } from "./rope.ts";
export type { RopeBase, RopeScaling } from "./rope_scaling.ts";
