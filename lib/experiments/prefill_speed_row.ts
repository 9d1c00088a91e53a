/**
 * A row of the record of hybrid prefill.
 *
 * @module
 */
import type { AnyPolicy } from "../sparse/policy_plan.ts";
import type { AnswerQuality } from "./answer_quality.ts";

/** One policy at one budget on prompts of one length. */
export interface PrefillSpeedRow extends AnswerQuality {
  /** Who keeps full attention. */
  readonly policy: AnyPolicy;
  /** Which draw of a random policy; absent where there is one. */
  readonly draw?: number;
  /** Share of heads with full attention; for the oracle that of the plan whose budget it has. */
  readonly fullHeads: number;
  /** First tokens that every head sees. */
  readonly sink: number;
  /** Last tokens that every head sees. */
  readonly window: number;
  /** What streaming heads see, where that is more than sink and window. */
  readonly pattern?: string;
  /** Tokens of the prompt that was timed: the median one of its length group. */
  readonly tokens: number;
  /** Tokens of the shortest and the longest prompt whose answers count. */
  readonly lengths: readonly [least: number, most: number];
  /** Dense prefill by round, in milliseconds; empty for the oracle, as all that follows. */
  readonly denseMs: readonly number[];
  /** Hybrid prefill in the same rounds, in milliseconds. */
  readonly sparseMs: readonly number[];
  /** Median dense time over median hybrid time; null for the oracle, whose time says nothing. */
  readonly speedup: number | null;
  /** 95% interval of the speed-up. */
  readonly ci95: readonly [low: number, high: number] | null;
  /** Speed-up if time were proportional to floating-point operations of the decoder. */
  readonly bound: number;
}

/** Rows of a record by unit: each begins with its accuracy. */
export function rowsByUnit(rows: readonly PrefillSpeedRow[]): PrefillSpeedRow[][] {
  const units: PrefillSpeedRow[][] = [];
  for (const row of rows) {
    if (row.metric === "accuracy") units.push([]);
    units.at(-1)?.push(row);
  }
  return units;
}
