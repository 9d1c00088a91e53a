/**
 * Rows for tables: records in the form in which a reader wants to see them.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { headAt, type HeadId, headName } from "../common/head_id.ts";
import {
  byDomain,
  gridOfScores,
  headConcentration,
  type HeadScores,
  meanScores,
  summarizeHeads,
} from "../heads/head_scores.ts";
import type { AblationResult } from "./ablation_table.ts";
import type { FoundHeads } from "./found_heads.ts";
import type { ScoresSummary } from "./scores_record.ts";

/** An interval as text. */
function between(low: number, high: number): string {
  return `${low.toFixed(3)} to ${high.toFixed(3)}`;
}

/** One domain's concentration. */
export interface ConcentrationRow {
  /** The domain. */
  readonly domain: string;
  /** Its samples. */
  readonly samples: number;
  /** Share of all score that the domain's top heads hold. */
  readonly share: number;
  /** 95% interval of the share. */
  readonly interval: string;
  /** The share where heads are interchangeable within each sample. */
  readonly chance: number;
  /** Probability of such a share by chance. */
  readonly p: number;
}

/**
 * How concentrated scores are in each domain.
 *
 * @param fraction share of heads that counts as top; 0.05 by default
 */
export function concentrationRows(scores: HeadScores, fraction = 0.05): ConcentrationRow[] {
  return [...byDomain(scores)].map(([domain, own]) => {
    const { topShare, chanceShare, pValue } = headConcentration(own, { fraction });
    return {
      domain,
      samples: own.sampleIds.length,
      share: topShare.estimate,
      interval: between(topShare.low, topShare.high),
      chance: chanceShare,
      p: pValue,
    };
  });
}

/** One head of a ranking. */
export interface HeadRow {
  /** From 1. */
  readonly rank: number;
  /** Name. */
  readonly head: string;
  /** Mean score. */
  readonly score: number;
  /** 95% interval of the mean. */
  readonly interval: string;
  /** Share of bootstrap draws in which the head is among the top. */
  readonly membership: number;
}

/** What is known of one head beside its RAM. */
export interface RetrievalRow {
  /** Name. */
  readonly head: string;
  /** Attention on the evidence. */
  readonly ram: number;
  /** The same with the null query. */
  readonly nullRam: number;
  /** RAM minus null RAM. */
  readonly calibrated: number;
  /** Its 95% interval. */
  readonly interval: string;
  /** Evidence over evidence and foils. */
  readonly selectivity: number;
  /** Its value where a head knows no difference. */
  readonly chance: number;
  /** Attention on the token after the first time, on repeated random tokens. */
  readonly induction: number;
}

/**
 * What else might explain heads, beside their RAM. NaN where the samples lack what a score needs.
 *
 * @param found by every rule, as `findHeads` gives it
 * @param heads which, in the order of the rows
 *
 * @example
 * ```ts
 * import { retrievalRows } from "./tables.ts";
 * import { headScores } from "../heads/head_scores.ts";
 * import { assertEquals } from "@std/assert";
 * const grid = { layers: 1, heads: 2 };
 * const maps = [{ id: "s", domain: "d", map: Float32Array.of(0.75, 0.25) }];
 * const ram = headScores("ram", grid, maps);
 * const [row] = retrievalRows({ ...ram, rules: [ram] }, [{ layer: 0, head: 1 }]);
 * assertEquals([row.head, row.ram, row.nullRam], ["L0H1", 0.25, NaN]);
 * ```
 */
export function retrievalRows(
  found: Pick<FoundHeads, "rules" | "rivals">,
  heads: readonly HeadId[],
): RetrievalRow[] {
  const named = (rule: string) => found.rules.find((scores) => scores.rule === rule);
  const mean = (rule: string) => {
    const scores = named(rule);
    return scores ? meanScores(scores) : undefined;
  };
  const [ram, nullRam, calibrated, selectivity, chance] = [
    ...["ram", "null-ram", "calibrated", "selectivity", "selectivity-chance"].map(mean),
  ];
  const several = named("calibrated"), width = gridOfScores(found.rules[0]).heads;
  const ends = several && several.shape[0] > 1 ? summarizeHeads(several) : undefined;
  return heads.map(({ layer, head }): RetrievalRow => {
    const i = layer * width + head, at = (map?: ArrayLike<number>) => map?.[i] ?? NaN;
    return {
      head: headName({ layer, head }),
      ...{ ram: at(ram), nullRam: at(nullRam), calibrated: at(calibrated) },
      interval: ends ? between(ends.low[i], ends.high[i]) : "",
      ...{
        selectivity: at(selectivity),
        chance: at(chance),
        induction: at(found.rivals?.induction),
      },
    };
  });
}

/** The best heads of a record. */
export function topHeadRows(record: ScoresSummary, count: number): HeadRow[] {
  return record.ranking.slice(0, count).map(([layer, head], i) => ({
    rank: i + 1,
    head: headName({ layer, head }),
    score: record.scores[layer][head],
    interval: between(...record.ci95[layer][head]),
    membership: record.topMembership.probability[layer][head],
  }));
}

/** One kind of control beside a set of heads. */
export interface ControlRow {
  /** The kind. */
  readonly control: string;
  /** Number of draws; records of earlier versions do not say. */
  readonly draws?: number;
  /** Metric with the control heads removed; records of earlier versions do not say. */
  readonly value?: number;
  /** That minus the metric with the set removed. */
  readonly excess: number;
  /** Its 95% interval. */
  readonly interval: string;
  /** Probability of such an excess by chance, corrected for all comparisons. */
  readonly p: number;
  /** Share of draws that cost as much. */
  readonly "p over draws": number;
}

/** How a set of heads stands against each kind of control: rows for a table. */
export function controlRows(
  { againstControls = {} }: Pick<AblationResult, "againstControls">,
): ControlRow[] {
  return Object.entries(againstControls).map(([control, found]) => ({
    control,
    ...found.draws === undefined ? {} : { draws: found.draws, value: found.value },
    excess: found.excess,
    interval: between(...found.ci95),
    p: found.pValue,
    "p over draws": found.pValueOverDraws,
  }));
}

/** One head as a point: its score against what the answers lose without it. */
export interface EffectPoint {
  /** Name. */
  readonly name: string;
  /** Mean score. */
  readonly x: { readonly value: number };
  /** Mean loss of log-probability without the head, in nats. */
  readonly y: { readonly value: number };
  /** `core` for chosen heads, else `other heads`. */
  readonly group: string;
}

/**
 * Scores against causal effects, head by head: input of `scatter`.
 *
 * @param scores scores of every head
 * @param effects effects of every head (`headEffects`), of the same model
 * @param chosen heads of the group `core`
 * @throws {InputError} if the two are of different models
 */
export function effectPoints(
  scores: HeadScores,
  effects: HeadScores,
  chosen: readonly HeadId[],
): EffectPoint[] {
  const { layers, heads } = gridOfScores(scores);
  const other = gridOfScores(effects);
  if (other.layers !== layers || other.heads !== heads) {
    throw new InputError(
      `Cannot set scores of ${layers} layers with ${heads} heads against effects of ` +
        `${other.layers} with ${other.heads}`,
    );
  }
  const effect = meanScores(effects);
  const core = new Set(chosen.map(headName));
  return [...meanScores(scores)].map((score, i) => {
    const name = headName(headAt(i, heads));
    const group = core.has(name) ? "core" : "other heads";
    return { name, x: { value: score }, y: { value: effect[i] }, group };
  });
}
