/**
 * Little in the context, everything from the question on: what an answer costs if only the question's
 * own tokens look back. The second phase of Star Attention (arXiv 2411.17116) is of this form.
 *
 * @module
 */
import { type Pattern, type PatternKind, patternKind, type Run } from "./pattern.ts";

/** The pattern on a prompt whose question begins at a token. */
function fromToken(
  numbers: Readonly<Record<"sink" | "window", number>>,
  question: number,
): Omit<Pattern, "kind" | "parameters" | "placed"> {
  const { sink, window } = numbers;
  return {
    sees: (query, key) => query >= question || key < sink || query - key < window,
    keysSeen: (query) => query >= question ? query + 1 : Math.min(query + 1, sink + window),
    reach(first, last) {
      if (last >= question) return [[0, last + 1, 1]];
      const start = Math.max(0, first - window + 1);
      const runs: Run[] = [[0, Math.min(sink, start), 1], [start, last + 1, 1]];
      return runs.filter(([from, to]) => from < to);
    },
    sameMasks: false,
    retained: null,
    range: null,
    rangeOf: (first, last) => last < question ? numbers : first >= question ? "all" : null,
  };
}

/** The first `sink` keys and the last `window` ones; from the question's first token on, every key. */
export const fromQuestion: PatternKind<"sink" | "window"> = patternKind({
  kind: "from-question",
  summary: "sink and window in the context, every key from the question on",
  parameters: {
    sink: { least: 0, summary: "first keys that every query sees" },
    window: { least: 1, summary: "last keys that a query of the context sees, its own included" },
  },
}, (numbers) => ({
  ...fromToken(numbers, Infinity),
  sameMasks: true,
  retained: numbers,
  range: numbers,
  placed: ({ question }) =>
    question === null ? fromQuestion(numbers) : {
      kind: "from-question",
      parameters: { ...numbers, question },
      ...fromToken(numbers, question),
    },
}));
