/**
 * The local engine: several worker processes on one machine.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";

/** Exit code of a mistake of the user, which another try does not mend. */
export const usersMistake = 2;

/** A shard is tried so many times at most. */
export const mostTries = 3;

/** How shards are worked on locally. */
export interface LocalOptions {
  /** Processes at once. */
  readonly workers: number;
  /** Runs `work` on one shard. @returns its exit code */
  readonly start: (shard: number, worker: number) => Promise<number>;
  /** Told of each try that failed. */
  readonly onFailure?: (shard: number, code: number, triesLeft: number) => void | Promise<void>;
  /** Told of each shard that is finished or given up. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Starts nothing more, once it is aborted. */
  readonly signal?: AbortSignal;
}

/**
 * Works through shards with several processes. A try that fails is repeated, three times in all; not
 * after a mistake of the user, which would be made again.
 *
 * @returns shards that were given up, ascending
 *
 * @example
 * ```ts
 * import { workLocally } from "./local_engine.ts";
 * import { assertEquals } from "@std/assert";
 * const tries: number[] = [];
 * const start = (shard: number) => {
 *   tries.push(shard);
 *   return Promise.resolve(shard === 1 ? 137 : 0);
 * };
 * assertEquals(await workLocally([0, 1], { workers: 1, start }), [1]);
 * assertEquals(tries, [0, 1, 1, 1]);
 * ```
 */
export async function workLocally(
  shards: readonly number[],
  { workers, start, onFailure, onProgress, signal }: LocalOptions,
): Promise<number[]> {
  const queue = shards.map((shard) => ({ shard, tries: 0 }));
  const givenUp: number[] = [];
  let ended = 0;
  const work = async (worker: number) => {
    for (let next = queue.shift(); next && !signal?.aborted; next = queue.shift()) {
      const { shard } = next, tries = next.tries + 1;
      const code = await start(shard, worker);
      if (code !== 0 && signal?.aborted) return;
      const left = code === usersMistake ? 0 : mostTries - tries;
      if (code !== 0) await onFailure?.(shard, code, left);
      if (code !== 0 && left > 0) {
        queue.push({ shard, tries });
        continue;
      }
      if (code !== 0) givenUp.push(shard);
      onProgress?.(++ended, shards.length);
    }
  };
  await Promise.all(Array.from({ length: Math.min(workers, shards.length) }, (_, i) => work(i)));
  return givenUp.sort((a, b) => a - b);
}

/** Memory that a worker needs besides its weights, in bytes: activations of a prompt, the program. */
const besideWeights = 512 * 2 ** 20;

/**
 * Checks that so many workers have room in memory: each has the weights for itself.
 *
 * @param weightBytes bytes of the weights in memory
 * @param available bytes that are free
 * @throws {InputError} naming how many workers have room
 *
 * @example
 * ```ts
 * import { checkMemory } from "./local_engine.ts";
 * import { assertThrows } from "@std/assert";
 * assertThrows(() => checkMemory(3, 4 * 2 ** 30, 10 * 2 ** 30), Error, "2 workers");
 * ```
 */
export function checkMemory(workers: number, weightBytes: number, available: number): void {
  const each = weightBytes + besideWeights, room = Math.floor(available / each);
  if (workers <= room) return;
  const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  throw new InputError(
    `Cannot start ${workers} workers: each needs ${gib(each)} (weights ${gib(weightBytes)}), and ` +
      `${gib(available)} are free; wanted --workers ${
        Math.max(1, room)
      }, which is as many as have ` +
      `room${room === 1 ? "" : ` (${room} workers)`}`,
  );
}
