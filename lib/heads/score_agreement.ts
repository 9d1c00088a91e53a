/**
 * How far maps of heads agree: RAM, calibrated RAM, attribution, the effect of ablation.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { spearman, topIndices } from "../stats/rank.ts";

/** Agreement of maps; tables are `[maps][maps]`. */
export interface MapAgreement {
  /** Names of the maps. */
  readonly names: readonly string[];
  /** Spearman's rank correlation over heads. */
  readonly spearman: readonly (readonly number[])[];
  /** Share of the top heads of one map that are among the other's. */
  readonly overlap: readonly (readonly number[])[];
  /** Top heads that were compared. */
  readonly top: number;
}

/**
 * Agreement of any maps over the same heads, such as means of `ram` and `calibrated`, direct logit
 * attribution (`logitAttribution`) and the loss by ablating each head alone (`sweep`).
 *
 * @param maps one value per head, `[L * N]`, by name; the higher, the more important
 * @param fraction share of heads that counts as top; 0.05 by default
 * @throws {InputError} for fewer than 2 maps, maps of different sizes, or a fraction outside (0, 1]
 *
 * @example
 * ```ts
 * import { scoreAgreement } from "./score_agreement.ts";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 * const maps = { ram: [0.9, 0.5, 0.1, 0], ablation: [2, 3, 0.5, 0.1] };
 * const { spearman, overlap } = scoreAgreement(maps, 0.5);
 * assertAlmostEquals(spearman[0][1], 0.8);
 * assertEquals(overlap[0][1], 1);
 * ```
 */
export function scoreAgreement(
  maps: Readonly<Record<string, ArrayLike<number>>>,
  fraction = 0.05,
): MapAgreement {
  const names = Object.keys(maps), sizes = names.map((name) => maps[name].length);
  if (names.length < 2 || sizes.some((size) => size !== sizes[0])) {
    throw new InputError(
      `Cannot compare maps of ${sizes.join(", ")} heads: wanted at least 2 of the same heads`,
    );
  }
  if (!(fraction > 0 && fraction <= 1)) {
    throw new InputError(`Cannot take the top ${fraction} of heads: fraction must be in (0, 1]`);
  }
  const top = Math.max(1, Math.round(fraction * sizes[0]));
  const values = names.map((name) => Float64Array.from(maps[name]));
  const best = values.map((map) => new Set([...topIndices(map)].slice(0, top)));
  const table = (value: (a: number, b: number) => number) =>
    names.map((_, a) => names.map((_, b) => value(a, b)));
  return {
    names,
    spearman: table((a, b) => spearman(values[a], values[b])),
    overlap: table((a, b) => [...best[a]].filter((head) => best[b].has(head)).length / top),
    top,
  };
}
