/**
 * What attribution comes to over samples: effects of heads by rule, and the largest edges.
 *
 * @module
 */
import type { EdgeAttribution } from "../causal/edge_attribution.ts";
import { headAt, type HeadGrid } from "../common/head_id.ts";
import { type HeadScores, headScores, summarizeHeads } from "../heads/head_scores.ts";
import { bootstrapInterval } from "../stats/bootstrap_pairs.ts";
import { topIndices } from "../stats/rank.ts";

/** What reads an edge: `queries` of a head, `keys` or `values` of a key-value head, `mlp`, `logits`. */
export type EdgeInput = "logits" | "mlp" | "queries" | "keys" | "values";

/** All kinds of readers of an edge. */
export const edgeInputs: readonly EdgeInput[] = ["logits", "mlp", "queries", "keys", "values"];

/** Losses by one sample. */
export interface AttributionRow {
  /** The sample. */
  readonly id: string;
  /** Its domain. */
  readonly domain: string;
  /** The metric of the model as it is. */
  readonly value: number;
  /** Losses `[L * N]` by rule, the first the one that heads are ranked by. */
  readonly rules: Readonly<Record<string, Float32Array>>;
  /** Losses by edge, as in `EdgeAttribution`; null where none were asked for. */
  readonly edges: Readonly<Record<EdgeInput, Float32Array>> | null;
}

/** A mean over samples with its 95% interval. */
export interface AttributedLoss {
  /** What the metric loses, on average. */
  readonly loss: number;
  /** Its 95% interval over samples. */
  readonly ci95: readonly [low: number, high: number];
}

/** One row of `results.json`: what the metric loses where this head alone is changed. */
export interface AttributedHead {
  /** Its layer. */
  readonly layer: number;
  /** Its number there. */
  readonly head: number;
  /** Losses by rule; the first is the one that heads are sorted by. */
  readonly losses: Readonly<Record<string, AttributedLoss>>;
}

/** One row of `edges.json`: what the metric loses by way of one reader. */
export interface AttributedEdge extends AttributedLoss {
  /** Layer and number of the head that writes. */
  readonly from: readonly [layer: number, head: number];
  /** What of the reader. */
  readonly input: EdgeInput;
  /** Layer of the reader, and its number there; null for a network, and both for the logits. */
  readonly to: readonly [layer: number | null, head: number | null];
}

/** What heads cost, by attribution. */
export interface AttributedHeads {
  /** Losses by sample and head, by every rule. */
  readonly rules: readonly HeadScores[];
  /** Heads, the largest loss first. */
  readonly heads: readonly AttributedHead[];
  /** The largest edges, by size; none where they were not asked for. */
  readonly edges: readonly AttributedEdge[];
  /** The metric of the model as it is, on average. */
  readonly value: number;
}

/** Losses by reader: the effects with their signs turned. */
export function edgeLosses(found: EdgeAttribution): NonNullable<AttributionRow["edges"]> {
  const turned = (name: EdgeInput) => found[name].map((effect) => 0 - effect);
  return {
    ...{ logits: turned("logits"), mlp: turned("mlp"), queries: turned("queries") },
    ...{ keys: turned("keys"), values: turned("values") },
  };
}

/** How intervals are drawn, and how many edges are named. */
export interface AttributionSummary {
  readonly draws: number;
  readonly seed: number;
  readonly fraction: number;
  readonly edges: number;
}

/** What rows come to. */
export function attributionResults(
  rows: readonly AttributionRow[],
  grid: HeadGrid,
  options: AttributionSummary,
): AttributedHeads {
  const rules = Object.keys(rows[0].rules).map((rule) =>
    headScores(rule, grid, rows.map(({ id, domain, rules }) => ({ id, domain, map: rules[rule] })))
  );
  const summaries = rules.map((scores) => summarizeHeads(scores, options));
  const heads = summaries[0].ranking.map(({ layer, head }): AttributedHead => {
    const i = layer * grid.heads + head;
    return {
      ...{ layer, head },
      losses: Object.fromEntries(rules.map(({ rule }, r) => {
        const { mean, low, high } = summaries[r];
        return [rule, { loss: mean[i], ci95: [low[i], high[i]] }];
      })),
    };
  });
  const value = rows.reduce((sum, row) => sum + row.value, 0) / rows.length;
  return { rules, heads, edges: largestEdges(rows, grid, options), value };
}

/** The edges with the largest mean losses, by size. */
function largestEdges(
  rows: readonly AttributionRow[],
  grid: HeadGrid,
  { edges: wanted, draws, seed }: AttributionSummary,
): AttributedEdge[] {
  if (wanted === 0 || rows.some(({ edges }) => edges === null)) return [];
  const own = rows.map(({ edges }) => edges!), writers = grid.layers * grid.heads;
  const candidates = edgeInputs.flatMap((input) => {
    const means = new Float64Array(own[0][input].length);
    for (const tables of own) tables[input].forEach((x, i) => means[i] += x / rows.length);
    return [...topIndices(means.map(Math.abs), Math.min(wanted, means.length))]
      .map((i) => ({ input, i, size: Math.abs(means[i]) }));
  }).filter(({ size }) => size > 0).sort((a, b) => b.size - a.size).slice(0, wanted);
  return candidates.map(({ input, i }): AttributedEdge => {
    const readers = own[0][input].length / writers, reader = i % readers;
    const { layer, head } = headAt(Math.floor(i / readers), grid.heads);
    const each = readers / grid.layers; // readers of one layer
    const { estimate, low, high } = bootstrapInterval(
      rows.length,
      (drawn) => {
        let sum = 0;
        for (const row of drawn) sum += own[row][input][i];
        return sum / drawn.length;
      },
      { draws, seed },
    );
    return {
      from: [layer, head],
      input,
      to: input === "logits"
        ? [null, null]
        : [Math.floor(reader / each), input === "mlp" ? null : reader % each],
      loss: estimate,
      ci95: [low, high],
    };
  });
}
