/**
 * What a sparse pattern is: one object that says which keys a query sees, and everything that
 * attention, cache and cost have to know of it. Each kind is one file of this folder and one line of
 * `registry.ts`; `CONTRIBUTING.md` shows how another is added.
 *
 * This folder's parent lets most heads see a few keys only and computes no more than that: patterns,
 * plans that assign them to heads, the hybrid attention function, and what it all costs.
 * @module
 */
import { InputError } from "../../common/errors.ts";
import type { NeededPositions } from "../../nn/attention.ts";
import type { KeyRange } from "../../nn/kernels.ts";

/** Every `step`-th key position from `start` up to `end`, which does not count. */
export type Run = readonly [start: number, end: number, step: number];

/** What of a prompt a pattern may go by. */
export interface PromptLayout {
  /** Tokens of each image (or temporal patch of a video), half-open, ascending. */
  readonly images: readonly (readonly [start: number, end: number])[];
  /** First token of the question; null where that is not known. */
  readonly question: number | null;
}

/** What one head sees. All members hold for queries and keys by their positions. */
export interface Pattern {
  /** Its kind, as records name it. */
  readonly kind: string;
  /** Its numbers: with the kind, they tell it from all others. */
  readonly parameters: Readonly<Record<string, number>>;
  /** Whether a query sees a key that is not later than itself. */
  sees(query: number, key: number): boolean;
  /** How many keys a query sees. */
  keysSeen(query: number): number;
  /** Keys that the queries from `first` to `last` may see: ascending, disjoint runs. */
  reach(first: number, last: number): readonly Run[];
  /**
   * Whether blocks of equally many queries that reach equally many keys have the same mask, as where
   * only distances count.
   */
  readonly sameMasks: boolean;
  /** What a KV cache must keep for later queries; null for everything. */
  readonly retained: NeededPositions | null;
  /**
   * The same as a range of keys, which kernels compute without a mask: `all` for every key, null where
   * no range says it.
   */
  readonly range: KeyRange | "all" | null;
  /** The same for the queries from `first` to `last` alone, where that says more than `range`. */
  readonly rangeOf?: (first: number, last: number) => KeyRange | "all" | null;
  /**
   * The same on a prompt whose layout is known; absent where the pattern does not go by it. Without it,
   * a pattern behaves as on a prompt that has neither images nor a question.
   */
  readonly placed?: (layout: PromptLayout) => Pattern;
}

/** A number of a pattern. */
export interface PatternParameter {
  /** The least whole number that it may be. */
  readonly least: number;
  /** What it is. */
  readonly summary: string;
}

/** A kind of pattern: a function that makes one, and what lists say of it. */
export interface PatternKind<Name extends string> {
  (...numbers: [Name] extends [never] ? [] : [numbers: Readonly<Record<Name, number>>]): Pattern;
  /** The kind of what it makes. */
  readonly kind: string;
  /** What a head sees, in one phrase. */
  readonly summary: string;
  /** Its numbers. */
  readonly parameters: Readonly<Record<Name, PatternParameter>>;
}

/**
 * Declares a kind of pattern. What it makes is checked: every number whole and not below its least,
 * else an {@link InputError}.
 *
 * @param about its kind, its numbers, and what lists say of it
 * @param make all of the pattern but kind and numbers
 *
 * @example
 * ```ts
 * import { patternKind } from "./pattern.ts";
 * import { assertEquals, assertThrows } from "@std/assert";
 * const last = patternKind({
 *   kind: "last",
 *   summary: "the last keys",
 *   parameters: { window: { least: 1, summary: "how many" } },
 * }, ({ window }) => ({
 *   sees: (query, key) => query - key < window,
 *   keysSeen: (query) => Math.min(window, query + 1),
 *   reach: (first, last) => [[Math.max(0, first - window + 1), last + 1, 1]],
 *   sameMasks: true,
 *   retained: { sink: 0, window },
 *   range: { sink: 0, window },
 * }));
 * assertEquals(last({ window: 2 }).sees(7, 5), false);
 * assertThrows(() => last({ window: 0 }), Error, "at least 1");
 * ```
 */
export function patternKind<Name extends string = never>(
  about: {
    readonly kind: string;
    readonly summary: string;
    readonly parameters: Readonly<Record<Name, PatternParameter>>;
  },
  make: (numbers: Readonly<Record<Name, number>>) => Omit<Pattern, "kind" | "parameters">,
): PatternKind<Name> {
  const { kind } = about;
  const create = (numbers: Readonly<Record<Name, number>> = {} as Record<Name, number>) => {
    for (const [name, { least }] of Object.entries<PatternParameter>(about.parameters)) {
      const value = numbers[name as Name];
      if (Number.isInteger(value) && value >= least) continue;
      throw new InputError(
        `Cannot use a ${kind} pattern with ${name} ${value}: wanted a whole number of at least ` +
          least,
      );
    }
    return { kind, parameters: { ...numbers }, ...make(numbers) };
  };
  return Object.assign(create, about) as PatternKind<Name>;
}

/** Kind and numbers as a text, by which equal patterns are found. */
export function patternId({ kind, parameters }: Pattern): string {
  return `${kind} ${JSON.stringify(parameters)}`;
}

/**
 * Whether a query sees a key, itself or an earlier one.
 *
 * @example
 * ```ts
 * import { sees } from "./pattern.ts";
 * import { patterns } from "./registry.ts";
 * import { assertEquals } from "@std/assert";
 * const local = patterns.local({ sink: 1, window: 2 });
 * assertEquals([0, 1, 2, 3, 4].map((key) => sees(local, 3, key)), [true, false, true, true, false]);
 * ```
 */
export function sees(pattern: Pattern, query: number, key: number): boolean {
  return key <= query && pattern.sees(query, key);
}
