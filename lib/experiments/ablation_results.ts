/**
 * What an ablation experiment found: metrics with intervals, drops, and comparisons with controls.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { type HeadScores, headScores } from "../heads/head_scores.ts";
import {
  againstControls,
  type ComparedSets,
  controlsOf,
  correctComparisons,
  type Resample,
} from "./ablation_comparison.ts";
import { drawnControls } from "./ablation_plan.ts";
import { type Metric, metricsOf, rowOfDraws, rowOfSet } from "./ablation_rows.ts";
import type { AblationResult, AblationTable } from "./ablation_table.ts";

export type { AgainstControl, ChangingDraws, SharedHead } from "./ablation_comparison.ts";
export type { AblationResult, AblationRow, AblationTable } from "./ablation_table.ts";

/** Settings of {@link ablationResults}. */
export interface ResultOptions {
  /** Bootstrap draws; 2000 by default. */
  readonly draws?: number;
  /** Seed of bootstrap and permutations; 0 by default. */
  readonly seed?: number;
}

/** Kinds with more draws than this have a row for each draw in one table only: accuracy, all samples. */
const fewDraws = 20;

/** Whether each draw of a kind has its row. */
const inDetail = (metric: string, domain: string) => metric === "accuracy" && domain === "all";

/**
 * The rows of `results.json`: for each metric every set of heads, over all samples and (where there
 * are several) by domain. Single heads have rows over all samples only. Of kinds of controls with more
 * than 20 draws, each draw has a row for the accuracy over all samples, and one row stands for their
 * mean elsewhere.
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
  return correctComparisons(
    metricsOf(table).flatMap((metric) =>
      groups.flatMap(([domain, all]) => {
        const rows = all.filter(metric.has);
        return rows.length > 0 ? groupResults(table, metric, domain, rows, options) : [];
      })
    ),
  );
}

/** The rows of one metric over one group of samples. */
function groupResults(
  { plan, domains }: AblationTable,
  metric: Metric,
  domain: string,
  rows: readonly number[],
  { draws = 2000, seed = 0 }: ResultOptions,
): AblationResult[] {
  const resample = (own: readonly number[]): Resample => ({
    draws,
    seed,
    strata: own.map((row) => domains[row]),
  });
  const columns = new Map<number, Float64Array>(), known = new Map<number, AblationResult>();
  const valuesOf = (set: number) => remembered(columns, set, () => metric.of(set, rows));
  const resultOf = (set: number) =>
    remembered(known, set, () => {
      const run = [...rows.keys()].filter((i) => !Number.isNaN(valuesOf(set)[i]));
      const own = (values: Float64Array) => Float64Array.from(run, (i) => values[i]);
      return rowOfSet(
        { planned: plan[set], metric: metric.name, domain },
        own(valuesOf(0)),
        own(valuesOf(set)),
        resample(run.map((i) => rows[i])),
      );
    });
  const compared: ComparedSets = {
    plan,
    valuesOf,
    dropOf: (set) => resultOf(set).dropCi95,
    explain: inDetail(metric.name, domain),
    resample: resample(rows),
  };
  const done = new Set<number>();
  return [...plan.keys()].flatMap((set): AblationResult[] => {
    const { condition } = plan[set];
    if (done.has(set) || (domain !== "all" && condition === "head")) return [];
    if (valuesOf(set).every(Number.isNaN)) return [];
    if ((drawnControls as readonly string[]).includes(condition)) {
      const own = controlsOf(plan, set, condition);
      if (own.length > fewDraws && !inDetail(metric.name, domain)) {
        own.forEach((one) => done.add(one));
        return [rowOfDraws({ planned: plan[set], metric: metric.name, domain }, compared, own)];
      }
    }
    if (condition !== "core" && condition !== "set") return [resultOf(set)];
    return [{ ...resultOf(set), againstControls: againstControls(compared, set) }];
  });
}

/** A value of a map, made where it is missing. */
function remembered<T>(map: Map<number, T>, key: number, make: () => T): T {
  const before = map.get(key);
  if (before !== undefined) return before;
  const made = make();
  map.set(key, made);
  return made;
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
