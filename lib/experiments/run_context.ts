/**
 * Where and how a run takes place: its folder, what it tells, and samples that it goes without.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { type LeftOut, UnusableSampleError } from "../data/unusable.ts";

/** Told how many units of this run are done; those finished by an earlier run do not count. */
export type Progress = (done: number, total: number) => void;

/** Where and how a run takes place. */
export interface RunContext {
  /**
   * Folder for the records. Without one nothing is written, and a run that is stopped begins anew.
   */
  readonly folder?: string;
  /** Removes what earlier runs left in the folder, and starts over. */
  readonly fresh?: boolean;
  /** Stops the run between two units; what is done stays done. */
  readonly signal?: AbortSignal;
  /** Progress. */
  readonly onProgress?: Progress;
  /** Told in one sentence what the user should know: what was kept of an earlier run, warnings. */
  readonly onNotice?: (text: string) => void;
  /**
   * Goes on without samples that cannot be used (a damaged image, evidence without tokens) and names
   * them in the manifest. By default the first of them stops the run.
   */
  readonly skipBad?: boolean;
  /** Told of each sample that `skipBad` goes past. */
  readonly onLeftOut?: (sample: LeftOut) => void;
}

/** What experiments that write a record of samples are told besides. */
export interface SamplesContext extends RunContext {
  /** Samples that were left out before, to be named in the manifest. */
  readonly leftOut?: readonly LeftOut[];
}

/** How much runs keep of what samples have in common. */
export interface ReuseOptions {
  /**
   * Bytes that the run holds at most of what samples on the same media have in common: the media
   * themselves, their features, and keys and values of the tokens before the question. 2 GiB by
   * default; with 0 everything is computed for each sample. Results are the same bit for bit.
   */
  readonly reuseBytes?: number;
}

/**
 * Does work on one sample; undefined where the sample cannot be used and the run goes on without it.
 *
 * @throws {UnusableSampleError} without `skipBad`, with a hint at it
 */
export async function unlessUnusable<T>(
  context: Pick<RunContext, "skipBad" | "onLeftOut">,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof UnusableSampleError)) throw error;
    const { sample, reason } = error.leftOut;
    if (!context.skipBad) {
      throw new UnusableSampleError(
        sample,
        reason,
        "; to go on without such samples: skipBad (--skip-bad)",
      );
    }
    context.onLeftOut?.(error.leftOut);
  }
}

/** The error for a run that has no samples left. */
export function noneUsable(doing: string, samples: number, reason = "unknown"): InputError {
  return new InputError(
    `Cannot ${doing}: none of ${samples} samples can be used; the last one: ${reason}`,
  );
}
