/**
 * What some of many drawn sets have in common: the members that they share more often than sets of
 * their number would by chance.
 *
 * @module
 */

import { InputError } from "../common/errors.ts";
import { logChoices } from "./beta.ts";
import { holm } from "./multiple.ts";

/** One member's line of {@link sharedMembers}. */
export interface SharedMember {
  /** The member. */
  readonly member: number;
  /** Sets among the chosen that have it. */
  readonly among: number;
  /** Sets that have it, of all. */
  readonly ofAll: number;
  /** How many of the chosen would have it by chance. */
  readonly expected: number;
  /** Probability of so many or more by chance (hypergeometric), corrected for all members (Holm). */
  readonly pValue: number;
}

/** Probability of at least `among` marked ones in `chosen` of `sets`, `marked` of them marked. */
function hypergeometricTail(among: number, chosen: number, marked: number, sets: number): number {
  let sum = 0;
  for (let k = among; k <= Math.min(chosen, marked); k++) {
    if (chosen - k > sets - marked) continue;
    sum += Math.exp(
      logChoices(marked, k) + logChoices(sets - marked, chosen - k) - logChoices(sets, chosen),
    );
  }
  return Math.min(1, sum);
}

/**
 * The members that chosen sets share, most unlikely first.
 *
 * @param sets members of each set, each member once in a set
 * @param chosen whether each set is chosen
 * @throws {InputError} when the two differ in length
 *
 * @example
 * ```ts
 * import { sharedMembers } from "./shared_members.ts";
 * import { assertEquals } from "@std/assert";
 * const sets = [[1, 2], [1, 3], [1, 4], [2, 3], [2, 4], [3, 4]];
 * const [first] = sharedMembers(sets, [true, true, true, false, false, false]);
 * assertEquals([first.member, first.among, first.expected], [1, 3, 1.5]);
 * ```
 */
export function sharedMembers(
  sets: readonly (readonly number[])[],
  chosen: readonly boolean[],
): SharedMember[] {
  if (sets.length !== chosen.length) {
    throw new InputError(`Cannot choose among ${sets.length} sets with ${chosen.length} marks`);
  }
  const count = chosen.filter(Boolean).length;
  const all = new Map<number, { among: number; ofAll: number }>();
  sets.forEach((set, i) => {
    for (const member of set) {
      const own = all.get(member) ?? { among: 0, ofAll: 0 };
      own.ofAll++;
      if (chosen[i]) own.among++;
      all.set(member, own);
    }
  });
  const members = [...all].sort(([a], [b]) => a - b);
  const pValues = holm(
    members.map(([, { among, ofAll }]) => hypergeometricTail(among, count, ofAll, sets.length)),
  );
  return members.map(([member, { among, ofAll }], i) => ({
    member,
    among,
    ofAll,
    expected: count * ofAll / sets.length,
    pValue: pValues[i],
  })).sort((a, b) => a.pValue - b.pValue || b.among - a.among || a.member - b.member);
}
