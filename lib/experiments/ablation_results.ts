/**
 * What an ablation experiment found: metrics with intervals, drops, and comparisons with controls.
 *
 * @module
 */
import {
  ablationEffect,
  compareWithControls,
  correctedPValues,
  type MetricBySample,
} from "../causal/effect.ts";
import { InputError } from "../common/errors.ts";
import { type HeadScores, headScores } from "../heads/head_scores.ts";
import { meanIntervals } from "../stats/bootstrap.ts";
import { sampleMatrix } from "../stats/matrix.ts";
import { wilsonInterval } from "../stats/proportion.ts";
import { controlNames, type PlannedAblation } from "./ablation_plan.ts";

/** One sample's outcomes, by set of heads. */
export interface AblationRow {
  /** The sample. */
  readonly id: string;
  /** Its domain. */
  readonly domain: string;
  /** 1 where the answer is right. */
  readonly correct: Float32Array;
  /** Log-probability of the right answer. */
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
  /** 1 where the answer is right. */
  readonly correct: Uint8Array;
  /** Log-probability of the right answer, in nats. */
  readonly logProb: Float32Array;
  /** Further scores by name, NaN where a sample has none of that name; none by default. */
  readonly scores?: Readonly<Record<string, Float32Array>>;
}

/** How `core` stands against one kind of control at the same share of heads. */
export interface AgainstControl {
  /** Mean metric of the control draws minus that of `core`. */
  readonly excess: number;
  /** Its 95 % interval over samples. */
  readonly ci95: readonly [low: number, high: number];
  /** Probability of such an excess if `core` were no worse, corrected for the kinds of control. */
  readonly pValue: number;
  /** Share of the draws (with `core` itself) that lose at least as much. */
  readonly pValueOverDraws: number;
}

/** One row of `results.json`. */
export interface AblationResult {
  /** Why these heads were removed. */
  readonly condition: string;
  /** Share of heads removed. */
  readonly fraction: number;
  /** Number of the draw. */
  readonly draw: number;
  /** The heads, `[layer, head]`. */
  readonly heads: readonly (readonly [layer: number, head: number])[];
  /** Domain of the samples, or `all`. */
  readonly domain: string;
  /** Number of samples. */
  readonly samples: number;
  /**
   * `accuracy`, `log-probability` of the right answer, or the name of a score that the samples'
   * benchmark publishes, over those samples that have it.
   */
  readonly metric: string;
  /** Mean over samples. */
  readonly value: number;
  /** Its 95 % interval: Wilson's for accuracy, bootstrap else. */
  readonly ci95: readonly [low: number, high: number];
  /** Baseline minus value. */
  readonly dropFromBaseline: number;
  /** Its 95 % interval, paired by sample. */
  readonly dropCi95: readonly [low: number, high: number];
  /** Probability of such a drop if the ablation did nothing. */
  readonly pValue: number;
  /** For `core`: the comparison with each kind of control. */
  readonly againstControls?: Readonly<Record<string, AgainstControl>>;
}

/** Settings of {@link ablationResults}. */
export interface ResultOptions {
  /** Bootstrap draws; 2000 by default. */
  readonly draws?: number;
  /** Seed of bootstrap and permutations; 0 by default. */
  readonly seed?: number;
}

/** A metric of the table. */
interface Metric {
  readonly name: string;
  /** Values of one set on chosen samples. */
  of(set: number, rows: readonly number[]): Float64Array;
  /** Whether a sample has a value. */
  has(row: number): boolean;
}

