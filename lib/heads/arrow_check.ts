/**
 * Arrow files from elsewhere: what they claim is checked before the reader believes it, and what it
 * makes of them before it is used.
 *
 * @module
 */
import * as arrow from "apache-arrow";
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import { arrowCountProblem } from "./arrow_counts.ts";

/** Why bytes are no Arrow file; null if they are one. */
function arrowProblem(bytes: Uint8Array): string | null {
  const wrong = arrowCountProblem(bytes);
  if (wrong !== null) return wrong;
  try {
    const { numRows } = arrow.tableFromIPC(bytes);
    // the shortest rows, of bits only, take an eighth of a byte
    return numRows <= 8 * bytes.length ? null : `it claims ${numRows} rows`;
  } catch (error) {
    return `it is no Arrow file (${(error as Error).message})`;
  }
}

/**
 * Reads bytes as an Arrow table and throws the result away.
 *
 * @param file how messages name the file
 * @throws {InputError} if the bytes are no Arrow file, or claim more than they hold
 *
 * @example
 * ```ts
 * import { checkArrow } from "./arrow_check.ts";
 * import { assertThrows } from "@std/assert";
 * const text = new TextEncoder().encode("{}".repeat(99));
 * assertThrows(() => checkArrow(text, "a.arrow"), Error, "a.arrow");
 * ```
 */
export function checkArrow(bytes: Uint8Array, file: string): void {
  const problem = arrowProblem(bytes);
  if (problem !== null) throw new InputError(`Cannot read ${quoted(file)}: ${problem}`);
}
