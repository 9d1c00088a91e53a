/**
 * Full attention.
 *
 * @module
 */
import { type PatternKind, patternKind } from "./pattern.ts";

/** Every key up to the query's own. */
export const dense: PatternKind<never> = patternKind({
  kind: "dense",
  summary: "every key up to the query's own",
  parameters: {},
}, () => ({
  sees: () => true,
  keysSeen: (query) => query + 1,
  reach: (_, last) => [[0, last + 1, 1]],
  sameMasks: true,
  retained: null,
  range: "all",
}));