function metricsOf(table: AblationTable): Metric[] {
  const sets = table.plan.length;
  const from = (data: Uint8Array | Float32Array) => (set: number, rows: readonly number[]) =>
    Float64Array.from(rows, (row) => data[row * sets + set]);
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

/**
 * The rows of `results.json`: for each metric every set of heads, over all samples and (where there
 * are several) by domain; single heads over all samples only.
 *
 * @throws {InputError} for a table without samples or without a baseline
 */
export function ablationResults(
  table: AblationTable,
  options: ResultOptions = {},
): AblationResult[] {
  const { plan, domains } = table;
  if (domains.length === 0) throw new InputError("Cannot summarise an ablation of 0 samples");
  if (plan[0]?.condition !== "none") {
    throw new InputError("Cannot summarise an ablation without a baseline: wanted it first");
  }
  const everyRow = domains.map((_, row) => row);
  const names = [...new Set(domains)];
  const groups: [string, readonly number[]][] = [["all", everyRow]];
  if (names.length > 1) {
    for (const name of names) groups.push([name, everyRow.filter((row) => domains[row] === name)]);
  }
  return metricsOf(table).flatMap((metric) =>
    groups.flatMap(([domain, all]) => {
      const rows = all.filter(metric.has);
      if (rows.length === 0) return [];
      const strata = rows.map((row) => domains[row]);
      const resample = { draws: options.draws ?? 2000, seed: options.seed ?? 0, strata };
      const baseline = metric.of(0, rows);
      const sets = [...plan.keys()].filter((set) =>
        domain === "all" || plan[set].condition !== "head"
      );
      return sets.map((set): AblationResult => {
        const { condition, fraction, draw, heads } = plan[set];
        const values = metric.of(set, rows);
        const { value, drop, pValue } = ablationEffect(baseline, values, resample);
        return {
          condition,
          fraction,
          draw,
          heads: heads.map(({ layer, head }) => [layer, head] as const),
          domain,
          samples: rows.length,
          metric: metric.name,
          value,
          ci95: valueInterval(metric.name, values, resample),
          dropFromBaseline: drop.estimate,
          dropCi95: [drop.low, drop.high],
          pValue,
          againstControls: condition === "core"
            ? againstControls(table, metric, set, rows, resample)
            : undefined,
        };
      });
    })
  );
}

function valueInterval(
  metric: string,
  values: Float64Array,
  resample: { readonly draws: number; readonly seed: number; readonly strata: readonly string[] },
): [number, number] {
  if (metric === "accuracy") {
    const { low, high } = wilsonInterval(values.reduce((a, b) => a + b, 0), values.length);
    return [low, high];
  }
  const { low, high } = meanIntervals(sampleMatrix(values, values.length, 1), resample);
  return [low[0], high[0]];
}

/** Compares a `core` set with the controls of the same number of heads. */
function againstControls(
  table: AblationTable,
  metric: Metric,
  core: number,
  rows: readonly number[],
  resample: { readonly draws: number; readonly seed: number; readonly strata: readonly string[] },
): Record<string, AgainstControl> | undefined {
  const { plan } = table;
  const baseline = metric.of(0, rows), ablated = metric.of(core, rows);
  const size = plan[core].heads.length;
  const found = controlNames.flatMap((name) => {
    const draws: MetricBySample[] = plan.flatMap(({ condition, heads }, set) =>
      condition === name && heads.length === size ? [metric.of(set, rows)] : []
    );
    return draws.length > 0
      ? [[name, compareWithControls(baseline, ablated, draws, resample)] as const]
      : [];
  });
  if (found.length === 0) return undefined;
  const corrected = correctedPValues(
    Object.fromEntries(found.map(([name, { pValue }]) => [name, pValue])),
  );
  return Object.fromEntries(found.map(([name, { excess, pValueOverDraws }]) => [name, {
    excess: excess.estimate,
    ci95: [excess.low, excess.high] as const,
    pValue: corrected[name],
    pValueOverDraws,
  }]));
}

/**
 * What each head does by itself: loss of log-probability of the right answer when it alone is
 * removed, by sample, as scores by the rule `effect`.
 *
 * @param grid layers and heads of the model
 * @throws {InputError} unless the experiment had the condition `head`
 */
export function headEffects(
  table: AblationTable,
  grid: { readonly layers: number; readonly heads: number },
): HeadScores {
  const sets = table.plan.length;
  const singles = table.plan.flatMap(({ condition }, set) => condition === "head" ? [set] : []);
  if (singles.length !== grid.layers * grid.heads) {
    throw new InputError(
      `Cannot tell the effects of ${grid.layers * grid.heads} heads from ${singles.length} ` +
        'ablations of one head: wanted the condition "head"',
    );
  }
  return headScores(
    "effect",
    grid,
    table.sampleIds.map((id, row) => ({
      id,
      domain: table.domains[row],
      map: Float32Array.from(
        singles,
        (set) => table.logProb[row * sets] - table.logProb[row * sets + set],
      ),
    })),
  );
}
