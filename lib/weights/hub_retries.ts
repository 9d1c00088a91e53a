/**
 * Failures that may pass by themselves, and bounded repetition.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { HubSettings } from "./hub_settings.ts";

/** Longest wait between two attempts in milliseconds, whatever the server asks for. */
const maxWaitMs = 10_000;

/** A failure that may pass by itself: a dropped connection, a busy server, silence. */
export class TemporaryError extends Error {
  /** Always `"TemporaryError"`. */
  override readonly name = "TemporaryError";
  /** How long the server asks to wait, in milliseconds; 0 if it does not say. */
  readonly waitMs: number;

  /**
   * Says what failed.
   *
   * @param message what failed, in a few words
   * @param waitMs how long to wait at least before the next attempt
   */
  constructor(message: string, waitMs: number = 0) {
    super(message);
    this.waitMs = waitMs;
  }
}

/** Waits, unless the caller's signal ends it. */
async function pause(ms: number, signal: AbortSignal | null): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/**
 * Repeats `attempt` after each {@link TemporaryError}, waiting longer each time, until it succeeds or
 * has failed `retries + 1` times in a row without progress.
 *
 * @param what the model or file, for messages
 * @param attempt does the work
 * @param progress a number that grows when an attempt got further; growth resets the count
 * @throws {InputError} at once if an attempt throws one, or after too many failures
 */
export async function withRetries<T>(
  settings: HubSettings,
  what: string,
  attempt: () => Promise<T>,
  progress: () => number = () => 0,
): Promise<T> {
  let best = progress();
  for (let failures = 0;;) {
    settings.signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof TemporaryError)) throw error;
      // Small steps do not count: a server that drops every connection at once must not win time.
      if (progress() - best >= 65536) {
        best = progress();
        failures = 0;
      }
      failures++;
      if (failures > settings.retries) {
        throw new InputError(
          `Cannot download ${what}: ${error.message}; gave up after ${failures} attempts`,
          { cause: error },
        );
      }
      const wait = Math.min(
        maxWaitMs,
        Math.max(error.waitMs, settings.backoffMs * 2 ** (failures - 1)),
      );
      settings.onNotice(`${what}: ${error.message}; next attempt in ${(wait / 1000).toFixed(1)} s`);
      await pause(wait, settings.signal);
    }
  }
}
