/**
 * Errors that name what was asked, what was found and what to do.
 *
 * This folder holds the few helpers that every other folder may use; it imports nothing of ours.
 * @module
 */

/**
 * The caller's input is wrong: a misspelt name, an impossible head, a damaged file.
 *
 * The command line prints its message without a stack trace and exits with code 2.
 *
 * @example
 * ```ts
 * import { InputError } from "./errors.ts";
 * const error = new InputError("Cannot select top 0 of 16 heads: count must be 1 to 16");
 * if (error.name !== "InputError") throw error;
 * ```
 */
export class InputError extends Error {
  /** Always `"InputError"`, also across bundles, where `instanceof` may fail. */
  override readonly name = "InputError";
}

/** Levenshtein distance between two strings, in edits. */
export function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(previous[j] + 1, current[j - 1] + 1, substitution));
    }
    previous = current;
  }
  return previous[b.length];
}

/** Longest part of a name that is compared: what is longer was not typed by hand. */
const comparedLength = 200;
/** Most steps that one search for near names takes, about a tenth of a second. */
const searchBudget = 20_000_000;

/**
 * The valid names closest to a misspelt one, nearest first. Of a name only the first 200 characters
 * count, and of very many valid names only the first so many as can be compared in a moment, so that
 * names from a stranger's file cost no time.
 *
 * @param name the name that was asked for
 * @param valid the names that exist
 * @param count how many to return at most
 *
 * @example
 * ```ts
 * import { nearestNames } from "./errors.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(nearestNames("attn.patern", ["attn.q", "attn.pattern"], 1), ["attn.pattern"]);
 * ```
 */
export function nearestNames(name: string, valid: Iterable<string>, count = 3): string[] {
  const wanted = name.slice(0, comparedLength);
  const found: { candidate: string; distance: number }[] = [];
  let budget = searchBudget;
  for (const candidate of valid) {
    const compared = candidate.slice(0, comparedLength);
    budget -= (wanted.length + 1) * (compared.length + 1);
    if (budget < 0) break;
    const distance = candidate === name ? -1 : editDistance(wanted, compared);
    found.push({ candidate, distance });
  }
  return found
    .sort((a, b) => a.distance - b.distance)
    .slice(0, count)
    .map(({ candidate }) => candidate);
}

/**
 * The valid name that somebody probably meant: at most one edit away for each four characters, and
 * at most three.
 *
 * @param name the name that was found
 * @param valid the names that exist
 * @returns null where no name is so near that the other looks like a typing error
 *
 * @example
 * ```ts
 * import { likelyName } from "./errors.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(likelyName("hiden_act", ["hidden_act", "hidden_size"]), "hidden_act");
 * assertEquals(likelyName("vision_end_token_id", ["sep_token_id"]), null);
 * ```
 */
export function likelyName(name: string, valid: Iterable<string>): string | null {
  if (name.length > comparedLength) return null;
  const most = Math.min(3, Math.floor(name.length / 4));
  const near = [...valid].filter((candidate) => Math.abs(candidate.length - name.length) <= most);
  const [nearest] = nearestNames(name, near, 1);
  return nearest !== undefined && editDistance(name, nearest) <= most ? nearest : null;
}
