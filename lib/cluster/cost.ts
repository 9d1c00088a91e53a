/**
 * What a run costs: tokens, operations and bytes, and time by units that were tried.
 *
 * @module
 */
import { prefillCost } from "../sparse/cost.ts";
import type { VisionLanguageModel } from "../model/vision_language_model.ts";
import type { MediaUser } from "../experiments/media_order.ts";

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
  readonly media: {
    readonly files: number;
    readonly uses: number;
    /** Hours of one worker that are saved where units with the same media follow each other. */
    readonly savedHours: number;
  };
}

/** A unit that was tried. */
export interface Tried<Row> {
  /** Its place. */
  readonly index: number;
  /** How long it took, in seconds. */
  readonly seconds: number;
  /** What that says. */
  readonly says: UnitToTry["says"];
  /** Tokens of its prompt. */
  readonly tokens: number | null;
  readonly digest: string;
  /** Its result. */
  readonly row: Row;
}

/** How heavy a unit is before it is loaded: by the number of its images or frames. */
export function weightOf({ media = [] }: MediaUser): number {
  return 1 + media.length;
}

/** A unit to try, and what its time says. */
export interface UnitToTry {
  /** Its place. */
  readonly place: number;
  /**
   * `warm-up`: the first, which is slower than others of its kind; `alone`: a unit that finds nothing
   * computed; `reusing`: one whose media the unit before it used.
   */
  readonly says: "warm-up" | "alone" | "reusing";
}

/**
 * Units to try: one to warm up, then some of little, middle and great weight, and one that has its
 * media in common with the one before it, where there is one.
 *
 * @example
 * ```ts
 * import { unitsToTry } from "./cost.ts";
 * import { assertEquals } from "@std/assert";
 * const units = ["a", "b", "b", "c"].map((name) => ({ media: [name] }));
 * assertEquals(unitsToTry(units), [
 *   { place: 3, says: "warm-up" },
 *   { place: 1, says: "alone" },
 *   { place: 2, says: "reusing" },
 *   { place: 0, says: "alone" },
 * ]);
 * ```
 */
export function unitsToTry(units: readonly MediaUser[]): UnitToTry[] {
  const order = [...units.keys()].sort((a, b) => weightOf(units[a]) - weightOf(units[b]) || a - b);
  const at = (share: number) => order[Math.floor(share * (order.length - 1))];
  const same = [...Map.groupBy(units.keys(), (i) => mediaKey(units[i])).values()];
  const middle = at(0.5);
  const [first, second] = same.filter((places) => places.length > 1 && units[places[0]].media)
    .sort((a, b) => Number(b.includes(middle)) - Number(a.includes(middle)) || b.length - a.length)
    .at(0) ?? [middle];
  const alone = [first, at(0.9), at(0.1)].filter((place, i, all) =>
    all.findIndex((other) => mediaKey(units[other]) === mediaKey(units[place])) === i
  );
  const taken = new Set(alone.map((place) => mediaKey(units[place])));
  const warmUp = order.findLast((place) => !taken.has(mediaKey(units[place])));
  const tries: UnitToTry[] = alone.map((place) => ({ place, says: "alone" }));
  if (second !== undefined) tries.splice(1, 0, { place: second, says: "reusing" });
  if (warmUp !== undefined) return [{ place: warmUp, says: "warm-up" }, ...tries];
  return tries.map((one, i) => i === 0 ? { ...one, says: "warm-up" } : one);
}

/** What units have in common that use the same media; different for those without. */
function mediaKey(unit: MediaUser): string | MediaUser {
  return unit.media && unit.media.length > 0 ? JSON.stringify(unit.media) : unit;
}

/** Which units find their media used by an earlier one, in the order in which shards are worked. */
export function reusingUnits(units: readonly MediaUser[]): boolean[] {
  const seen = new Set<string | MediaUser>();
  return units.map((unit) => {
    const key = mediaKey(unit), before = seen.has(key);
    seen.add(key);
    return before;
  });
}

/**
 * Seconds of each unit by what was tried: those that find their media used take as long, in
 * proportion, as the one of that kind.
 *
 * @param tried at least one
 */
export function secondsOfUnits(
  units: readonly MediaUser[],
  tried: readonly (Pick<Tried<unknown>, "seconds" | "says"> & { readonly place: number })[],
): { readonly seconds: readonly number[]; readonly saved: number } {
  const timed = tried.filter(({ says }) => says === "alone");
  const measured = timed.length > 0
    ? timed
    : tried.filter(({ says }, i) => i === 0 || says !== "reusing");
  const alone = secondsByWeight(
    measured.map(({ place, seconds }) => ({ weight: weightOf(units[place]), seconds })),
  );
  const [again] = tried.filter(({ says }) => says === "reusing");
  const share = again ? Math.min(1, again.seconds / alone(weightOf(units[again.place]))) : 1;
  const reusing = reusingUnits(units);
  const seconds = units.map((unit, i) => alone(weightOf(unit)) * (reusing[i] ? share : 1));
  const without = units.reduce((sum, unit) => sum + alone(weightOf(unit)), 0);
  return { seconds, saved: without - seconds.reduce((a, b) => a + b, 0) };
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
