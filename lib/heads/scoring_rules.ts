/**
 * Scoring rules: from a head's attention on one sample to a number. RAM and its rivals, all from the
 * same pass.
 *
 * @module
 */
import { InputError, nearestNames } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import type { PlacedGrid } from "../inputs/visual_grid.ts";
import type { HeadId } from "../common/head_id.ts";
import type { ProfileExtra } from "./profile_gathering.ts";
import { massOn } from "./attention_mass.ts";
import type { HeadSample, SampleTokens } from "./scored_sample.ts";
import { spatialEntropy } from "./spatial_entropy.ts";

/** What a rule sees of one head on one sample. S tokens, R question tokens, P before the question. */
export interface HeadView {
  /** The head. */
  readonly id: HeadId;
  /** Which tokens are what. */
  readonly tokens: SampleTokens;
  /** Attention on each token, averaged over question tokens: `[S]`. */
  readonly question: Float32Array;
  /** Attention of the last question token: `[S]`. */
  readonly lastQuestion: Float32Array;
  /** Attention of the prompt's last token: `[S]`. */
  readonly promptEnd: Float32Array;
  /** Attention of the null query: `[P]`; only for rules that need it. */
  readonly nullQuery: Float32Array;
  /** Attention of an unrelated question: `[P]`; only for rules that need it. */
  readonly unrelatedQuestion: Float32Array;
  /** The token that each question token attends most: `[R]`; only for rules that need it. */
  readonly argMax: Int32Array;
  /** The same among context tokens: `[R]`; only for rules that need it. */
  readonly contextArgMax: Int32Array;
  /** Length of each token's value in the residual stream: `[S]`; only for rules that need it. */
  readonly valueNorms: Float32Array;
  /** Grids of visual tokens; only for rules that need them. */
  readonly grids: readonly PlacedGrid[];
}

/** What a rule may need beyond the three attention rows that are always there. */
export type RuleNeed = ProfileExtra | "grids" | "foils";

/** From a head's attention on one sample to a score: the higher, the more the head looks things up. */
export interface ScoringRule {
  /** Name in records and tables. */
  readonly name: string;
  /** What it measures, in one sentence. */
  readonly title: string;
  /** What it needs besides the attention rows. */
  readonly needs: readonly RuleNeed[];
  /** The score. */
  readonly score: (view: HeadView) => number;
}

/**
 * Makes a scoring rule.
 *
 * @example
 * ```ts
 * import { scoringRule } from "./scoring_rules.ts";
 * import { assertEquals } from "@std/assert";
 * const onSystem = scoringRule("first-token", "Attention on the first token.", ({ question }) => question[0]);
 * assertEquals(onSystem.needs, []);
 * ```
 */
export function scoringRule(
  name: string,
  title: string,
  score: (view: HeadView) => number,
  needs: readonly RuleNeed[] = [],
): ScoringRule {
  return { name, title, score, needs };
}

/** Share of the question's tokens whose most attended token is evidence. */
function hitRate(attended: Int32Array, evidence: readonly number[]): number {
  const wanted = new Set(evidence);
  return attended.reduce((hits, token) => hits + (wanted.has(token) ? 1 : 0), 0) / attended.length;
}

/** Share of evidence among evidence and foils: the selectivity of a head that knows no difference. */
const selectivityChance = ({ evidence, foils }: SampleTokens): number =>
  evidence.length / (evidence.length + foils.length);

