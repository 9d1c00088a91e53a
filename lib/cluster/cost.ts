/**
 * What a run costs: tokens, operations and bytes, and time by units that were tried.
 *
 * @module
 */
import { prefillCost } from "../sparse/cost.ts";
import type { VisionLanguageModel } from "../model/vision_language_model.ts";
import type { Unit } from "../experiments/lazy_sample.ts";

/** What a run costs. */
export interface PlannedCost {
  /** Tokens of all prompts, by those that were tried; null where units have no prompts. */
  readonly prefillTokens: number | null;
  /** Operations of one dense prefill of all prompts in the decoder, in 10^9. */
  readonly prefillGflop: number | null;
  /** Bytes of the weights, as they lie in memory. */
  readonly weightBytes: number;
  /** Hours of one worker on the machine that planned. */
  readonly hours: number;
  /** Units that were tried for it. */
  readonly tried: number;
  /** Seconds until a worker is ready. */
  readonly startSeconds: number;
  /** Files of media, and how many times units use them. */
  readonly media: { readonly files: number; readonly uses: number };
}

/** A unit that was tried. */
export interface Tried<Row> {
  /** Its place. */
  readonly index: number;
  /** How long it took, in seconds. */
  readonly seconds: number;
  /** Tokens of its prompt. */
  readonly tokens: number | null;
  /** Its digest. */
  readonly digest: string;
  /** Its result. */
  readonly row: Row;
}

/** How heavy a unit is before it is loaded: by the number of its images or frames. */
export function weightOf({ media = [] }: Pick<Unit<unknown>, "media">): number {
  return 1 + media.length;
}

/** Places of units to try: of little, middle and great weight. */
export function unitsToTry(units: readonly Pick<Unit<unknown>, "media">[]): number[] {
  const order = [...units.keys()].sort((a, b) => weightOf(units[a]) - weightOf(units[b]) || a - b);
  const at = (share: number) => order[Math.floor(share * (order.length - 1))];
  return [...new Set([at(0.5), at(0.9), at(0.1)])];
}

/**
 * Seconds of a unit by its weight: a line through what was tried, or the mean where all tried units
 * weigh the same. Never less than a tenth of the fastest.
 *
 * @param tried at least one
 *
 * @example
 * ```ts
 * import { secondsByWeight } from "./cost.ts";
 * import { assertEquals } from "@std/assert";
 * const seconds = secondsByWeight([{ weight: 1, seconds: 3 }, { weight: 3, seconds: 7 }]);
 * assertEquals(seconds(2), 5);
 * ```
 */
export function secondsByWeight(
  tried: readonly { readonly weight: number; readonly seconds: number }[],
): (weight: number) => number {
  const mean = (of: (one: typeof tried[number]) => number) =>
    tried.reduce((sum, one) => sum + of(one), 0) / tried.length;
  const x = mean(({ weight }) => weight), y = mean(({ seconds }) => seconds);
  const spread = mean(({ weight }) => (weight - x) ** 2);
  const slope = spread > 0
    ? Math.max(0, mean(({ weight, seconds }) => (weight - x) * (seconds - y)) / spread)
    : 0;
  const least = Math.min(...tried.map(({ seconds }) => seconds)) / 10;
  return (weight) => Math.max(least, y + slope * (weight - x));
}

/** Bytes of a network's weights in memory. */
export function weightBytes({ weights, kernels }: VisionLanguageModel): number {
  let numbers = 0;
  for (const [, { shape }] of weights.tensors) numbers += shape.reduce((a, b) => a * b, 1);
  return numbers * (kernels.computeDType === "bfloat16" ? 2 : 4);
}

/** Tokens and operations of a run, by the units that were tried. */
export function prefillOf(
  network: VisionLanguageModel,
  units: number,
  tried: readonly Pick<Tried<unknown>, "tokens">[],
): Pick<PlannedCost, "prefillTokens" | "prefillGflop"> {
  const lengths = tried.flatMap(({ tokens }) => tokens === null ? [] : [tokens]);
  if (lengths.length === 0) return { prefillTokens: null, prefillGflop: null };
  const scale = units / lengths.length;
  const gflop = lengths.reduce((s, n) => s + prefillCost(network.config.text, n).total, 0) / 1e9;
  return {
    prefillTokens: Math.round(scale * lengths.reduce((a, b) => a + b, 0)),
    prefillGflop: scale * gflop,
  };
}
