/**
 * Scores of every head on one sample, by several rules at once.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { headAt, headName } from "../common/head_id.ts";
import { quoted } from "../common/text.ts";
import type { AnyModel } from "../model/network_of.ts";
import {
  type AttentionProfile,
  attentionProfile,
  type ProfileExtra,
  type ProfileOptions,
} from "./attention_profile.ts";
import type { HeadSample } from "./scored_sample.ts";
import { type HeadView, lackOf, rulesFor, type ScoringRule } from "./scoring_rules.ts";

/**
 * Scores of every head by every rule, from a profile that holds what the rules need.
 *
 * @returns one map per rule, `[L, N]` row by row
 * @throws {InputError} naming the sample if a rule gives a number that is not finite
 */
export function scoresOfProfile(
  profile: AttentionProfile,
  sample: HeadSample,
  rules: readonly ScoringRule[],
): Float32Array[] {
  const [layers, heads, keys] = profile.shape;
  const maps = rules.map(() => new Float32Array(layers * heads));
  const row = <A extends Float32Array | Int32Array>(data: A | null, i: number): A => {
    const size = data ? data.length / (layers * heads) : 0;
    return data?.subarray(i * size, (i + 1) * size) as A;
  };
  for (let i = 0; i < layers * heads; i++) {
    const view: HeadView = {
      id: headAt(i, heads),
      tokens: profile.tokens,
      question: profile.question.subarray(i * keys, (i + 1) * keys),
      lastQuestion: row(profile.lastQuestion, i),
      promptEnd: row(profile.promptEnd, i),
      nullQuery: row(profile.nullQuery, i),
      unrelatedQuestion: row(profile.unrelatedQuestion, i),
      argMax: row(profile.argMax, i),
      contextArgMax: row(profile.contextArgMax, i),
      valueNorms: row(profile.valueNorms ?? null, i),
      grids: sample.grids ?? [],
    };
    rules.forEach((rule, r) => {
      const score = rule.score(view);
      if (!Number.isFinite(score)) {
        throw new InputError(
          `Cannot score sample ${quoted(sample.id)}: rule ${
            quoted(rule.name)
          } gives ${score} for ` +
            `head ${headName(view.id)}, wanted a finite number`,
        );
      }
      maps[r][i] = score;
    });
  }
  return maps;
}

/** How a sample is scored. */
export interface ScoreOptions extends Omit<ProfileOptions, "extras"> {
  /** Gets the profile that the scores are of, for what else is read off it. */
  readonly onProfile?: (profile: AttentionProfile) => void;
}

/**
 * Scores of every head on one sample, by several rules, from one pass.
 *
 * @returns one map per rule, `[L, N]` row by row
 * @throws {InputError} naming the sample, if it cannot be scored or lacks what a rule needs
 */
export async function scoreSample(
  model: AnyModel,
  sample: HeadSample,
  rules: readonly ScoringRule[] = rulesFor(sample),
  options: ScoreOptions = {},
): Promise<Float32Array[]> {
  for (const rule of rules) {
    for (const need of rule.needs) {
      const lack = lackOf(sample, need);
      if (lack === null) continue;
      throw new InputError(
        `Cannot score sample ${quoted(sample.id)} by rule ${quoted(rule.name)}: it has no ${
          lack.replace(/^an? /, "")
        }`,
      );
    }
  }
  const extras = [...new Set(rules.flatMap((rule) => rule.needs))]
    .filter((need): need is ProfileExtra => need !== "grids" && need !== "foils");
  const { onProfile, ...run } = options;
  const profile = await attentionProfile(model, sample, { ...run, extras });
  onProfile?.(profile);
  return scoresOfProfile(profile, sample, rules);
}
