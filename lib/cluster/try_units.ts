/**
 * Trying: a few units of a run are worked on to measure how long all of them take; their results are
 * kept.
 *
 * @module
 */
import { Journal } from "../experiments/journal.ts";
import type { Unit } from "../experiments/lazy_sample.ts";
import { encodeRow } from "../experiments/row_codec.ts";
import { type SamplesContext, unlessUnusable } from "../experiments/run_context.ts";
import { type Tried, unitsToTry } from "./cost.ts";
import type { Fingerprint } from "./finished_shard.ts";
import { type OpenedRun, places } from "./run_files.ts";

/** A unit with its place in the run and its digest. */
export interface OpenedUnit<Row> {
  /** Its place. */
  readonly index: number;
  /** The unit. */
  readonly unit: Unit<Row>;
  /** Its digest. */
  readonly digest: string;
}

/** Tries a few units, for a minute at most beyond the first. */
export async function tryUnits<Row>(
  opened: readonly OpenedUnit<Row>[],
  context: SamplesContext,
): Promise<(Tried<Row> & { readonly place: number })[]> {
  const tried: (Tried<Row> & { readonly place: number })[] = [], begin = performance.now();
  const quiet = { skipBad: context.skipBad };
  const wanted = unitsToTry(opened.map(({ unit }) => unit));
  const rest = opened.keys().map((place) => ({ place, says: "alone" as const }));
  const seen = new Set<number>();
  for (const { place, says } of [...wanted, ...rest]) { // others, where those cannot be used
    const late = tried.length > 0 && performance.now() - begin > 60_000;
    if (tried.length === wanted.length || late) break;
    if (seen.has(place)) continue;
    seen.add(place);
    context.signal?.throwIfAborted();
    const { unit, index } = opened[place];
    const found = await unlessUnusable(quiet, async () => {
      const start = performance.now();
      const { digest, work } = await unit.open();
      const row = await work();
      const seconds = (performance.now() - start) / 1000;
      return { place, says, index, seconds, digest, row, tokens: await unit.tokens?.() ?? null };
    });
    if (found) tried.push(found);
    context.onProgress?.(tried.length, wanted.length);
  }
  return tried;
}

/**
 * Puts the results of tried units into the journals of their shards, as those of the plan: a worker on
 * another backend computes them again.
 */
export async function keepTried<Row>(
  { folder, shards, digest }: OpenedRun,
  tried: readonly Tried<Row>[],
  fingerprint: Fingerprint,
): Promise<void> {
  for (const [number, { units }] of shards.entries()) {
    const own = tried.filter(({ index }) => units.some(([place]) => place === index));
    if (own.length === 0) continue;
    using journal = await Journal.open(places.journal(folder, number));
    await journal.begin({ run: digest, shard: number });
    for (const { index, digest, row } of own) {
      const [, key] = units.find(([place]) => place === index)!;
      await journal.add(key, { digest, value: encodeRow([fingerprint, row, "plan"]) });
    }
  }
}
