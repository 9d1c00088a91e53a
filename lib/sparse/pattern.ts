/**
 * Sparse attention patterns as plain data: which keys a query may see.
 *
 * This folder lets most heads see a few keys only and computes no more than that: patterns, plans
 * that assign them to heads, the hybrid attention function, and what it all costs.
 * @module
 */
import { InputError } from "../common/errors.ts";

/** What one head sees. */
export type Pattern =
  /** Every key up to the query's own. */
  | { readonly kind: "dense" }
  /** The first `sink` keys and the last `window` ones, the query's own included. */
  | { readonly kind: "local"; readonly sink: number; readonly window: number }
  /** As local, and beyond the window every `stride`-th key (those whose position it divides). */
  | {
    readonly kind: "strided";
    readonly sink: number;
    readonly window: number;
    readonly stride: number;
  };

/** The pattern that sees everything. */
export const dense: Pattern = { kind: "dense" };

/**
 * Whether the query at a position sees the key at another.
 *
 * @example
 * ```ts
 * import { sees } from "./pattern.ts";
 * import { assertEquals } from "@std/assert";
 * const local = { kind: "local", sink: 1, window: 2 } as const;
 * assertEquals([0, 1, 2, 3, 4].map((key) => sees(local, 3, key)), [true, false, true, true, false]);
 * ```
 */
export function sees(pattern: Pattern, query: number, key: number): boolean {
  if (key > query) return false;
  if (pattern.kind === "dense" || key < pattern.sink || query - key < pattern.window) return true;
  return pattern.kind === "strided" && key % pattern.stride === 0;
}

/** Number of keys that the query at a position sees. */
export function keysSeen(pattern: Pattern, query: number): number {
  if (pattern.kind === "dense") return query + 1;
  const windowStart = Math.max(0, query - pattern.window + 1);
  const sink = Math.min(pattern.sink, windowStart);
  const near = query + 1 - windowStart;
  if (pattern.kind === "local") return sink + near;
  const multiplesBelow = (end: number) => Math.ceil(end / pattern.stride);
  return sink + near + multiplesBelow(windowStart) - multiplesBelow(sink);
}

/**
 * Checks a pattern's numbers.
 *
 * @throws {InputError} if a query would see nothing, or a number is not whole
 */
export function checkPattern(pattern: Pattern): void {
  if (pattern.kind === "dense") return;
  const whole = (name: string, value: number, least: number) => {
    if (Number.isInteger(value) && value >= least) return;
    throw new InputError(
      `Cannot use a ${pattern.kind} pattern with ${name} ${value}: wanted a whole number of at ` +
        `least ${least}`,
    );
  };
  whole("sink", pattern.sink, 0);
  whole("window", pattern.window, 1);
  if (pattern.kind === "strided") whole("stride", pattern.stride, 1);
}
