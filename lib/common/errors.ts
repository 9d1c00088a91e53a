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

/**
 * The valid names closest to a misspelt one, nearest first.
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
  return [...valid]
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, count)
    .map(({ candidate }) => candidate);
}
