/**
 * Which pattern streaming heads get: as options of experiments have it, as the command line and
 * records write it.
 *
 * @module
 */
import { InputError, nearestNames } from "../../common/errors.ts";
import { quoted } from "../../common/text.ts";
import type { Pattern, PatternKind } from "./pattern.ts";
import { patternKinds, patterns } from "./registry.ts";

/** What streaming heads see: any pattern, or the numbers of a local one. */
export interface PatternChoice {
  /** The pattern, in place of `sink` and `window`. */
  readonly pattern?: Pattern;
  /** First tokens that every head sees; 64 by default. */
  readonly sink?: number;
  /** Last tokens that every head sees; 256 by default. */
  readonly window?: number;
}

/** Numbers of patterns that are not given, where a kind has them. */
const usual: Readonly<Record<string, number>> = { sink: 64, window: 256 };

/**
 * The pattern that options choose.
 *
 * @throws {InputError} for a pattern beside a sink or a window, or numbers that are impossible
 */
export function chosenPattern(choice: PatternChoice): Pattern {
  const { pattern, sink = usual.sink, window = usual.window } = choice;
  if (pattern === undefined) return patterns.local({ sink, window });
  if (choice.sink === undefined && choice.window === undefined) return pattern;
  throw new InputError(
    `Cannot use a ${pattern.kind} pattern with sink or window beside it: they are numbers of the ` +
      "pattern",
  );
}

/**
 * A pattern as one word: its kind and its numbers.
 *
 * @example
 * ```ts
 * import { parsePattern, patternText } from "./choice.ts";
 * import { assertEquals } from "@std/assert";
 * const text = patternText(parsePattern("strided:stride=32", { window: 128 }));
 * assertEquals(text, "strided:sink=64,window=128,stride=32");
 * ```
 */
export function patternText({ kind, parameters }: Pattern): string {
  const numbers = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
  return numbers.length > 0 ? `${kind}:${numbers}` : kind;
}

/** How the command line's help lists the kinds, each with the numbers that must be given. */
export function patternList(): string {
  return patternKinds.map(({ kind, summary, parameters }) => {
    const wanted = Object.keys(parameters).filter((name) => !Object.hasOwn(usual, name));
    const numbers = wanted.map((name) => `${name}=N`).join(",");
    return `${numbers ? `${kind}:${numbers}` : kind} (${summary})`;
  }).join("; ");
}

/**
 * Reads `KIND` or `KIND:NAME=N,…`, such as `strided:stride=64`.
 *
 * @param given sink and window that were given by themselves; those of the text come first
 * @throws {InputError} for a kind that is not registered, and numbers that it lacks or does not have
 */
export function parsePattern(
  text: string,
  given: Pick<PatternChoice, "sink" | "window"> = {},
): Pattern {
  const [kind, numbers] = text.split(/:(.*)/s);
  const found = patternKinds.find((candidate) => candidate.kind === kind);
  if (!found) {
    const near = nearestNames(kind, patternKinds.map((candidate) => candidate.kind));
    throw new InputError(`Cannot use pattern ${quoted(text)}: nearest are ${near.join(", ")}`);
  }
  const said = Object.entries(given).filter(([, value]) => value !== undefined);
  for (const part of numbers ? numbers.split(",") : []) {
    const [, name, value] = /^(\w+)=(\d+)$/.exec(part) ?? [];
    if (name === undefined) {
      throw new InputError(`Cannot use pattern ${quoted(text)}: wanted ${kind}:NAME=N,…`);
    }
    said.push([name, Number(value)]);
  }
  const names = Object.keys(found.parameters);
  const foreign = said.find(([name]) => !names.includes(name));
  if (foreign) {
    throw new InputError(
      `Cannot use pattern ${quoted(text)} with ${foreign[0]}: ${kind} has ` +
        (names.length > 0 ? names.join(", ") : "no numbers"),
    );
  }
  const values = { ...usual, ...Object.fromEntries(said) };
  const missing = names.find((name) => !Object.hasOwn(values, name));
  if (missing !== undefined) {
    throw new InputError(`Cannot use pattern ${quoted(text)}: wanted ${kind}:${missing}=N`);
  }
  const make = found as PatternKind<string>;
  return make(Object.fromEntries(names.map((name) => [name, values[name]])));
}

/** How rows of records name a pattern: `pattern` where sink and window do not say it. */
export function patternColumns(
  pattern: Pattern,
): { readonly sink: number; readonly window: number; readonly pattern?: string } {
  const { sink = 0, window = 0 } = pattern.parameters;
  return {
    sink,
    window,
    ...(pattern.kind === patterns.local.kind ? {} : { pattern: patternText(pattern) }),
  };
}
