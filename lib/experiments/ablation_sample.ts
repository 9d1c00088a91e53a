/**
 * Ablation on one sample: the outcomes of every set of heads, or of those whose turn it is.
 *
 * @module
 */
import { decodeVariants } from "../causal/decode_variants.ts";
import type { Variant } from "../causal/head_mask.ts";
import { type AnswerSample, type Scope, sweep } from "../causal/sweep.ts";
import type { NamedScores } from "../data/published_scores.ts";
import type { AnyModel } from "../model/network_of.ts";
import type { ReuseCache } from "../model/reuse_cache.ts";
import { Random } from "../stats/random.ts";
import { drawnControls, type PlannedAblation } from "./ablation_plan.ts";
import type { AblationRow, AblationTable } from "./ablation_table.ts";
import type { LazySample } from "./lazy_sample.ts";

/** A sample with its answer. */
export interface AblationSample extends AnswerSample {
  /** Name of the domain. */
  readonly domain: string;
  /**
   * Whether generated tokens are a right answer. Without it, only exactly `answerIds` is right.
   */
  readonly judge?: (tokenIds: readonly number[]) => boolean;
  /** Further scores of generated tokens by name, as the sample's benchmark publishes them. */
  readonly scores?: (tokenIds: readonly number[]) => NamedScores;
  /** Tokens of an answer at most; twice those of the right answer by default, at least 8. */
  readonly maxNewTokens?: number;
}

/** A sample that is loaded when its turn comes. */
export type LazyAblationSample = LazySample<AblationSample>;

/** How a sample is run. */
export interface AblateSampleOptions {
  /** From the question on (`answer`, by default) or at every position (`all`). */
  readonly scope?: Scope;
  /** Rows of a batch at most; see `SweepOptions`. */
  readonly batchRows?: number;
  /** Tokens of an answer at most, where the sample has a judge; by default what it says it needs. */
  readonly maxNewTokens?: number;
  /** What prompts on the same media share. */
  readonly reuse?: ReuseCache;
  /** Numbers of the variants to run; all by default. */
  readonly turn?: readonly number[];
}

/** Outcomes of one sample under every variant; NaN for those that are not run. */
export async function ablateSample(
  model: AnyModel,
  variants: readonly Variant[],
  given: AblationSample | LazyAblationSample,
  options: AblateSampleOptions = {},
): Promise<AblationRow> {
  const { scope, batchRows, reuse, turn = [...variants.keys()] } = options;
  const sample = "load" in given ? await given.load(reuse) : given;
  const maxNewTokens = options.maxNewTokens ?? sample.maxNewTokens ??
    Math.max(8, 2 * sample.answerIds.length);
  const run = turn.map((i) => variants[i]);
  const outcomes = await sweep(model, sample, run, { scope, batchRows, reuse });
  const correct = Float32Array.from(outcomes, (outcome) => outcome.correct ? 1 : 0);
  const { judge, scores } = sample;
  const said: (readonly number[])[] = run.map(() => [...sample.answerIds]);
  const open = [...run.keys()].filter((i) => correct[i] === 0);
  if (judge && open.length > 0) { // not exactly the answer, but maybe another right one
    const answers = await decodeVariants(model, sample, open.map((i) => run[i]), {
      scope,
      batchRows,
      maxNewTokens,
      reuse,
    });
    open.forEach((variant, i) => {
      correct[variant] = judge(answers[i]) ? 1 : 0;
      said[variant] = answers[i];
    });
  }
  /** Values of the variants that were run, at their places among all. */
  const placed = (values: ArrayLike<number>) => {
    const all = new Float32Array(variants.length).fill(NaN);
    turn.forEach((variant, i) => all[variant] = values[i]);
    return all;
  };
  const logProb = placed(outcomes.map((outcome) => outcome.logProb));
  const row = { id: sample.id, domain: given.domain, correct: placed(correct), logProb };
  if (!judge || !scores) return row;
  const named = said.map(scores), names = Object.keys(named[0]);
  const byName = names.map((name) => [name, placed(named.map((one) => one[name]))]);
  return names.length > 0 ? { ...row, scores: Object.fromEntries(byName) } : row;
}

/**
 * Which sets are run on each sample. With thinning N a draw of controls is run on one in N samples, in
 * a fixed order that gives every draw, and every sample, nearly the same number (an incomplete crossed
 * design); samples that are added later change nothing for those before. A kind with fewer draws than
 * others is thinned less, down to none, so that every sample has draws of each kind. Every other set is
 * run on all samples.
 *
 * @param thinning N; 1 runs every draw on every sample
 * @param samples number of samples
 * @returns for each sample the numbers of its sets
 */
export function turnsOf(
  plan: readonly PlannedAblation[],
  thinning: number,
  samples: number,
  seed: number,
): number[][] {
  const drawn: readonly string[] = drawnControls;
  const kinds = new Map<string, number[]>();
  plan.forEach(({ condition, fraction, set }, number) => {
    if (!drawn.includes(condition)) return;
    const kind = `${condition} ${fraction} ${set ?? ""}`;
    kinds.set(kind, [...kinds.get(kind) ?? [], number]);
  });
  const most = Math.max(0, ...Array.from(kinds.values(), (draws) => draws.length));
  const turns = Array.from({ length: samples }, () => [...plan.keys()]);
  const random = new Random(seed).fork("which draws run on which samples");
  for (const [kind, draws] of kinds) {
    const share = Math.floor(draws.length * thinning / most);
    const groups = Math.max(1, Math.min(thinning, samples, share));
    if (groups === 1) continue;
    const groupOf = new Map(draws.map((set, i) => [set, i % groups]));
    const orders = random.fork(kind);
    for (let first = 0; first < samples; first += groups) {
      const order = orders.fork(first).permutation(groups);
      for (let sample = first; sample < Math.min(first + groups, samples); sample++) {
        const group = order[sample - first];
        turns[sample] = turns[sample].filter((set) => (groupOf.get(set) ?? group) === group);
      }
    }
  }
  return turns;
}

/** The table of rows. */
export function tableOf(
  rows: readonly AblationRow[],
  plan: readonly PlannedAblation[],
): AblationTable {
  return {
    plan,
    sampleIds: rows.map(({ id }) => id),
    domains: rows.map(({ domain }) => domain),
    correct: Uint8Array.from(rows.flatMap(({ correct }) => [...correct])),
    logProb: Float32Array.from(rows.flatMap(({ logProb }) => [...logProb])),
    scores: scoreTable(rows, plan.length),
  };
}

/** Scores by name, `[samples, sets]`, NaN where a sample has none of that name. */
function scoreTable(rows: readonly AblationRow[], sets: number): AblationTable["scores"] {
  const names = [...new Set(rows.flatMap(({ scores = {} }) => Object.keys(scores)))];
  const none = new Float32Array(sets).fill(NaN);
  return Object.fromEntries(names.map((name) => [
    name,
    Float32Array.from(rows.flatMap(({ scores }) => [...scores?.[name] ?? none])),
  ]));
}
