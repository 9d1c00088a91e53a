/**
 * Packed numbers back to floats, and rows of attention of chosen heads.
 *
 * @module
 */
import { unpackFloats } from "../pack.ts";
import type { ExplorerData, ExplorerSample } from "../data.ts";
import { inSpans } from "./view.ts";

const unpacked = new Map<string, Promise<Float32Array>>();

/** Unpacks once. */
export function unpack(packed: string): Promise<Float32Array> {
  const known = unpacked.get(packed);
  if (known) return known;
  const promise = unpackFloats(packed);
  unpacked.set(packed, promise);
  return promise;
}

/** Attention of chosen heads from one query, averaged. */
export interface Attention {
  /** `[T]`. */
  readonly values: Float32Array;
  /** Heads that have such a row. */
  readonly shown: readonly number[];
  /** Chosen heads that have none in this file. */
  readonly missing: readonly number[];
}

/** Averages the rows of the chosen heads; null where none of them is there. */
export function attentionOf(
  data: ExplorerData,
  sample: ExplorerSample,
  rows: Float32Array,
  heads: readonly number[],
  query: number,
): Attention {
  const { tokens, means, singles, queries } = sample;
  const values = new Float32Array(tokens), shown: number[] = [], missing: number[] = [];
  for (const head of heads) {
    const at = data.kept.indexOf(head);
    if (at < 0 || at >= (query < 0 ? means : singles)) {
      missing.push(head);
      continue;
    }
    shown.push(head);
    const row = query < 0 ? at : means + at * queries.length + query;
    for (let i = 0; i < tokens; i++) values[i] += rows[row * tokens + i];
  }
  if (shown.length > 1) { for (let i = 0; i < tokens; i++) values[i] /= shown.length; }
  return { values, shown, missing };
}

/** What attention lands on, in parts that add up to its sum. */
export interface Shares {
  readonly evidence: number;
  readonly visual: number;
  readonly question: number;
  readonly sinks: number;
  readonly text: number;
}

/** Shares of evidence, other images, the question, sinks, other text. */
export function sharesOf(values: Float32Array, sample: ExplorerSample): Shares {
  const shares = { evidence: 0, visual: 0, question: 0, sinks: 0, text: 0 };
  const question = new Set(
    sample.queries.flatMap(({ kind, token }) => kind === "question" ? [token] : []),
  );
  const sinks = new Set(sample.sinks);
  values.forEach((value, token) => {
    const part = inSpans(token, sample.evidence)
      ? "evidence"
      : sinks.has(token)
      ? "sinks"
      : inSpans(token, sample.visual)
      ? "visual"
      : question.has(token)
      ? "question"
      : "text";
    shares[part] += value;
  });
  return shares;
}

/** The largest value of visual tokens that are shown. */
export function peakOf(values: Float32Array, tokens: Iterable<number>): number {
  let peak = 0;
  for (const token of tokens) peak = Math.max(peak, values[token]);
  return peak;
}
