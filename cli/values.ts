/**
 * Values of options that hold several, separated by commas.
 *
 * @module
 */
import { InputError, nearestNames } from "../lib/common/errors.ts";

/** The entries of an option's text; undefined if it was not given. */
export function listOf(text: string | undefined): string[] | undefined {
  return text?.split(",").map((entry) => entry.trim()).filter((entry) => entry !== "");
}

/** Shares, above 0 and at most 1. */
export function sharesOf(name: string, text: string | undefined): number[] | undefined {
  return listOf(text)?.map((entry) => {
    const share = Number(entry);
    if (share > 0 && share <= 1) return share;
    throw new InputError(`Cannot use "${entry}" in --${name}: wanted shares above 0, at most 1`);
  });
}

/**
 * Names that an option lists, each one of `known`.
 *
 * @param what what they are names of, such as `policy`
 */
export function namesOf<T extends string>(
  what: string,
  text: string | undefined,
  known: readonly T[],
): T[] | undefined {
  return listOf(text)?.map((entry) => {
    const name = known.find((candidate) => candidate === entry);
    if (name !== undefined) return name;
    throw new InputError(
      `Cannot use ${what} "${entry}": wanted ${known.join(", ")}; nearest: ` +
        nearestNames(entry, known, 1)[0],
    );
  });
}
