/**
 * What a prefill costs on paper: floating-point operations and bytes by part, dense or by a plan.
 *
 * One multiplication with its addition counts as two operations. Attention counts its two products
 * (scores, and mixing of values) over the keys that each query sees.
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { TextConfig } from "../model/config.ts";
import { type Pattern, patternId } from "./patterns/pattern.ts";
import { patterns } from "./patterns/registry.ts";
import type { SparsePlan } from "./plan.ts";

/** Cost of a prefill by part, in floating-point operations. */
export interface PrefillCost {
  /** Query, key, value and output projections. */
  readonly projections: number;
  /** Scores and mixing of values. */
  readonly attention: number;
  /** Gate, up and down projections; in layers with experts the router's and the chosen experts'. */
  readonly mlp: number;
  /** All of these. */
  readonly total: number;
}

/** Number of (query, key) pairs of one head over a prompt of `length` tokens. */
export function pairsSeen(pattern: Pattern, length: number): number {
  if (pattern.range === "all") return length * (length + 1) / 2;
  let pairs = 0;
  for (let query = 0; query < length; query++) pairs += pattern.keysSeen(query);
  return pairs;
}

/** Pairs of every head of a plan together; equal patterns are counted once. */
function pairsOf(plan: SparsePlan, length: number): number {
  const known = new Map<string, number>();
  let sum = 0;
  for (const pattern of plan.patterns.flat()) {
    const id = patternId(pattern);
    const pairs = known.get(id) ?? pairsSeen(pattern, length);
    known.set(id, pairs);
    sum += pairs;
  }
  return sum;
}

/**
 * Cost of a prefill of the decoder.
 *
 * @param length tokens of the prompt
 * @param plan which pattern each head follows; dense by default
 * @throws {InputError} if the plan is of another model
 *
 * @example
 * ```ts
 * import { prefillCost } from "./cost.ts";
 * import { assertEquals } from "@std/assert";
 * const config = {
 *   hiddenSize: 4,
 *   intermediateSize: 8,
 *   numHiddenLayers: 1,
 *   numAttentionHeads: 2,
 *   numKeyValueHeads: 1,
 *   headDim: 2,
 * };
 * const { attention, mlp } = prefillCost(config, 3);
 * assertEquals([attention, mlp], [2 * 2 * 2 * 2 * 6, 2 * 3 * 3 * 4 * 8]); // 6 pairs of 3 tokens
 * ```
 */
export function prefillCost(
  config: Pick<
    TextConfig,
    | "hiddenSize"
    | "intermediateSize"
    | "experts"
    | "numHiddenLayers"
    | "numAttentionHeads"
    | "numKeyValueHeads"
    | "headDim"
  >,
  length: number,
  plan?: SparsePlan,
): PrefillCost {
  const { hiddenSize: width, intermediateSize, numHiddenLayers: layers, headDim } = config;
  const { numAttentionHeads: heads, numKeyValueHeads: keyValueHeads } = config;
  if (plan && (plan.patterns.length !== layers || plan.patterns[0].length !== heads)) {
    throw new InputError(
      `Cannot cost a plan of ${plan.patterns.length} layers and ${
        plan.patterns[0]?.length
      } heads: ` +
        `the model has ${layers} and ${heads}`,
    );
  }
  const pairs = plan ? pairsOf(plan, length) : layers * heads * pairsSeen(patterns.dense(), length);
  const attention = 2 * 2 * headDim * pairs;
  const projected = 2 * heads + 2 * keyValueHeads; // query and output; key and value
  const projections = layers * 2 * length * width * projected * headDim;
  const sparse = config.experts?.layers.length ?? 0; // a router, and the chosen experts
  const chosen = config.experts
    ? 3 * config.experts.numExpertsPerTok * config.experts.moeIntermediateSize +
      config.experts.numExperts
    : 0;
  const mlp = 2 * length * width * ((layers - sparse) * 3 * intermediateSize + sparse * chosen);
  return { projections, attention, mlp, total: projections + attention + mlp };
}

/** Largest speed-up that a plan could bring if time were proportional to operations. */
export function speedupBound(
  config: Parameters<typeof prefillCost>[0],
  length: number,
  plan: SparsePlan,
): number {
  return prefillCost(config, length).total / prefillCost(config, length, plan).total;
}

/**
 * Largest speed-up at a measured share of attention in dense time: attention shrinks with its pairs,
 * everything else stays (Amdahl's law).
 *
 * @param attentionShare share of dense prefill time that attention takes, 0 to 1
 */
export function amdahlBound(
  attentionShare: number,
  length: number,
  plan: SparsePlan,
): number {
  const heads = plan.patterns.flat().length;
  const kept = pairsOf(plan, length) / (heads * pairsSeen(patterns.dense(), length));
  return 1 / (1 - attentionShare + attentionShare * kept);
}

/** Bytes of a KV cache, and how many of them a plan needs while decoding. */
export interface CacheCost {
  /** Keys and values of all positions. */
  readonly dense: number;
  /** Full ones for key-value heads with a dense query head, sink and window for the others. */
  readonly sparse: number;
}

/**
 * Bytes of the KV cache after a prompt, dense and by a plan.
 *
 * @param length tokens of the prompt
 * @param plan which heads see what
 * @param bytesPerNumber 4 in float32, 2 in bfloat16
 */
export function cacheCost(
  config: Pick<
    TextConfig,
    "numHiddenLayers" | "numAttentionHeads" | "numKeyValueHeads" | "headDim"
  >,
  length: number,
  plan: SparsePlan,
  bytesPerNumber = 4,
): CacheCost {
  const { numAttentionHeads: heads, numKeyValueHeads: keyValueHeads, headDim } = config;
  const group = heads / keyValueHeads;
  const perPosition = 2 * headDim * bytesPerNumber;
  let kept = 0;
  for (const ofLayer of plan.patterns) {
    for (let kv = 0; kv < keyValueHeads; kv++) {
      const own = ofLayer.slice(kv * group, (kv + 1) * group);
      kept += Math.max(...own.map((pattern) => pattern.keysSeen(length - 1)));
    }
  }
  return {
    dense: config.numHiddenLayers * keyValueHeads * length * perPosition,
    sparse: kept * perPosition,
  };
}