/** The rules that come with the library; RAM is the first. */
export const scoringRules: readonly ScoringRule[] = [
  scoringRule(
    "ram",
    "Attention from the question to the evidence.",
    ({ question, tokens }) => massOn(question, tokens.evidence),
  ),
  scoringRule(
    "calibrated",
    "RAM minus what the null query gives to the same tokens: what depends on the thing asked for.",
    ({ question, nullQuery, tokens }) =>
      massOn(question, tokens.evidence) - massOn(nullQuery, tokens.evidence),
    ["nullQuery"],
  ),
  scoringRule(
    "null-ram",
    "Attention from the null query to the evidence.",
    ({ nullQuery, tokens }) => massOn(nullQuery, tokens.evidence),
    ["nullQuery"],
  ),
  scoringRule(
    "selectivity",
    "Share of the evidence in the question's attention on evidence and foils; the chance where " +
      "neither gets any.",
    ({ question, tokens }) => {
      const own = massOn(question, tokens.evidence), all = own + massOn(question, tokens.foils);
      return all > 0 ? own / all : selectivityChance(tokens);
    },
    ["foils"],
  ),
  scoringRule(
    "selectivity-chance",
    "Selectivity of a head that attends evidence and foils alike: evidence tokens among both.",
    ({ tokens }) => selectivityChance(tokens),
    ["foils"],
  ),
  scoringRule(
    "unrelated-ram",
    "Attention from an unrelated question to the evidence.",
    ({ unrelatedQuestion, tokens }) => massOn(unrelatedQuestion, tokens.evidence),
    ["unrelatedQuestion"],
  ),
  scoringRule(
    "last-token",
    "Attention from the question's last token to the evidence.",
    ({ lastQuestion, tokens }) => massOn(lastQuestion, tokens.evidence),
  ),
  scoringRule(
    "prompt-end",
    "Attention from the prompt's last token, which predicts the answer, to the evidence.",
    ({ promptEnd, tokens }) => massOn(promptEnd, tokens.evidence),
  ),
  scoringRule(
    "context-mass",
    "Attention from the question to the context (the visual tokens), evidence or not.",
    ({ question, tokens }) => massOn(question, tokens.context),
  ),
  scoringRule(
    "context-share",
    "Share of the question's attention on the context (the visual tokens) that the evidence gets.",
    ({ question, tokens }) => {
      const context = massOn(question, tokens.context);
      return context > 0 ? massOn(question, tokens.evidence) / context : 0;
    },
  ),
  scoringRule(
    "per-token",
    "RAM divided by the number of evidence tokens.",
    ({ question, tokens }) => massOn(question, tokens.evidence) / tokens.evidence.length,
  ),
  scoringRule(
    "argmax-hit",
    "Share of question tokens whose most attended token is evidence (after Retrieval_Head).",
    ({ argMax, tokens }) => hitRate(argMax, tokens.evidence),
    ["argMax"],
  ),
  scoringRule(
    "context-argmax-hit",
    "The same with the most attended token of the context (after SparseMM).",
    ({ contextArgMax, tokens }) => hitRate(contextArgMax, tokens.evidence),
    ["contextArgMax"],
  ),
  scoringRule(
    "spatial-entropy",
    "Attention on the images divided by the effective number of regions that it falls on, " +
      "exp(spatial entropy) (after LocalizationHeads; it does not know the evidence).",
    ({ question, tokens, grids }) =>
      massOn(question, tokens.visual) * Math.exp(-spatialEntropy(question, grids)),
    ["grids"],
  ),
];

/** Rules that take passes of their own, and are used where they are asked for by name. */
export const furtherRules: readonly ScoringRule[] = [
  scoringRule(
    "value-weighted",
    "RAM with each token's attention times the length of its value in the residual stream, " +
      "|W_O v| (after Kobayashi et al. 2020): what the question takes from the evidence.",
    ({ question, tokens, valueNorms }) =>
      tokens.evidence.reduce((sum, token) => sum + question[token] * valueNorms[token], 0),
    ["valueNorms"],
  ),
];

/** Names that rules had in earlier versions. */
const formerNames: Readonly<Record<string, string>> = { contrast: "calibrated" };

/**
 * The rule of a name, or of one that it had before (`contrast` is `calibrated`).
 *
 * @param rules where to look; all of the library's by default
 * @throws {InputError} if there is none, with the nearest names
 *
 * @example
 * ```ts
 * import { ruleNamed } from "./scoring_rules.ts";
 * import { assertThrows } from "@std/assert";
 * assertThrows(() => ruleNamed("rma"), Error, "ram");
 * ```
 */
export function ruleNamed(
  name: string,
  rules: readonly ScoringRule[] = [...scoringRules, ...furtherRules],
): ScoringRule {
  const found = rules.find((rule) => rule.name === name) ??
    rules.find((rule) => rule.name === formerNames[name]);
  if (found) return found;
  throw new InputError(
    `Cannot find scoring rule ${quoted(name)}. Nearest: ` +
      nearestNames(name, rules.map((rule) => rule.name)).join(", "),
  );
}

/**
 * The rules for which a sample has everything that they need.
 *
 * @param rules where to choose from; the library's by default
 */
export function rulesFor(
  sample: HeadSample,
  rules: readonly ScoringRule[] = scoringRules,
): ScoringRule[] {
  return rules.filter((rule) => rule.needs.every((need) => lackOf(sample, need) === null));
}

/** What a sample lacks for a need, or null. */
export function lackOf(sample: HeadSample, need: RuleNeed): string | null {
  if (need === "grids" && !sample.grids?.length) return "grids of visual tokens";
  if (need === "nullQuery" && !sample.nullQuery?.length) return "a null query";
  if (need === "unrelatedQuestion" && !sample.unrelatedQuestion?.length) {
    return "an unrelated question";
  }
  if (need === "foils" && !sample.foilSpans?.length) return "foils";
  return null;
}
