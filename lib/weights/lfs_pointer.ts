/**
 * Git LFS pointers: small text files that stand for large ones in a checkout without them.
 *
 * Format: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
 * @module
 */
import { InputError } from "../common/errors.ts";

/** How every pointer begins. */
const beginning = "version https://git-lfs.github.com/spec/";

/**
 * Refuses a pointer in place of a file.
 *
 * @param start the file's first bytes, or its text; eight suffice
 * @param file its name, for the message
 * @throws {InputError} if it is a pointer
 *
 * @example
 * ```ts
 * import { refuseLfsPointer } from "./lfs_pointer.ts";
 * import { assertThrows } from "@std/assert";
 * const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
 * assertThrows(() => refuseLfsPointer(pointer, "model.safetensors"), Error, "git lfs pull");
 * ```
 */
export function refuseLfsPointer(start: Uint8Array | string, file: string): void {
  const text = typeof start === "string"
    ? start.slice(0, beginning.length)
    : new TextDecoder().decode(start.subarray(0, beginning.length));
  if (text.length < 8 || !beginning.startsWith(text)) return;
  throw new InputError(
    `Cannot read ${file}: it is a Git LFS pointer, not the file itself; run "git lfs pull" in its ` +
      "folder, or download the model by its hub id",
  );
}
