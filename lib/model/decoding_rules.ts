/**
 * Rules that change the logits before a token is chosen from them, as transformers' `generate` applies
 * them, and what a checkpoint's `generation_config.json` says of them.
 *
 * Source: transformers 5.23 `generation/logits_process.py` and `_get_logits_processor` (their order).
 * @module
 */

/** Rules that hold for greedy decoding and for draws. */
export interface ScoreRules {
  /** Divides the positive logits of tokens that occurred in prompt or answer, multiplies the negative. */
  readonly repetitionPenalty?: number;
  /** No run of so many tokens occurs twice in prompt and answer. */
  readonly noRepeatNgramSize?: number;
  /** Runs of tokens that never occur. */
  readonly badWordsIds?: readonly (readonly number[])[];
  /** Tokens before which the answer does not end. */
  readonly minNewTokens?: number;
  /** Tokens that are never chosen. */
  readonly suppressTokens?: readonly number[];
  /** Tokens that are not chosen first. */
  readonly beginSuppressTokens?: readonly number[];
}

/** Rules of draws, in the order in which they act. */
export interface DrawRules {
  /** 0 is greedy; else logits are divided by it and a token is drawn. */
  readonly temperature?: number;
  /** Draw among this many most likely tokens. */
  readonly topK?: number;
  /** Draw among the most likely tokens that together hold this probability. */
  readonly topP?: number;
  /** Draw among the tokens with at least this share of the likeliest one's probability. */
  readonly minP?: number;
  /** Draw among the tokens of most typical surprise that together hold this probability. */
  readonly typicalP?: number;
  /** Draw among the tokens of at least this probability. */
  readonly epsilonCutoff?: number;
  /** The same with a bound that falls with the entropy. */
  readonly etaCutoff?: number;
}

/** All rules. */
export interface DecodingRules extends ScoreRules, DrawRules {}

/** What a checkpoint's `generation_config.json` says of how to decode. */
export interface GenerationSettings {
  /** Whether `generate` draws its tokens unless told otherwise. */
  readonly doSample: boolean;
  /** The rules that it names. */
  readonly rules: DecodingRules;
  /** Keys that would change the tokens and are not supported, with their values, for messages. */
  readonly unsupported: readonly string[];
}

/** What has been read and said before a token is chosen. */
export interface TokenHistory {
  /** Tokens of the prompt, then of the answer. */
  readonly ids: readonly number[];
  /** Tokens of the prompt. */
  readonly promptLength: number;
  /** Tokens that end the answer. */
  readonly stop: ReadonlySet<number>;
}

/** Whether `ids` end with all of `run` but its last token. */
function endsBefore(ids: readonly number[], run: readonly number[]): boolean {
  const most = run.length - 1;
  if (most > ids.length) return false;
  for (let i = 0; i < most; i++) if (ids[ids.length - most + i] !== run[i]) return false;
  return true;
}

/** Tokens that would make a run of `size` tokens occur twice. */
function repeatedNext(ids: readonly number[], size: number): number[] {
  const next: number[] = [];
  for (let start = 0; start + size <= ids.length; start++) {
    const run = ids.slice(start, start + size);
    if (endsBefore(ids, run)) next.push(run[size - 1]);
  }
  return next;
}

/**
 * Logits `[V]` after the rules that hold for greedy decoding and draws; those that may not be chosen
 * become -Infinity. The logits themselves where no rule acts.
 *
 * @example
 * ```ts
 * import { ruledScores } from "./decoding_rules.ts";
 * import { assertEquals } from "@std/assert";
 * const history = { ids: [0, 1], promptLength: 2, stop: new Set<number>() };
 * const scores = ruledScores(Float32Array.of(4, -4, 4), { repetitionPenalty: 2 }, history);
 * assertEquals([...scores], [2, -8, 4]);
 * ```
 */
