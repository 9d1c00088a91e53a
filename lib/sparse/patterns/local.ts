/**
 * Sink and window, as in StreamingLLM.
 *
 * @module
 */
import { type PatternKind, patternKind, type Run } from "./pattern.ts";

/** The first `sink` keys and the last `window` ones, the query's own included. */
export const local: PatternKind<"sink" | "window"> = patternKind({
  kind: "local",
  summary: "the first keys (sink) and the last ones up to the query's own (window)",
  parameters: {
    sink: { least: 0, summary: "first keys that every query sees" },
    window: { least: 1, summary: "last keys that a query sees, its own included" },
  },
}, ({ sink, window }) => ({
  sees: (query, key) => key < sink || query - key < window,
  keysSeen: (query) => Math.min(query + 1, sink + window),
  reach(first, last) {
    const start = Math.max(0, first - window + 1); // of the first query's window
    const runs: Run[] = [[0, Math.min(sink, start), 1], [start, last + 1, 1]];
    return runs.filter(([from, to]) => from < to);
  },
  sameMasks: true,
  retained: { sink, window },
  range: { sink, window },
}));
