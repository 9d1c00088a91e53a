/**
 * One row of an ablation's results: a set of heads, or many draws together, by one metric.
 *
 * @module
 */
import { ablationEffect } from "../causal/effect.ts";
import { meanIntervals } from "../stats/bootstrap.ts";
import { crossedInterval } from "../stats/crossed.ts";
import { endsOf } from "../stats/interval.ts";
import { sampleMatrix } from "../stats/matrix.ts";
import { wilsonInterval } from "../stats/proportion.ts";
import { type ComparedSets, type Resample, tableOf } from "./ablation_comparison.ts";
import type { PlannedAblation } from "./ablation_plan.ts";
import type { AblationResult, AblationTable } from "./ablation_table.ts";

/** A metric of the table. */
export interface Metric {
  readonly name: string;
  /** Values of one set on chosen samples; NaN where it was not run. */
  of(set: number, rows: readonly number[]): Float64Array;
  /** Whether a sample has a value. */
  has(row: number): boolean;
}

/** The metrics of a table: accuracy, log-probability, and what the samples' benchmark publishes. */
export function metricsOf(table: AblationTable): Metric[] {
  const sets = table.plan.length;
  const from = (data: Uint8Array | Float32Array) => (set: number, rows: readonly number[]) =>
    Float64Array.from(rows, (row) => {
      const cell = row * sets + set;
      return Number.isNaN(table.logProb[cell]) ? NaN : data[cell];
    });
  return [
    { name: "accuracy", of: from(table.correct), has: () => true },
    { name: "log-probability", of: from(table.logProb), has: () => true },
    ...Object.entries(table.scores ?? {}).map(([name, values]) => ({
      name,
      of: from(values),
      has: (row: number) => !Number.isNaN(values[row * sets]),
    })),
  ];
}

/** What a row is about. */
export interface RowSubject {
  /** The set, or the first of many draws. */
  readonly planned: PlannedAblation;
  readonly metric: string;
  /** Domain of the samples, or `all`. */
  readonly domain: string;
}

/** The row of one set, on the samples that it was run on. */
export function rowOfSet(
  { planned: { condition, fraction, draw, heads, set }, metric, domain }: RowSubject,
  baseline: Float64Array,
  values: Float64Array,
  resample: Resample,
): AblationResult {
  const { value, drop, pValue } = ablationEffect(baseline, values, resample);
  return {
    condition,
    fraction,
    draw,
    set,
    heads: heads.map(({ layer, head }) => [layer, head] as const),
    domain,
    samples: values.length,
    metric,
    value,
    ci95: valueInterval(metric, values, resample),
    dropFromBaseline: drop.estimate,
    dropCi95: condition === "none" ? [0, 0] : endsOf(drop),
    pValue,
  };
}

/** The row that stands for the mean of many draws. */
export function rowOfDraws(
  { planned: { condition, fraction, set }, metric, domain }: RowSubject,
  { valuesOf, resample }: Pick<ComparedSets, "valuesOf" | "resample">,
  sets: readonly number[],
): AblationResult {
  const baseline = valuesOf(0), values = sets.map(valuesOf);
  const { estimate: value, low, high } = crossedInterval(tableOf(values), resample);
  const drops = values.map((own) => own.map((right, i) => baseline[i] - right));
  const drop = crossedInterval(tableOf(drops), resample);
  return {
    condition,
    fraction,
    draw: 0,
    draws: sets.length,
    set,
    heads: [],
    domain,
    samples: baseline.length,
    metric,
    value,
    ci95: [low, high],
    dropFromBaseline: drop.estimate,
    dropCi95: endsOf(drop),
    pValue: drop.pValue,
  };
}

function valueInterval(
  metric: string,
  values: Float64Array,
  resample: Resample,
): [number, number] {
  if (metric === "accuracy") {
    return endsOf(wilsonInterval(values.reduce((a, b) => a + b, 0), values.length));
  }
  const { low, high } = meanIntervals(sampleMatrix(values, values.length, 1), resample);
  return [low[0], high[0]];
}