export function ruledScores(
  logits: Float32Array,
  rules: ScoreRules,
  { ids, promptLength, stop }: TokenHistory,
): Float32Array {
  const { repetitionPenalty = 1, noRepeatNgramSize = 0, badWordsIds = [], minNewTokens = 0 } =
    rules;
  const { suppressTokens = [], beginSuppressTokens = [] } = rules;
  const made = ids.length - promptLength;
  const never = [
    ...(noRepeatNgramSize > 0 ? repeatedNext(ids, noRepeatNgramSize) : []),
    ...badWordsIds.filter((run) => !(run.length === 1 && stop.has(run[0])) && endsBefore(ids, run))
      .map((run) => run[run.length - 1]),
    ...(made < minNewTokens ? stop : []),
    ...suppressTokens,
    ...(made === 0 ? beginSuppressTokens : []),
  ];
  if (repetitionPenalty === 1 && never.length === 0) return logits;
  const scores = logits.slice();
  if (repetitionPenalty !== 1) {
    for (const id of new Set(ids)) {
      if (id < scores.length) {
        scores[id] = scores[id] < 0
          ? scores[id] * repetitionPenalty
          : scores[id] / repetitionPenalty;
      }
    }
  }
  for (const id of never) if (id < scores.length) scores[id] = -Infinity;
  return scores;
}

/** A token that may be drawn. */
export interface Candidate {
  readonly id: number;
  /** Its share among the candidates. */
  readonly probability: number;
}

/** The candidates that are kept, with their probabilities made to add up to 1. */
function renormalised(candidates: readonly Candidate[]): Candidate[] {
  const total = candidates.reduce((sum, { probability }) => sum + probability, 0);
  return candidates.map(({ id, probability }) => ({ id, probability: probability / total }));
}

/** Surprise that the candidates cause on average, in nats. */
function entropyOf(candidates: readonly Candidate[]): number {
  return candidates.reduce((sum, { probability: p }) => sum - (p > 0 ? p * Math.log(p) : 0), 0);
}

/** As many first candidates as together hold a probability; at least one. */
function nucleus(candidates: readonly Candidate[], mass: number): number {
  let held = 0, count = 0;
  while (count < candidates.length && held < mass) held += candidates[count++].probability;
  return Math.max(count, 1);
}

/** Candidates whose surprise is nearest to the average one. */
function typical(candidates: readonly Candidate[], mass: number): Candidate[] {
  const entropy = entropyOf(candidates);
  const distance = ({ probability }: Candidate) => Math.abs(-Math.log(probability) - entropy);
  const order = candidates.toSorted((a, b) => distance(a) - distance(b));
  const last = distance(order[nucleus(order, mass) - 1]);
  return candidates.filter((candidate) => distance(candidate) <= last);
}

/**
 * The tokens that may be drawn from scores `[V]`, likeliest first, after a temperature and the rules of
 * draws, each of which sees what the one before it has kept.
 *
 * @param scores logits, -Infinity for tokens that may not be chosen
 *
 * @example
 * ```ts
 * import { drawCandidates } from "./decoding_rules.ts";
 * import { assertEquals } from "@std/assert";
 * const kept = drawCandidates(Float32Array.of(0, 3, 1, 2), { temperature: 1, topK: 2 });
 * assertEquals(kept.map(({ id }) => id), [1, 3]);
 * ```
 */
export function drawCandidates(scores: Float32Array, rules: DrawRules): Candidate[] {
  const { temperature = 1, topK, topP = 1, minP, typicalP = 1, epsilonCutoff, etaCutoff } = rules;
  const order = Uint32Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a]);
  const least = scores[order[Math.min(topK ?? order.length, order.length) - 1]]; // ties stay
  let kept = renormalised(
    Array.from(order).filter((id) => scores[id] >= least && scores[id] > -Infinity).map((id) => ({
      id,
      probability: Math.exp((scores[id] - scores[order[0]]) / temperature),
    })),
  );
  const keep = (candidates: readonly Candidate[]) => {
    kept = renormalised(candidates.length > 0 ? candidates : kept.slice(0, 1));
  };
  if (topP < 1) keep(kept.slice(0, nucleus(kept, topP)));
  if (minP !== undefined) {
    keep(kept.filter(({ probability }) => probability >= minP * kept[0].probability));
  }
  if (typicalP < 1) keep(typical(kept, typicalP));
  if (epsilonCutoff) keep(kept.filter(({ probability }) => probability >= epsilonCutoff));
  if (etaCutoff) {
    const bound = Math.min(etaCutoff, Math.sqrt(etaCutoff) * Math.exp(-entropyOf(kept)));
    keep(kept.filter(({ probability }) => probability >= bound));
  }
  return kept;
}
