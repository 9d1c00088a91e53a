/**
 * All sparse patterns: what notebooks, records and lists of them go by.
 *
 * @module
 */
import { dense } from "./dense.ts";
import { fromQuestion } from "./from_question.ts";
import { local } from "./local.ts";
import { ownImage } from "./own_image.ts";
import type { PatternKind, PatternParameter } from "./pattern.ts";
import { strided } from "./strided.ts";

/**
 * Every kind of pattern, by the name under which it is made.
 *
 * @example
 * ```ts
 * import { patterns } from "./registry.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(patterns.local({ sink: 4, window: 64 }).keysSeen(1000), 68);
 * assertEquals(patterns.dense().keysSeen(1000), 1001);
 * ```
 */
export const patterns = { dense, local, strided, ownImage, fromQuestion } as const;

/** The kinds in the order of lists. */
export const patternKinds: readonly (Pick<PatternKind<never>, "kind" | "summary"> & {
  readonly parameters: Readonly<Record<string, PatternParameter>>;
})[] = Object.values(patterns);
