/**
 * Finished shards on disk: written once, compared ever after.
 *
 * @module
 */
import { digestOfBytes } from "../common/digest.ts";
import { InputError } from "../common/errors.ts";
import { writeAll } from "../common/files.ts";
import { fileError } from "../common/system_errors.ts";
import type { LeftOut } from "../data/unusable.ts";
import type { Json } from "../experiments/journal.ts";
import { type OpenedRun, places } from "./run_files.ts";

/** What of a backend a unit's numbers depend on, and what a manifest says of it. */
export interface Fingerprint {
  /** As `numericChoices` gives it. */
  readonly numbers: Readonly<Record<string, string>>;
  /** Backend and kernels. */
  readonly backend: string;
  /** Element type. */
  readonly dtype: string;
  /** Threads of an operation: another number moves sums by rounding. */
  readonly threads: number;
  /** Name of the processor, whose instructions do so too; `unknown` where it may not be asked for. */
  readonly processor: string;
}

/** One line: a unit's place, key, digest, fingerprint (by number) and row. */
export type FinishedUnit = readonly [
  index: number,
  key: string,
  digest: string,
  fingerprint: number,
  row: Json,
];

export interface FinishedShard {
  /** What computed. */
  readonly fingerprints: readonly Fingerprint[];
  /** Units that were left out, by their places in the run. */
  readonly leftOut: readonly (readonly [index: number, sample: LeftOut])[];
  /** The other units. */
  readonly units: readonly FinishedUnit[];
}

/** The first line of a finished shard's file. */
interface Head extends Omit<FinishedShard, "units"> {
  readonly run: string;
  readonly shard: number;
  readonly digest: string;
}

function textOf(run: OpenedRun, shard: number, finished: FinishedShard): string {
  const { units, ...rest } = finished;
  const body = units.map((unit) => JSON.stringify(unit) + "\n").join("");
  const digest = digestOfBytes(new TextEncoder().encode(body));
  const head: Head = { run: run.digest, shard, ...rest, digest };
  return `${JSON.stringify(head)}\n${body}`;
}

/**
 * Reads a finished shard.
 *
 * @throws {InputError} if it is damaged, or of another run
 */
export async function readFinished(run: OpenedRun, shard: number): Promise<FinishedShard> {
  const path = places.finished(run.folder, shard);
  const refuse = (problem: string) =>
    new InputError(
      `Cannot use ${path}: ${problem}; remove it, and let its shard be computed again`,
    );
  const text = await Deno.readTextFile(path).catch((error) => {
    throw fileError("read", path, error);
  });
  const end = text.indexOf("\n"), body = text.slice(end + 1);
  let head: Head;
  try {
    head = JSON.parse(text.slice(0, end));
  } catch {
    throw refuse("its first line is damaged");
  }
  if (digestOfBytes(new TextEncoder().encode(body)) !== head.digest) {
    throw refuse("it is not as it was written");
  }
  if (head.run !== run.digest || head.shard !== shard) {
    throw refuse("it is of another run or shard");
  }
  const units = body.split("\n").slice(0, -1).map((line) => JSON.parse(line) as FinishedUnit);
  return { fingerprints: head.fingerprints, leftOut: head.leftOut, units };
}

/**
 * Keys of the units in which two results of one shard differ, left-out ones included.
 *
 * @param measuresTime whether rows hold times, which always differ: only what units were counts then
 */
export function disagreements(
  first: FinishedShard,
  second: FinishedShard,
  measuresTime = false,
): string[] {
  const results = ({ units, leftOut }: FinishedShard) =>
    new Map<string, string>([
      ...units.map(([, key, digest, , row]) =>
        [key, JSON.stringify(measuresTime ? digest : [digest, row])] as const
      ),
      ...leftOut.map(([, { sample }]) => [sample, "left out"] as const),
    ]);
  const before = results(first), now = results(second);
  return [...new Set([...before.keys(), ...now.keys()])]
    .filter((key) => before.get(key) !== now.get(key));
}

/**
 * Puts a finished shard into place: written beside it, flushed to disk and linked, so that it is there
 * whole or not at all, and the first of several stays.
 *
 * @returns whether this one was the first
 */
export async function putFinished(
  run: OpenedRun,
  shard: number,
  finished: FinishedShard,
): Promise<boolean> {
  const path = places.finished(run.folder, shard);
  const temporary = `${path}.${crypto.randomUUID().slice(0, 8)}.tmp`;
  try {
    await Deno.mkdir(places.done(run.folder), { recursive: true });
    {
      using file = await Deno.open(temporary, { write: true, createNew: true });
      await writeAll(file, new TextEncoder().encode(textOf(run, shard, finished)));
      await file.sync();
    }
    await Deno.link(temporary, path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw fileError("write", path, error);
  } finally {
    await Deno.remove(temporary).catch(() => {});
  }
}
