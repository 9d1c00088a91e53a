/**
 * A set of heads against its controls: excess, probabilities, and what draws that raise or lower the
 * metric have in common.
 *
 * @module
 */
import { compareWithControls, type MetricBySample } from "../causal/effect.ts";
import { crossedInterval } from "../stats/crossed.ts";
import { endsOf } from "../stats/interval.ts";
import { holm } from "../stats/multiple.ts";
import { sharedMembers } from "../stats/shared_members.ts";
import { mean } from "../stats/summary.ts";
import { controlNames, type PlannedAblation } from "./ablation_plan.ts";

/** A head that draws of one kind share more often than chance would have it. */
export interface SharedHead {
  /** The head, `[layer, head]`. */
  readonly head: readonly [layer: number, head: number];
  /** Draws of the kind that remove it. */
  readonly among: number;
  /** How many would by chance. */
  readonly expected: number;
  /** Probability of so many, corrected for all heads (Holm). */
  readonly pValue: number;
}

/** Draws that change a metric one way. */
export interface ChangingDraws {
  /** How many do. */
  readonly draws: number;
  /** How many do with 95% of certainty, each by itself. */
  readonly surely: number;
  /**
   * Heads that they share beyond chance, corrected p-value below 0.05; at most ten. Of the draws that
   * surely change the metric, where there are three or more.
   */
  readonly heads: readonly SharedHead[];
}

/** How a set of heads stands against one kind of control of the same size. */
export interface AgainstControl {
  /** Mean metric of the control draws minus that of the set. */
  readonly excess: number;
  /** Its 95% interval over samples and draws. */
  readonly ci95: readonly [low: number, high: number];
  /**
   * Probability of an excess so far from 0, of either sign, if the set cost what the controls cost on
   * average, over samples and draws; corrected (Holm) for all comparisons of the table.
   */
  readonly pValue: number;
  /** The same for this comparison alone. */
  readonly pValueAlone: number;
  /** (1 + draws at least as damaging) / (1 + draws), for this comparison alone. */
  readonly pValueOverDraws: number;
  /** The same, corrected (Holm) for all comparisons of the table with several draws. */
  readonly pValueOverDrawsCorrected?: number;
  /** Number of different draws. */
  readonly draws: number;
  /** Mean metric of the draws. */
  readonly value: number;
  /** Its 95% interval over samples and draws; for one draw, over samples. */
  readonly valueCi95: readonly [low: number, high: number];
  /** Lowest and highest metric of a draw. */
  readonly range: readonly [low: number, high: number];
  /** Draws that raise the metric above the whole model's, where there are many. */
  readonly raising?: ChangingDraws;
  /** Draws that lower it. */
  readonly lowering?: ChangingDraws;
}

/** What a comparison is made from. */
export interface ComparedSets {
  /** The sets of heads. */
  readonly plan: readonly PlannedAblation[];
  /** Metric of a set by sample; NaN where it was not run. */
  readonly valuesOf: (set: number) => Float64Array;
  /** Interval of a set's drop. */
  readonly dropOf: (set: number) => readonly [low: number, high: number];
  /** Whether to say which heads raising and lowering draws share. */
  readonly explain: boolean;
  /** Draws, seed and strata of the bootstrap. */
  readonly resample: Resample;
}

/** How samples are drawn again. */
export interface Resample {
  /** Bootstrap draws. */
  readonly draws: number;
  readonly seed: number;
  /** Domain of each sample. */
  readonly strata: readonly string[];
}

/** Draws of a kind at least, for what some of them share to be worth telling. */
const manyDraws = 20;

/** Draws that surely change the metric at least, for them alone to be looked at. */
const fewDraws = 3;

/** The numbers of a set's controls of one kind. */
export function controlsOf(
  plan: readonly PlannedAblation[],
  set: number,
  name: string,
): number[] {
  const own = plan[set];
  return [...plan.keys()].filter((i) =>
    plan[i].condition === name && plan[i].set === own.set &&
    plan[i].heads.length === own.heads.length && plan[i].fraction === own.fraction
  );
}

