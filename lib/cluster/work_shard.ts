/**
 * The work on one shard: resumed where it was killed, finished once.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import type { LeftOut } from "../data/unusable.ts";
import type { ExperimentConfig, ExperimentRun } from "../experiments/experiment.ts";
import { changedParts } from "../experiments/identity.ts";
import { Journal, type JournalEntry, type Json } from "../experiments/journal.ts";
import type { Unit } from "../experiments/lazy_sample.ts";
import { mediaOrder } from "../experiments/media_order.ts";
import { encodeRow } from "../experiments/row_codec.ts";
import { type RunContext, unlessUnusable } from "../experiments/run_context.ts";
import {
  disagreements,
  type Fingerprint,
  type FinishedShard,
  type FinishedUnit,
  putFinished,
  readFinished,
} from "./finished_shard.ts";
import { commonIdentity, fingerprintOf } from "./plan_run.ts";
import { logEvent } from "./shard_log.ts";
import { type OpenedRun, openRun, places, type ShardUnit } from "./run_files.ts";

/**
 * Whether a shard is finished already, which is known before a model is loaded.
 *
 * @throws {InputError} if there is no such shard
 */
export async function isFinished(
  { folder, run }: Pick<OpenedRun, "folder" | "run">,
  shard: number,
): Promise<boolean> {
  if (!Number.isInteger(shard) || shard < 0 || shard >= run.shards) {
    throw new InputError(
      `Cannot work on shard ${shard} of ${folder}: there are 0 to ${run.shards - 1}`,
    );
  }
  return await Deno.stat(places.finished(folder, shard)).then(() => true, () => false);
}

/** Opens the shard's journal; a journal of its own while another process works on the same shard. */
async function openJournal({ folder, digest }: OpenedRun, shard: number): Promise<Journal> {
  const path = places.journal(folder, shard);
  const own = path.replace(/\.partial$/, `.${crypto.randomUUID().slice(0, 8)}.partial`);
  const journal = await Journal.open(path).catch((error) => {
    if (error instanceof InputError) return Journal.open(own);
    throw error;
  });
  const bound = { run: digest, shard };
  if (JSON.stringify(journal.identity) !== JSON.stringify(bound)) await journal.begin(bound);
  return journal;
}

/** A unit as it was planned. @throws {InputError} if it is not any more */
async function openPlanned<Row>(
  units: ReadonlyMap<string, Unit<Row>>,
  [, key, digest]: ShardUnit,
): Promise<() => Promise<Row>> {
  const opened = await units.get(key)?.open();
  if (opened?.digest === digest) return opened.work;
  throw new InputError(
    `Cannot go on with ${quoted(key)}: it is ${opened ? "not as it was" : "gone since it was"} ` +
      "planned; plan the run again",
  );
}

/** @throws {InputError} if the run is not what was planned, naming what differs */
async function checkIdentity<Config extends ExperimentConfig, Row, Result>(
  run: ExperimentRun<Config, Row, Result>,
  { folder, run: { identity } }: OpenedRun,
  fingerprint: Fingerprint,
): Promise<void> {
  const changed = changedParts(identity, await commonIdentity(run, fingerprint));
  if (changed.length === 0) return;
  throw new InputError(
    `Cannot work on ${folder}: it was planned with other settings (${changed.join(", ")}); plan ` +
      "the run again",
  );
}

/** Numbers the fingerprints of units. */
class Fingerprints {
  readonly list: Fingerprint[] = [];
  readonly #numbers = new Map<string, number>();

