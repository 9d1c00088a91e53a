/**
 * Do the same heads come out again: in other domains, lengths, halves of the data, by other rules?
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import {
  type AgreementOptions,
  type AgreementTable,
  agreementTable,
  splitHalf,
  type SplitHalfOptions,
  type SplitHalfResult,
} from "../stats/stability.ts";
import { byDomain, type HeadScores, meanScores, scoreMatrix } from "./head_scores.ts";

/** Agreement of the mean maps of the domains. */
export function domainAgreement(
  scores: HeadScores,
  options: AgreementOptions = {},
): AgreementTable {
  return agreementTable(
    Object.fromEntries([...byDomain(scores)].map(([domain, own]) => [domain, meanScores(own)])),
    options,
  );
}

/**
 * Agreement of the mean maps of several rules over the same samples.
 *
 * @throws {InputError} if two have the same rule, or other samples
 */
export function ruleAgreement(
  all: readonly HeadScores[],
  options: AgreementOptions = {},
): AgreementTable {
  const maps: Record<string, Float64Array> = {};
  for (const scores of all) {
    if (maps[scores.rule]) {
      throw new InputError(`Cannot compare rules: "${scores.rule}" is given twice`);
    }
    if (String(scores.sampleIds) !== String(all[0].sampleIds)) {
      throw new InputError(
        `Cannot compare rules "${all[0].rule}" and "${scores.rule}": they scored other samples`,
      );
    }
    maps[scores.rule] = meanScores(scores);
  }
  return agreementTable(maps, options);
}

/** Agreement of random halves of the samples, each domain split by itself. */
export function halfAgreement(scores: HeadScores, options: SplitHalfOptions = {}): SplitHalfResult {
  return splitHalf(scoreMatrix(scores), { strata: scores.domains, negative: "zero", ...options });
}
