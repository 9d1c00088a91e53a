/**
 * Sets of retrieval and induction heads, from a record of scores.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { gridOfScores, meanScores } from "../heads/head_scores.ts";
import { retrievalAndInduction } from "../heads/head_sets.ts";
import type { HeadId } from "../common/head_id.ts";
import type { ScoredHeads } from "./ablate_heads.ts";

/**
 * The sets of `retrievalAndInduction` for the scores of a record, at each share of heads; names end in
 * the share where there are several.
 *
 * @throws {InputError} for records without induction scores
 */
export function retrievalSets(
  scores: ScoredHeads,
  fractions: readonly number[],
): Record<string, readonly HeadId[]> {
  const induction = scores.rivals?.induction;
  if (!induction) {
    throw new InputError(
      "Cannot tell retrieval from induction heads: the scores hold no induction scores; make them " +
        "again with identify",
    );
  }
  const grid = gridOfScores(scores), map = meanScores(scores);
  return Object.fromEntries(fractions.flatMap((fraction) => {
    const end = fractions.length > 1 ? `-${fraction}` : "";
    const sets = Object.entries(retrievalAndInduction(map, induction, grid, { fraction }));
    return sets.map(([name, heads]) => [`${name}${end}`, heads] as const);
  }));
}