  numberOf(fingerprint: Fingerprint): number {
    const text = JSON.stringify(fingerprint);
    if (!this.#numbers.has(text)) this.#numbers.set(text, this.list.push(fingerprint) - 1);
    return this.#numbers.get(text)!;
  }
}

/** What a journal holds of a unit: what computed it, its row, and whether that was while planning. */
type KeptValue = readonly [by: Fingerprint, row: Json, during?: "plan"];

/**
 * Whether a result in the journal stands: not where the sample was another, nor where it was computed
 * while planning, with other threads, say, than the workers have.
 */
function isKept(
  entry: JournalEntry | undefined,
  digest: string,
  fingerprint: Fingerprint,
): boolean {
  if (entry?.digest !== digest) return false;
  const [by, , during] = entry.value as unknown as KeptValue;
  return during === undefined || JSON.stringify(by) === JSON.stringify(fingerprint);
}

/** Works through a shard's units, those with the same media one after the other, and says what came of them. */
async function workThrough<Row>(
  { units: planned }: { readonly units: readonly ShardUnit[] },
  units: ReadonlyMap<string, Unit<Row>>,
  journal: Journal,
  fingerprint: Fingerprint,
  context: RunContext,
): Promise<FinishedShard> {
  const leftOut: [number, LeftOut][] = [];
  const order = mediaOrder(planned.map((unit) => ({ unit, media: units.get(unit[1])?.media })));
  for (const [i, { unit }] of order.entries()) {
    context.signal?.throwIfAborted();
    const [index, key, digest] = unit;
    if (!isKept(journal.entries.get(key), digest, fingerprint)) {
      const onLeftOut = (sample: LeftOut) => {
        leftOut.push([index, sample]);
        context.onLeftOut?.(sample);
      };
      const row = await unlessUnusable({ ...context, onLeftOut }, async () => {
        const work = await openPlanned(units, unit);
        return await work();
      });
      if (row !== undefined) {
        await journal.add(key, { digest, value: encodeRow([fingerprint, row]) });
      }
    }
    context.onProgress?.(i + 1, planned.length);
  }
  const fingerprints = new Fingerprints(), without = new Set(leftOut.map(([index]) => index));
  const finished = planned.filter(([index]) => !without.has(index))
    .map(([index, key, digest]): FinishedUnit => {
      const [by, row] = journal.entries.get(key)!.value as unknown as KeptValue;
      return [index, key, digest, fingerprints.numberOf(by), row];
    });
  return { fingerprints: fingerprints.list, leftOut, units: finished };
}

/**
 * Computes one shard of a planned run and puts it into place. A shard that another process finished
 * in the meantime stays as it is: the results are compared, and a disagreement is logged and told.
 *
 * @throws {InputError} if there is no such shard, or model, code, options or samples are not as planned
 * @throws the signal's reason, once it is aborted; what was done stays done
 */
export async function workShard<Config extends ExperimentConfig, Row, Result>(
  run: ExperimentRun<Config, Row, Result>,
  folder: string,
  shard: number,
  context: RunContext = {},
): Promise<void> {
  const opened = await openRun(folder);
  await isFinished(opened, shard);
  const start = performance.now();
  const fingerprint = await fingerprintOf(run.config);
  await checkIdentity(run, opened, fingerprint);
  const given = await run.experiment.units(run.config, { ...context, onLeftOut: () => {} });
  const units = new Map(given.map((unit) => [unit.key, unit]));
  using journal = await openJournal(opened, shard);
  const finished = await workThrough(opened.shards[shard], units, journal, fingerprint, context);
  if (!await putFinished(opened, shard, finished)) {
    const first = await readFinished(opened, shard);
    const differing = disagreements(first, finished, run.experiment.measuresTime);
    if (differing.length > 0) {
      await logEvent(folder, shard, { event: "disagrees", units: differing });
      context.onNotice?.(
        `warning: shard ${shard} was finished by another process with other results for ` +
          `${differing.length} of its units (${differing.slice(0, 3).map(quoted).join(", ")}` +
          `${differing.length > 3 ? ", …" : ""}); the first results stay`,
      );
    }
  }
  await logEvent(folder, shard, { event: "done", seconds: (performance.now() - start) / 1000 });
  await journal.remove();
}