/** Compares a set with its controls of every kind. */
export function againstControls(
  compared: ComparedSets,
  set: number,
): Record<string, AgainstControl> | undefined {
  const { plan, valuesOf, resample } = compared;
  const baseline = valuesOf(0), ablated = valuesOf(set);
  const found = controlNames.flatMap((name) => {
    const numbers = controlsOf(plan, set, name);
    const values = numbers.map(valuesOf);
    const run = [...numbers.keys()].filter((i) => values[i].some((value) => !Number.isNaN(value)));
    if (run.length === 0) return [];
    const draws = run.map((i) => values[i]);
    const { excess, pValue, pValueOverDraws } = compareWithControls(
      baseline,
      ablated,
      draws,
      resample,
    );
    const means = draws.map(meanRun);
    const all = crossedInterval(tableOf(draws), resample);
    return [
      [name, {
        excess: excess.estimate,
        ci95: endsOf(excess),
        pValue,
        pValueAlone: pValue,
        pValueOverDraws,
        draws: draws.length,
        value: all.estimate,
        valueCi95: endsOf(all),
        range: [Math.min(...means), Math.max(...means)],
        ...compared.explain && draws.length >= manyDraws
          ? changesOf(compared, run.map((i) => numbers[i]))
          : {},
      }] as const satisfies readonly [string, AgainstControl],
    ];
  });
  return found.length > 0 ? Object.fromEntries(found) : undefined;
}

/** Mean over the samples on which a draw was run. */
function meanRun(values: MetricBySample): number {
  return mean(Float64Array.from(Array.from(values).filter((value) => !Number.isNaN(value))));
}

/** Draws side by side, `[samples, draws]`. */
export function tableOf(draws: readonly MetricBySample[]) {
  const rows = draws[0].length, columns = draws.length;
  const data = Float64Array.from(
    { length: rows * columns },
    (_, i) => draws[i % columns][Math.floor(i / columns)],
  );
  return { rows, columns, data };
}

/** Which draws raise and lower the metric, and the heads that they share. */
function changesOf({ plan, valuesOf, dropOf }: ComparedSets, draws: readonly number[]) {
  const baseline = valuesOf(0);
  const drops = draws.map((draw) => {
    const values = valuesOf(draw);
    return meanRun(baseline.map((value, i) => value - values[i]));
  });
  const ends = draws.map(dropOf);
  const heads = plan.flatMap((one) => one.heads);
  const perLayer = 1 + Math.max(...heads.map(({ head }) => head));
  const sets = draws.map((draw) =>
    plan[draw].heads.map(({ layer, head }) => layer * perLayer + head)
  );
  const sharing = (all: readonly boolean[], sure: readonly boolean[]): ChangingDraws => ({
    draws: all.filter(Boolean).length,
    surely: sure.filter(Boolean).length,
    heads: sharedMembers(sets, sure.filter(Boolean).length >= fewDraws ? sure : all).filter((
      { pValue },
    ) => pValue < 0.05).slice(0, 10)
      .map(({ member, among, expected, pValue }) => ({
        head: [Math.floor(member / perLayer), member % perLayer],
        among,
        expected,
        pValue,
      })),
  });
  return {
    raising: sharing(drops.map((drop) => drop < 0), ends.map(([, high]) => high < 0)),
    lowering: sharing(drops.map((drop) => drop > 0), ends.map(([low]) => low > 0)),
  };
}

/** Corrects the p-values of all comparisons of a table, of samples and of draws each (Holm). */
export function correctComparisons<
  Row extends { readonly againstControls?: Readonly<Record<string, AgainstControl>> },
>(rows: readonly Row[]): Row[] {
  const all = rows.flatMap(({ againstControls = {} }) => Object.values(againstControls));
  const drawn = all.filter(({ draws }) => draws > 1);
  const overBoth = holm(all.map(({ pValueAlone }) => pValueAlone));
  const overDraws = holm(drawn.map(({ pValueOverDraws }) => pValueOverDraws));
  const corrected = new Map(all.map((one, i) => {
    const place = drawn.indexOf(one);
    const own = place < 0 ? {} : { pValueOverDrawsCorrected: overDraws[place] };
    return [one, { ...one, pValue: overBoth[i], ...own }] as const;
  }));
  return rows.map((row) =>
    row.againstControls
      ? {
        ...row,
        againstControls: Object.fromEntries(
          Object.entries(row.againstControls).map(([name, one]) => [name, corrected.get(one)!]),
        ),
      }
      : row
  );
}
