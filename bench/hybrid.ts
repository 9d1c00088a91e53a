/**
 * Hybrid prefill for measurements: attention functions by share of full heads, what bounds their
 * speed-up, and a check of their results.
 *
 * @module
 */
import { gridOf } from "../lib/common/head_id.ts";
import type { TextConfig } from "../lib/model/config.ts";
import type { TextDecoder } from "../lib/model/text_decoder.ts";
import type { AttentionFunction } from "../lib/nn/attention.ts";
import { hybridAttention, maskedAttention } from "../lib/sparse/attention.ts";
import { amdahlBound } from "../lib/sparse/cost.ts";
import type { Pattern } from "../lib/sparse/patterns/pattern.ts";
import { hybridPlan, type SparsePlan } from "../lib/sparse/plan.ts";
import { Random } from "../lib/stats/random.ts";
import { prefill } from "./random_decoder.ts";
import { relativeDifference } from "./report.ts";

/** Hybrid attention with one share of full heads. */
export interface HybridProgram {
  readonly name: string;
  readonly plan: SparsePlan;
  readonly attention: AttentionFunction;
  /** Largest speed-up at a length, given attention's share of dense time. */
  readonly bound: (tokens: number, attentionShare: number) => number;
}

/** One program for each share of full heads, which are drawn at random over the whole model. */
export function hybridPrograms(
  config: TextConfig,
  shares: readonly number[],
  local: Pattern,
): HybridProgram[] {
  const { layers, heads } = gridOf(config);
  return shares.map((share) => {
    const drawn = new Random(0).choice(layers * heads, Math.round(share * layers * heads));
    const full = Array.from(drawn, (i) => ({ layer: Math.floor(i / heads), head: i % heads }));
    const plan = hybridPlan({ layers, heads }, full, local);
    return {
      name: `hybrid ${share}`,
      plan,
      attention: hybridAttention(plan),
      bound: (tokens, attentionShare) => amdahlBound(attentionShare, tokens, plan),
    };
  });
}

/** No attention at all: what the rest of a prefill takes. */
export const withoutAttention: AttentionFunction = (k, { query }) => k.scale(query, 1);

/** Tokens of the prompt on which results are checked: more than the sink and the window. */
const checkedTokens = 500;

/** Compares hybrid prefill with masked dense attention. @throws {Error} if they differ by more than the limit */
export function checkHybrid(
  decoder: TextDecoder,
  attention: AttentionFunction,
  plan: SparsePlan,
  limit: number,
): void {
  const masked: AttentionFunction = (k, call) =>
    maskedAttention(k, call, plan.patterns[call.layer]);
  const found = prefill(decoder, checkedTokens, attention).last;
  const wanted = prefill(decoder, checkedTokens, masked).last;
  const difference = relativeDifference(found, wanted);
  if (!(difference < limit)) {
    throw new Error(`Hybrid prefill differs from masked dense attention by ${difference}`);
  }
}
