/**
 * Text files that somebody else wrote, as text.
 *
 * @module
 */
import { InputError } from "./errors.ts";
import { fileError } from "./system_errors.ts";
import { quoted } from "./text.ts";

/** Encodings that the first bytes of a text name. */
const marks: readonly [label: string, bytes: readonly number[]][] = [
  ["utf-8", [0xef, 0xbb, 0xbf]],
  ["utf-16le", [0xff, 0xfe]],
  ["utf-16be", [0xfe, 0xff]],
];

/**
 * Checks that a path leads to a regular file of bounded size: reading a pipe may wait for ever, and a
 * device may never end.
 *
 * @param path the file
 * @param limit most bytes
 * @throws {InputError} if there is no such file, or it is a folder, a pipe or a device, or too large
 */
export async function checkRegular(path: string, limit = Infinity): Promise<void> {
  try {
    const { isFile, isDirectory, size } = await Deno.stat(path);
    if (!isFile) {
      const kind = isDirectory ? "a folder" : "a pipe or a device";
      throw new InputError(`Cannot read ${quoted(path)}: it is ${kind}; wanted a file`);
    }
    if (size > limit) {
      throw new InputError(`Cannot read ${quoted(path)}: it has ${size} bytes; at most ${limit}`);
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new InputError(`Cannot find ${quoted(path)}: there is no such file`, { cause: error });
    }
    throw fileError("read", path, error);
  }
}

/**
 * The bytes of a regular file.
 *
 * @param path the file
 * @param limit most bytes that are read
 * @throws {InputError} as {@link checkRegular}, or if it may not be read
 */
export async function readBytesOf(
  path: string,
  limit = Infinity,
): Promise<Uint8Array<ArrayBuffer>> {
  await checkRegular(path, limit);
  try {
    return await Deno.readFile(path);
  } catch (error) {
    throw fileError("read", path, error);
  }
}

/**
 * The text of a regular file: UTF-8, or UTF-16 with a byte-order mark, as editors on Windows write
 * it. The mark is left out.
 *
 * @param path the file
 * @param limit most bytes that are read
 * @throws {InputError} as {@link readBytesOf}, or if it is no text
 *
 * @example
 * ```ts
 * import { readTextOf } from "./text_files.ts";
 * import { assertRejects } from "@std/assert";
 * await assertRejects(() => readTextOf("lib"), Error, "it is a folder");
 * ```
 */
export async function readTextOf(path: string, limit = 1 << 28): Promise<string> {
  return decodeText(await readBytesOf(path, limit), path);
}

/**
 * The text that a file's bytes are; see {@link readTextOf}.
 *
 * @param path how messages name the file
 * @throws {InputError} if it is no text
 */
export function decodeText(bytes: Uint8Array<ArrayBuffer>, path: string): string {
  const [label] = marks.find(([, mark]) => mark.every((byte, i) => bytes[i] === byte)) ?? ["utf-8"];
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes);
  } catch {
    throw new InputError(`Cannot read ${quoted(path)}: it is no text in UTF-8`);
  }
}

/**
 * The JSON of a regular file; see {@link readTextOf}.
 *
 * @param parse how its text is read; `JSON.parse` by default
 * @throws {InputError} also if it is no JSON
 */
export async function readJsonOf(
  path: string,
  parse: (text: string) => unknown = (text) => JSON.parse(text),
): Promise<unknown> {
  return parseJsonOf(await readTextOf(path), path, parse);
}

/**
 * The JSON that a file's text is.
 *
 * @param path how messages name the file
 * @param parse how it is read; `JSON.parse` by default
 * @throws {InputError} if it is none
 */
export function parseJsonOf(
  text: string,
  path: string,
  parse: (text: string) => unknown = (text) => JSON.parse(text),
): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new InputError(
      `Cannot read ${quoted(path)} as JSON: ${quoted((error as Error).message)}`,
    );
  }
}
