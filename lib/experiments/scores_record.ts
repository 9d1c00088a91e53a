/**
 * `scores.json`: what the samples say about every head.
 *
 * @module
 */
import {
  byDomain,
  filterSamples,
  type HeadScores,
  type HeadSummary,
  meanScores,
  summarizeHeads,
  type SummaryOptions,
} from "../heads/head_scores.ts";
import type { EvidenceConcentration } from "./moved_maps.ts";
import type { RivalScores } from "../heads/rival_scores.ts";

/** What `scores.json` says of all samples, or of those of one domain. */
export interface ScoresSummary extends CompanionScores {
  /** The model's name. */
  readonly model: string;
  /** The scoring rule. */
  readonly rule: string;
  /** L. */
  readonly layers: number;
  /** N. */
  readonly heads: number;
  /** Number of samples. */
  readonly samples: number;
  /** Mean scores, `[L][N]`. */
  readonly scores: readonly (readonly number[])[];
  /** 95% intervals of the means, `[L][N][2]`. */
  readonly ci95: readonly (readonly (readonly [low: number, high: number])[])[];
  /** `[layer, head]`, best first. */
  readonly ranking: readonly (readonly [layer: number, head: number])[];
  /** Share of bootstrap draws in which a head is among the top fraction, `[L][N]`. */
  readonly topMembership: {
    readonly fraction: number;
    readonly probability: readonly (readonly number[])[];
  };
}

/** Scores beside the rule's own, where samples have what they need. */
export interface CompanionScores {
  /** RAM, mean over samples, `[L][N]`, whichever rule is first. */
  readonly ram?: readonly (readonly number[])[];
  /** RAM minus the null query's, mean over samples, `[L][N]`. */
  readonly calibrated?: readonly (readonly number[])[];
  /** 95% intervals of `calibrated`, `[L][N][2]`. */
  readonly calibratedCi95?: readonly (readonly (readonly [low: number, high: number])[])[];
  /** The null query's attention on the evidence, `[L][N]`. */
  readonly nullRam?: readonly (readonly number[])[];
  /** Share of the evidence among evidence and foils, `[L][N]`. */
  readonly selectivity?: readonly (readonly number[])[];
  /** 95% intervals of `selectivity`, `[L][N][2]`. */
  readonly selectivityCi95?: readonly (readonly (readonly [low: number, high: number])[])[];
  /** Selectivity of a head that knows no difference, `[L][N]`, everywhere the same. */
  readonly chance?: readonly (readonly number[])[];
  /** Number of samples behind each, where some lack a null query or foils. */
  readonly companionSamples?: { readonly calibrated?: number; readonly selectivity?: number };
}

/** Other explanations of each head, `[L][N]`, on repeated random tokens; see `RivalScores`. */
export type RivalTables = {
  readonly [name in keyof RivalScores]?: readonly (readonly number[])[];
};

/** The content of `scores.json`. */
export interface ScoresRecord extends ScoresSummary, RivalTables {
  /** Whether it is the evidence that draws the top heads, where it can be moved. */
  readonly evidenceConcentration?: EvidenceConcentration;
  /** The same for each domain. */
  readonly domains: Readonly<Record<string, ScoresSummary>>;
}

/** One value per head as `[L][N]`. */
function tableOf<T>({ shape: [, layers, heads] }: HeadScores, value: (i: number) => T): T[][] {
  return Array.from(
    { length: layers },
    (_, l) => Array.from({ length: heads }, (_, n) => value(l * heads + n)),
  );
}

/** What rules on null queries and foils say of the samples. */
function companionsOf(all: readonly HeadScores[], options: SummaryOptions): CompanionScores {
  const named = (rule: string) => all.find((scores) => scores.rule === rule);
  const means = (scores: HeadScores | undefined) => {
    if (!scores) return undefined;
    const mean = meanScores(scores);
    return tableOf(scores, (i) => mean[i]);
  };
  const intervals = (scores: HeadScores | undefined) => {
    if (!scores) return undefined;
    const { low, high } = summarizeHeads(scores, options);
    return tableOf(scores, (i) => [low[i], high[i]] as const);
  };
  const calibrated = named("calibrated"), selectivity = named("selectivity");
  const ram = means(named("ram"));
  if (!calibrated && !selectivity) return { ram };
  return {
    ram,
    calibrated: means(calibrated),
    calibratedCi95: intervals(calibrated),
    nullRam: means(named("null-ram")),
    selectivity: means(selectivity),
    selectivityCi95: intervals(selectivity),
    chance: means(named("selectivity-chance")),
    companionSamples: {
      calibrated: calibrated?.shape[0],
      selectivity: selectivity?.shape[0],
    },
  };
}

function summaryOf(
  model: string,
  scores: HeadScores,
  options: SummaryOptions,
  all: readonly HeadScores[],
): ScoresSummary {
  const [samples, layers, heads] = scores.shape;
  const summary: HeadSummary = summarizeHeads(scores, options);
  const table = <T>(value: (i: number) => T) => tableOf(scores, value);
  return {
    model,
    rule: scores.rule,
    layers,
    heads,
    samples,
    scores: table((i) => summary.mean[i]),
    ci95: table((i) => [summary.low[i], summary.high[i]] as const),
    ranking: summary.ranking.map(({ layer, head }) => [layer, head] as const),
    topMembership: {
      fraction: summary.fraction,
      probability: table((i) => summary.membership[i]),
    },
    ...companionsOf(all, options),
  };
}

/**
 * The content of `scores.json`: means, intervals, ranking and membership, over all samples and by
 * domain; beside them, where samples have a null query or foils, calibrated scores and selectivity.
 *
 * @param model name of the model
 * @param all scores by every rule, from which those beside the rule's own are taken
 * @param rivals other explanations of each head, `[L * N]` by name
 */
export function scoresRecord(
  model: string,
  scores: HeadScores,
  options: SummaryOptions = {},
  all: readonly HeadScores[] = [],
  rivals: Readonly<Record<string, ArrayLike<number>>> = {},
): ScoresRecord {
  const domains = [...byDomain(scores)].map(([domain, own]) => {
    const others = all.filter((one) => one.domains.includes(domain))
      .map((one) => filterSamples(one, (_, its) => its === domain));
    return [domain, summaryOf(model, own, options, others)];
  });
  const tables = Object.entries(rivals)
    .map(([name, values]) => [name, tableOf(scores, (i) => values[i])] as const);
  return {
    ...summaryOf(model, scores, options, all),
    ...Object.fromEntries(tables),
    domains: Object.fromEntries(domains),
  };
}
