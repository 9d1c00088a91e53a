/**
 * How long shards take on several workers, simulated: with slow machines and with failures.
 *
 * @module
 */
import { mean, quantile } from "../stats/summary.ts";
import { Random } from "../stats/random.ts";

/** What goes wrong in a simulation. */
export interface Mishaps {
  /** Seconds until a worker is ready for a shard. */
  readonly startSeconds?: number;
  /** Share of shards on a slow machine; 0.05 by default. */
  readonly stragglers?: number;
  /** How many times as long they take; 3 by default. */
  readonly slowness?: number;
  /** Share of tries that fail, at a random moment; 0.02 by default. */
  readonly failures?: number;
  /** Share of its work that a failed try loses; 0.1 by default: the journal keeps the rest. */
  readonly lost?: number;
  /** Simulated runs; 50 by default. */
  readonly draws?: number;
  /** Seed; 0 by default. */
  readonly seed?: number;
}

/** When everything is done, in seconds. */
export interface Makespan {
  /** Mean of the simulated runs. */
  readonly mean: number;
  /** Of 20 runs, 19 end by then. */
  readonly late: number;
}

/** The worker that is free first. */
function firstFree(busyUntil: Float64Array): number {
  let best = 0;
  for (let i = 1; i < busyUntil.length; i++) if (busyUntil[i] < busyUntil[best]) best = i;
  return best;
}

/**
 * Simulates shards that are taken in their order by whichever worker is free.
 *
 * @param shards seconds of each
 *
 * @example
 * ```ts
 * import { simulateSchedule } from "./schedule.ts";
 * import { assertEquals } from "@std/assert";
 * const calm = { stragglers: 0, failures: 0 };
 * assertEquals(simulateSchedule([60, 60, 60], 2, calm).mean, 120);
 * ```
 */
export function simulateSchedule(
  shards: readonly number[],
  workers: number,
  options: Mishaps = {},
): Makespan {
  const { startSeconds = 0, stragglers = 0.05, slowness = 3, failures = 0.02, lost = 0.1 } =
    options;
  const { draws = 50, seed = 0 } = options;
  const ends = Array.from({ length: draws }, (_, draw) => {
    const random = new Random(seed).fork(`schedule ${draw}`);
    const busyUntil = new Float64Array(Math.min(workers, shards.length));
    for (const seconds of shards) {
      let needed = startSeconds + seconds * (random.uniform() < stragglers ? slowness : 1);
      for (let again = 0; again < 2 && random.uniform() < failures; again++) {
        needed += startSeconds + lost * seconds * random.uniform();
      }
      busyUntil[firstFree(busyUntil)] += needed;
    }
    return Math.max(...busyUntil);
  });
  return { mean: mean(ends), late: quantile(ends, 0.95) };
}
