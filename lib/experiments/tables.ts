/**
 * Rows for tables: records in the form in which a reader wants to see them.
 *
 * @module
 */
import { headName } from "../heads/head_id.ts";
import { byDomain, headConcentration, type HeadScores } from "../heads/head_scores.ts";
import type { ScoresSummary } from "./record.ts";

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
  /** 95 % interval of the share. */
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
  /** 95 % interval of the mean. */
  readonly interval: string;
  /** Share of bootstrap draws in which the head is among the top. */
  readonly membership: number;
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
