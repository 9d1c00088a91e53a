/**
 * What earlier runs left, against the units of work of today: what holds, what changed, what is gone.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { Unit } from "./lazy_sample.ts";
import type { Manifest } from "./record.ts";
import { unlessUnusable } from "./run_context.ts";

/** A result with what it was made of. */
export interface KnownRow<Row> {
  /** Digest of its unit. */
  readonly digest: string;
  /** The result. */
  readonly row: Row;
}

/** How earlier results stand to the samples of today. */
export interface Comparison<Row> {
  /** Results that still hold. */
  readonly kept: Map<string, KnownRow<Row>>;
  /** How many are of samples that changed. */
  readonly changed: number;
  /** How many are of samples that are gone. */
  readonly gone: number;
}

/** Compares earlier results with the units of today, by their digests. */
export async function stillValid<Row>(
  units: readonly Unit<Row>[],
  known: ReadonlyMap<string, KnownRow<Row>>,
): Promise<Comparison<Row>> {
  const kept = new Map<string, KnownRow<Row>>();
  let changed = 0;
  for (const { key, open } of units) {
    const before = known.get(key);
    if (!before) continue;
    const now = await unlessUnusable({ skipBad: true }, open);
    if (now?.digest === before.digest) kept.set(key, before);
    else changed++;
  }
  return { kept, changed, gone: known.size - kept.size - changed };
}

/** The counts as a sentence. */
export function resumedNotice(
  folder: string,
  { kept, changed, gone }: Comparison<unknown>,
  all: number,
): string {
  return `resuming in ${folder}: ${kept.size} results kept, ${changed} computed again because their ` +
    `samples changed, ${all - kept.size - changed} to compute, ${gone} dropped`;
}

/** Rows in the order of the units, without those of units that were left out. */
export function inOrder<Row>(
  units: readonly Unit<Row>[],
  rows: ReadonlyMap<string, KnownRow<Row>>,
): (readonly [key: string, row: KnownRow<Row>])[] {
  return units.flatMap(({ key }) => {
    const row = rows.get(key);
    return row ? [[key, row] as const] : [];
  });
}

/** The error for a finished run of which nothing holds any more. */
export function otherSamples(path: string, { changed, gone }: Comparison<unknown>): InputError {
  return new InputError(
    `Cannot run in ${path}: it holds the results of a finished run on other samples (${changed} ` +
      `changed, ${gone} gone); start over with --fresh, or choose another folder`,
  );
}

/** Whether a record holds exactly the units of a run, in their order. */
export function isWhole(
  { digests = [] }: Manifest,
  units: readonly Unit<unknown>[],
  { kept }: Comparison<unknown>,
): boolean {
  return kept.size === units.length &&
    JSON.stringify(digests) ===
      JSON.stringify(units.map(({ key }) => [key, kept.get(key)!.digest]));
}
