/**
 * How far a planned run is: from its files alone, on any machine that sees them.
 *
 * @module
 */
import { hasRecordFile } from "../common/record_bytes.ts";
import { median } from "../stats/summary.ts";
import { finishedShards, type OpenedRun, openRun, places } from "./run_files.ts";
import { hostName, readEvents, type ShardEvent } from "./shard_log.ts";

/** A shard without a sign of life for so long counts as stopped, in milliseconds. */
const silentAfter = 10 * 60_000;

/** Logs of finished shards that are read to measure how fast the workers are. */
const measured = 100;

/** A shard that is being worked on. */
export interface RunningShard {
  readonly shard: number;
  /** Which machine. */
  readonly host: string;
  /** Units that are done. */
  readonly units: number;
  /** All units. */
  readonly of: number;
}

/** A shard whose last try failed or was killed. */
export interface FailedShard {
  readonly shard: number;
  /** How many times it was tried. */
  readonly tries: number;
  /** Exit code; null where the process was killed without a word. */
  readonly code: number | null;
  /** The last line. */
  readonly message: string;
}

/** How far a run is. */
export interface RunStatus {
  readonly shards: number;
  /** Finished shards. */
  readonly done: number;
  /** Shards that are being worked on. */
  readonly running: readonly RunningShard[];
  /** Shards whose last try failed. */
  readonly failed: readonly FailedShard[];
  /** Shards that nobody has begun. */
  readonly waiting: number;
  /** Shards whose results were computed twice and differ. */
  readonly disagreeing: readonly number[];
  /** Seconds until all is done with as many workers as run now; null where none runs. */
  readonly secondsLeft: number | null;
  /** Whether the record is there. */
  readonly merged: boolean;
}

/** What the journal of a shard says. */
interface JournalState {
  /** Finished units. */
  readonly units: number;
  /** When it was last written, in milliseconds since 1970. */
  readonly changed: number;
  /** Whether a process holds its lock; undefined where that cannot be said. */
  readonly held?: boolean;
}

const noJournal: JournalState = { units: 0, changed: 0 };

/** Whether a process holds a file's lock; undefined where that cannot be said. */
function isHeld(file: Deno.FsFile): boolean | undefined {
  try {
    const free = file.tryLockSync(false);
    if (free) file.unlockSync();
    return !free;
  } catch {
    return undefined; // a file system without locks
  }
}

/** Whether a process claims a shard; undefined where none ever did, or where that cannot be said. */
function isClaimed(folder: string, shard: number): boolean | undefined {
  try {
    using file = Deno.openSync(places.claim(folder, shard));
    return isHeld(file);
  } catch {
    return undefined;
  }
}

/** Reads at once, since there may be thousands. */
function journalState(path: string): JournalState {
  try {
    using file = Deno.openSync(path);
    const { size, mtime } = file.statSync();
    const bytes = new Uint8Array(size);
    let lines = 0;
    for (let read; (read = file.readSync(bytes)) !== null;) {
      for (let i = bytes.indexOf(10); i >= 0 && i < read; i = bytes.indexOf(10, i + 1)) lines++;
    }
    const changed = mtime?.getTime() ?? 0;
    return { units: Math.max(0, lines - 1), changed, held: isHeld(file) };
  } catch {
    return noJournal;
  }
}

/**
 * Whether the try that began with `start` goes on: its shard is claimed or its journal locked, or one
 * of them was lately written where that cannot be said, as of another machine.
 */
function isAlive(
  claimed: boolean | undefined,
  { changed, held }: JournalState,
  start: ShardEvent,
  now: number,
): boolean {
  if (claimed || held) return true;
  const here = start.host === hostName();
  if (here && claimed === false) return false;
  const lately = now - Math.max(start.at, changed) < silentAfter;
  return lately && (held === undefined || changed < start.at || !here);
}

/** Seconds of shards for each second that was planned, by those that are finished. */
function slowness({ folder, shards }: OpenedRun, done: ReadonlySet<number>): number {
  const ratios: number[] = [];
  for (const shard of done) {
    if (ratios.length === measured) break;
    const seconds = readEvents(folder, shard).findLast(({ event }) => event === "done");
    if (seconds?.event === "done" && shards[shard]?.seconds > 0) {
      ratios.push(seconds.seconds / shards[shard].seconds);
    }
  }
  return ratios.length > 0 ? median(ratios) : 1;
}

/** Numbers of the shards that have a log, so that others need not be looked for. */
function logged(folder: string): Set<number> {
  try {
    return new Set(Array.from(Deno.readDirSync(places.logs(folder)), ({ name }) => parseInt(name)));
  } catch {
    return new Set();
  }
}

/**
 * How far a run is.
 *
 * @throws {InputError} if the folder holds no planned run
 */
export async function runStatus(folder: string, now: number = Date.now()): Promise<RunStatus> {
  const opened = await openRun(folder), { shards } = opened;
  const done = await finishedShards(folder), begun = logged(folder);
  const running: RunningShard[] = [], failed: FailedShard[] = [], disagreeing: number[] = [];
  let waiting = 0, secondsOpen = 0;
  for (const [shard, { units, seconds }] of shards.entries()) {
    if (done.has(shard)) continue;
    const events = begun.has(shard) ? readEvents(folder, shard) : [];
    const last = events.at(-1);
    const known = last ? journalState(places.journal(folder, shard)) : noJournal;
    secondsOpen += seconds * (1 - known.units / units.length);
    if (!last) waiting++;
    else if (last.event === "start" && isAlive(isClaimed(folder, shard), known, last, now)) {
      running.push({ shard, host: last.host, units: known.units, of: units.length });
    } else {
      const said = last.event === "failed" || last.event === "stopped";
      failed.push({
        shard,
        tries: events.filter(({ event }) => event === "start").length,
        code: said ? last.code : null,
        message: said ? last.message : `killed, or lost with its machine (${last.host})`,
      });
    }
  }
  for (const shard of begun) {
    const hasTwice = done.has(shard) && isLong(folder, shard);
    if (hasTwice && readEvents(folder, shard).some(({ event }) => event === "disagrees")) {
      disagreeing.push(shard);
    }
  }
  return {
    shards: shards.length,
    done: done.size,
    running,
    failed,
    waiting,
    disagreeing,
    secondsLeft: running.length === 0
      ? null
      : Math.max(0, secondsOpen) * slowness(opened, done) / running.length,
    merged: await hasRecordFile(folder, "manifest.json"),
  };
}

/** Whether a log is longer than that of a shard that was begun and finished once. */
function isLong(folder: string, shard: number): boolean {
  try {
    return Deno.statSync(places.log(folder, shard)).size > 200;
  } catch {
    return false;
  }
}
