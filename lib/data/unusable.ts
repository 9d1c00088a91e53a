/**
 * Samples that cannot be used: named, and left out where the caller says so.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { counted, quoted } from "../common/text.ts";

/** A sample that a run goes without. */
export interface LeftOut {
  /** Its id. */
  readonly sample: string;
  /** Why it cannot be used. */
  readonly reason: string;
}

/**
 * One sample cannot be used: a damaged image, a missing file, evidence without tokens. Runs with
 * `skipBad` go on without it; any other error stops them.
 *
 * @example
 * ```ts
 * import { UnusableSampleError } from "./unusable.ts";
 * import { assertEquals } from "@std/assert";
 * const error = new UnusableSampleError("a", "its image is missing");
 * assertEquals(error.message, 'Cannot use sample "a": its image is missing');
 * assertEquals(error.leftOut, { sample: "a", reason: "its image is missing" });
 * ```
 */
export class UnusableSampleError extends InputError {
  /** The sample and the reason. */
  readonly leftOut: LeftOut;

  /**
   * An error that names the sample.
   *
   * @param sample its id
   * @param reason why it cannot be used; a message that names the sample is kept as it is
   * @param hint what to do, behind the reason
   */
  constructor(sample: string, reason: string, hint = "") {
    const named = reason.includes(quoted(sample));
    super(`${named ? reason : `Cannot use sample ${quoted(sample)}: ${reason}`}${hint}`);
    this.leftOut = { sample, reason };
  }

  /** An input error met while a sample was loaded, as one of this sample; others as they are. */
  static of(sample: string, error: unknown): unknown {
    if (!(error instanceof InputError) || error instanceof UnusableSampleError) return error;
    return new UnusableSampleError(sample, error.message);
  }
}

/** One line that counts samples left out, and names the first of them; empty where there are none. */
export function leftOutLine(leftOut: readonly LeftOut[], named = 3): string {
  if (leftOut.length === 0) return "";
  const shown = leftOut.slice(0, named).map(({ sample, reason }) => `${sample}: ${reason}`);
  const more = leftOut.length > named ? [`${leftOut.length - named} more`] : [];
  return `left out: ${counted(leftOut.length, "sample")} that cannot be used (${
    [...shown, ...more].join("; ")
  }), all named in manifest.json`;
}
