/**
 * Answers under two kinds of attention, compared.
 *
 * @module
 */
import { differenceInterval } from "../stats/bootstrap_pairs.ts";
import { endsOf } from "../stats/interval.ts";
import { wilsonInterval } from "../stats/proportion.ts";
import { mean } from "../stats/summary.ts";
import type { SampleAnswer } from "./answers.ts";

/** What one metric says of dense and hybrid answers. */
export interface AnswerQuality {
  /** `accuracy`: share of right answers; or a score that the samples' benchmark publishes. */
  readonly metric: string;
  /** Samples of this length group that have the metric. */
  readonly samples: number;
  /** Mean with dense attention. */
  readonly denseValue: number;
  /** Mean with hybrid attention. */
  readonly sparseValue: number;
  /** 95% interval of an accuracy with dense attention (Wilson); absent for other metrics. */
  readonly dense95?: readonly [low: number, high: number];
  /** The same with hybrid attention. */
  readonly sparse95?: readonly [low: number, high: number];
  /** 95% interval of the difference, hybrid minus dense, over the same samples. */
  readonly difference95: readonly [low: number, high: number];
}

/** The answers of one length group, dense against hybrid: accuracy, then published scores by name. */
export function comparedAnswers(
  dense: readonly SampleAnswer[],
  sparse: readonly SampleAnswer[],
  seed: number,
): AnswerQuality[] {
  const named = new Set(dense.flatMap(({ scores }) => Object.keys(scores)));
  return ["accuracy", ...named].map((metric): AnswerQuality => {
    const value = ({ correct, scores }: SampleAnswer) =>
      metric === "accuracy" ? [Number(correct)] : metric in scores ? [scores[metric]] : [];
    const before = dense.flatMap(value), after = sparse.flatMap(value);
    const wilson = (values: readonly number[]) =>
      endsOf(wilsonInterval(values.reduce((a, b) => a + b, 0), values.length));
    return {
      metric,
      samples: before.length,
      denseValue: mean(before),
      sparseValue: mean(after),
      ...metric === "accuracy" ? { dense95: wilson(before), sparse95: wilson(after) } : {},
      difference95: endsOf(differenceInterval(after, before, { seed })),
    };
  });
}
