/**
 * What the operating system refuses, in plain words.
 *
 * @module
 */
import { InputError } from "./errors.ts";
import { quoted } from "./text.ts";

/** Sentences by the system's own names of errors. */
const sentences: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EBUSY: "it is in use",
  EDQUOT: "the disk quota is used up",
  EEXIST: "there is something else by that name",
  EFBIG: "the file system takes no file of that size",
  EIO: "the disk cannot be read or written",
  EISDIR: "it is a folder; wanted a file",
  ELOOP: "its links form a loop",
  EMFILE: "too many files are open",
  ENAMETOOLONG: "its name is too long",
  ENFILE: "too many files are open",
  ENODEV: "it is a device",
  ENOENT: "there is no such file or folder",
  ENOSPC: "no space left on device",
  ENOTDIR: "a part of its path is no folder",
  ENOTEMPTY: "the folder is not empty",
  ENXIO: "it is a device or a pipe",
  EPERM: "the operation is not permitted",
  EROFS: "the file system is read-only",
  ETXTBSY: "it is a program that runs",
  EINVAL: "its name or kind cannot be used",
};

/** Names of errors by Deno's classes, for those that come without a code. */
const classes: Readonly<Record<string, string>> = {
  AlreadyExists: "EEXIST",
  Busy: "EBUSY",
  FilesystemLoop: "ELOOP",
  IsADirectory: "EISDIR",
  NotADirectory: "ENOTDIR",
  NotFound: "ENOENT",
  PermissionDenied: "EACCES",
};

/**
 * Why the operating system refused, in a few words; null for any other error.
 *
 * @example
 * ```ts
 * import { systemProblem } from "./system_errors.ts";
 * import { assertEquals } from "@std/assert";
 * const error = await Deno.readFile("lib").catch((error) => error);
 * assertEquals(systemProblem(error), "it is a folder; wanted a file");
 * assertEquals(systemProblem(new TypeError("x")), null);
 * ```
 */
export function systemProblem(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if (error instanceof Deno.errors.NotCapable) {
    return `this program was not given the permission (${error.message.split(",")[0]})`;
  }
  const code = "code" in error ? String(error.code) : classes[error.name];
  return code !== undefined && Object.hasOwn(sentences, code) ? sentences[code] : null;
}

/**
 * The error as a sentence on a file, if the operating system refused; else the error as it is.
 *
 * @param action what was tried, such as `write`
 * @param path the file or folder
 *
 * @example
 * ```ts
 * import { fileError } from "./system_errors.ts";
 * import { assertEquals } from "@std/assert";
 * const error = fileError("read", "a.txt", new Deno.errors.NotFound("no"));
 * assertEquals(String(error), 'InputError: Cannot read "a.txt": there is no such file or folder');
 * ```
 */
export function fileError(action: string, path: string, error: unknown): unknown {
  const problem = systemProblem(error);
  if (problem === null) return error;
  return new InputError(`Cannot ${action} ${quoted(path)}: ${problem}`, { cause: error });
}
