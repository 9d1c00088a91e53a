/**
 * Sink, window, and every so many keys beyond, as in Sparse Transformers.
 *
 * @module
 */
import { type PatternKind, patternKind, type Run } from "./pattern.ts";

/** Sink and window, and beyond them the keys at positions that `stride` divides. */
export const strided: PatternKind<"sink" | "window" | "stride"> = patternKind({
  kind: "strided",
  summary: "sink and window, and beyond them the keys at positions that the stride divides",
  parameters: {
    sink: { least: 0, summary: "first keys that every query sees" },
    window: { least: 1, summary: "last keys that a query sees, its own included" },
    stride: { least: 1, summary: "distance of the keys in between" },
  },
}, ({ sink, window, stride }) => ({
  sees: (query, key) => key < sink || query - key < window || key % stride === 0,
  keysSeen(query) {
    const start = Math.max(0, query - window + 1), ends = Math.min(sink, start);
    const multiplesBelow = (end: number) => Math.ceil(end / stride);
    return ends + query + 1 - start + multiplesBelow(start) - multiplesBelow(ends);
  },
  reach(first, last) {
    const start = Math.max(0, first - window + 1), ends = Math.min(sink, start);
    const multiple = Math.ceil(ends / stride) * stride; // the first one beyond the sink
    const runs: Run[] = [[0, ends, 1], [multiple, start, stride], [start, last + 1, 1]];
    return runs.filter(([from, to]) => from < to);
  },
  sameMasks: false,
  retained: null,
  range: null,
}));
