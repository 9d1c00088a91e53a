/**
 * The query's own image, a sink and a window: the masks of BlindSight (arXiv 2507.09071), which takes
 * them from the template of the prompt.
 *
 * @module
 */
import { type Pattern, type PatternKind, patternKind, type Run } from "./pattern.ts";

type Images = readonly (readonly [start: number, end: number])[];

/** Ascending, disjoint runs of all the positions that some runs hold. */
function union(runs: readonly Run[]): Run[] {
  const merged: [number, number, number][] = [];
  for (const [start, end] of [...runs].sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (start >= end) continue;
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else merged.push([start, end, 1]);
  }
  return merged;
}

/** The pattern on a prompt with images. */
function onImages(
  { sink, window }: Readonly<Record<"sink" | "window", number>>,
  images: Images,
): Omit<Pattern, "kind" | "parameters" | "placed"> {
  /** First token of the image that holds a query, or the query itself. */
  const ownStart = (query: number) =>
    images.find(([start, end]) => start <= query && query < end)?.[0] ?? query;
  return {
    sees: (query, key) => key < sink || query - key < window || key >= ownStart(query),
    keysSeen(query) {
      const start = Math.max(0, Math.min(ownStart(query), query - window + 1));
      return query + 1 - start + Math.min(sink, start);
    },
    reach(first, last) {
      const own = images.filter(([start, end]) => start <= last && end > first)
        .map(([start, end]): Run => [start, Math.min(end, last + 1), 1]);
      return union([[0, Math.min(sink, last + 1), 1], ...own, [
        Math.max(0, first - window + 1),
        last + 1,
        1,
      ]]);
    },
    sameMasks: false,
    retained: null, // the rest of an image may come in a later call
    range: null,
  };
}

/** All of the query's own image up to itself, the first `sink` keys and the last `window` ones. */
export const ownImage: PatternKind<"sink" | "window"> = patternKind({
  kind: "own-image",
  summary: "the query's own image, the first keys (sink) and the last ones (window)",
  parameters: {
    sink: { least: 0, summary: "first keys that every query sees" },
    window: { least: 1, summary: "last keys that a query sees, its own included" },
  },
}, (numbers) => ({
  ...onImages(numbers, []),
  retained: numbers,
  range: numbers,
  placed: ({ images }) => ({
    kind: "own-image",
    parameters: {
      ...numbers,
      ...Object.fromEntries(
        images.flatMap(([start, end], i) => [[`start ${i}`, start], [`end ${i}`, end]]),
      ),
    },
    ...onImages(numbers, images),
  }),
}));
