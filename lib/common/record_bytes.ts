/**
 * Bytes of a record's file, also where it is kept compressed: `samples.arrow.gz` in place of
 * `samples.arrow`, as `gzip` leaves it. Digests in manifests are of the file as it was written.
 *
 * @module
 */
import { gunzipSync } from "node:zlib";
import { InputError } from "./errors.ts";
import { removeIfThere, writeAll, writeAtomically } from "./files.ts";
import { quoted } from "./text.ts";
import { decodeText, parseJsonOf, readBytesOf } from "./text_files.ts";

/** Most bytes that a compressed file may unpack to. */
const unpackedLimit = 1 << 28;

/** What is appended to the names of compressed files. */
const packedSuffix = ".gz";

const isMissing = (error: unknown): boolean => {
  const { cause } = error as Error;
  return cause instanceof Deno.errors.NotFound || cause instanceof Deno.errors.NotADirectory;
};

/** The bytes that a gzip file holds. */
async function unpackedBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readBytesOf(path, unpackedLimit);
  try {
    return new Uint8Array(gunzipSync(bytes, { maxOutputLength: unpackedLimit }));
  } catch (error) {
    throw new InputError(
      `Cannot read ${quoted(path)}: it is no gzip file of at most ${unpackedLimit} bytes ` +
        `(${(error as Error).message})`,
    );
  }
}

/**
 * The bytes of a record's file as it was written.
 *
 * @param folder of the record
 * @param name e.g. `samples.arrow`; where it is not there, `samples.arrow.gz` is unpacked
 * @throws {InputError} if neither is there (its `cause` is the system's error), or the compressed one is
 *   damaged or too large
 *
 * @example
 * ```ts
 * import { readRecordBytes } from "./record_bytes.ts";
 * import { assertEquals } from "@std/assert";
 * const bytes = await readRecordBytes("data/results/mini/identify", "samples.arrow");
 * assertEquals(new TextDecoder().decode(bytes.subarray(0, 6)), "ARROW1");
 * ```
 */
export async function readRecordBytes(
  folder: string,
  name: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const path = `${folder}/${name}`;
  try {
    return await readBytesOf(path);
  } catch (missing) {
    if (!isMissing(missing)) throw missing;
    return await unpackedBytes(`${path}${packedSuffix}`).catch((error) => {
      if (!isMissing(error)) throw error;
      const { message, cause } = missing as InputError;
      throw new InputError(`${message}; wanted the folder of a run`, { cause });
    });
  }
}

/**
 * A record's file as text, also where it is kept compressed.
 *
 * @param folder of the record
 * @param name e.g. `scores.json`
 * @throws {InputError} as {@link readRecordBytes}, or if it is no text
 */
export async function readRecordText(folder: string, name: string): Promise<string> {
  return decodeText(await readRecordBytes(folder, name), `${folder}/${name}`);
}

/**
 * A record's file as JSON, also where it is kept compressed.
 *
 * @param folder of the record
 * @param name e.g. `scores.json`
 * @throws {InputError} as {@link readRecordText}, or if it is no JSON
 */
export async function readRecordJson(folder: string, name: string): Promise<unknown> {
  return parseJsonOf(await readRecordText(folder, name), `${folder}/${name}`);
}

/** Whether a record has a file, compressed or not. */
export async function hasRecordFile(folder: string, name: string): Promise<boolean> {
  const isThere = (path: string) => Deno.stat(path).then(() => true, () => false);
  return await isThere(`${folder}/${name}`) || await isThere(`${folder}/${name}${packedSuffix}`);
}

/** Writes a record's file, whole or not at all; where an earlier one was kept compressed, that goes. */
export async function writeRecordFile(
  folder: string,
  name: string,
  bytes: Uint8Array,
): Promise<void> {
  await writeAtomically(`${folder}/${name}`, (file) => writeAll(file, bytes));
  await removeIfThere(`${folder}/${name}${packedSuffix}`);
}

/** Removes a record's file where it is there, compressed or not. */
export async function removeRecordFile(folder: string, name: string): Promise<void> {
  await removeIfThere(`${folder}/${name}`);
  await removeIfThere(`${folder}/${name}${packedSuffix}`);
}
