/**
 * What an ablation experiment measures, and the rows of `results.json`.
 *
 * @module
 */
import type { AgainstControl } from "./ablation_comparison.ts";
import type { PlannedAblation } from "./ablation_plan.ts";

/** One sample's outcomes, by set of heads. */
export interface AblationRow {
  /** The sample. */
  readonly id: string;
  /** Its domain. */
  readonly domain: string;
  /** 1 where the answer is right; NaN where the set was not run on the sample. */
  readonly correct: Float32Array;
  /** Log-probability of the right answer; NaN where the set was not run. */
  readonly logProb: Float32Array;
  /** Further scores by name, where the sample has them. */
  readonly scores?: Readonly<Record<string, Float32Array>>;
}

/** Measured by sample and set of heads; `[samples, sets]` row by row. */
export interface AblationTable {
  /** The sets of heads; the first is empty, the baseline. */
  readonly plan: readonly PlannedAblation[];
  /** The samples' ids. */
  readonly sampleIds: readonly string[];
  /** Their domains. */
  readonly domains: readonly string[];
  /** 1 where the answer is right; 0 also where the set was not run. */
  readonly correct: Uint8Array;
  /** Log-probability of the right answer, in nats; NaN where the set was not run on the sample. */
  readonly logProb: Float32Array;
  /** Further scores by name, NaN where a sample has none of that name; none by default. */
  readonly scores?: Readonly<Record<string, Float32Array>>;
}

/** One row of `results.json`. */
export interface AblationResult {
  /** Why these heads were removed. */
  readonly condition: string;
  /** Share of heads removed. */
  readonly fraction: number;
  /** Number of the draw. */
  readonly draw: number;
  /** Where one row stands for the mean of many draws: how many. */
  readonly draws?: number;
  /** The named set that the heads are, or are a control for; none for `core` and its controls. */
  readonly set?: string;
  /** The heads, `[layer, head]`; none where the row stands for many draws. */
  readonly heads: readonly (readonly [layer: number, head: number])[];
  /** Domain of the samples, or `all`. */
  readonly domain: string;
  /** Number of samples that it was run on. */
  readonly samples: number;
  /**
   * `accuracy`, `log-probability` of the right answer, or the name of a score that the samples'
   * benchmark publishes, over those samples that have it.
   */
  readonly metric: string;
  /** Mean over samples. */
  readonly value: number;
  /** Its 95% interval: Wilson's for accuracy, bootstrap else; over draws, too, for their mean. */
  readonly ci95: readonly [low: number, high: number];
  /** Baseline minus value. */
  readonly dropFromBaseline: number;
  /** Its 95% interval, paired by sample: Tango's for accuracy, bootstrap else. */
  readonly dropCi95: readonly [low: number, high: number];
  /** Probability of so large a change, of either sign, if the ablation did nothing. */
  readonly pValue: number;
  /** For `core` and named sets: the comparison with each kind of control. */
  readonly againstControls?: Readonly<Record<string, AgainstControl>>;
}
