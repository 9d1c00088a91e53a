/**
 * A journal of finished work: one line for each finished unit, with a checksum, so that a run that is
 * killed at any moment goes on where it stopped, without a lost or doubled unit.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { writeAll } from "../common/files.ts";
import { quoted } from "../common/text.ts";
import { hash128 } from "../stats/hash.ts";

/** Anything that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | {
  readonly [key: string]: Json;
};

/** Checksum of a line, in hexadecimal. */
function checksum(text: string): string {
  return Array.from(hash128(text), (word) => word.toString(16).padStart(8, "0")).join("");
}

/** A line of the file: checksum, space, JSON. */
function toLine(value: Json): string {
  const text = JSON.stringify(value);
  return `${checksum(text)} ${text}\n`;
}

/** The JSON of a line, or undefined if the line is damaged. */
function fromLine(line: string): Json | undefined {
  const text = line.slice(33);
  if (line[32] !== " " || checksum(text) !== line.slice(0, 32)) return undefined;
  return JSON.parse(text);
}

/** Bytes of a float32 array as base64, bit for bit. */
export function encodeFloats(values: Float32Array): string {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength).toBase64();
}

/**
 * What {@link encodeFloats} encoded.
 *
 * @example
 * ```ts
 * import { decodeFloats, encodeFloats } from "./journal.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(decodeFloats(encodeFloats(Float32Array.of(0.1, NaN))), Float32Array.of(0.1, NaN));
 * ```
 */
export function decodeFloats(text: string): Float32Array {
  return new Float32Array(Uint8Array.fromBase64(text).buffer);
}

/** An open journal. */
export class Journal implements Disposable {
  /** Finished units by key, in the order in which they were finished. */
  readonly entries: Map<string, Json> = new Map();
  readonly #file: Deno.FsFile;

  private constructor(file: Deno.FsFile, readonly path: string) {
    this.#file = file;
  }

  /**
   * Opens or begins a journal. Lines from the first damaged one on (a run was killed while it wrote)
   * are cut off: their units are done again.
   *
   * @param path the file; its folder is made
   * @param identity what the run depends on: a journal of another identity is not gone on with
   * @throws {InputError} if the journal belongs to a run with other settings, or another process has
   * it open
   *
   * @example
   * ```ts
   * import { Journal } from "./journal.ts";
   * import { assertEquals } from "@std/assert";
   * const folder = await Deno.makeTempDir();
   * {
   *   using journal = await Journal.open(`${folder}/run.partial`, { seed: 1 });
   *   await journal.add("a", [1, 2]);
   * }
   * using again = await Journal.open(`${folder}/run.partial`, { seed: 1 });
   * assertEquals(again.entries.get("a"), [1, 2]);
   * await Deno.remove(folder, { recursive: true });
   * ```
   */
  static async open(path: string, identity: Json): Promise<Journal> {
    const folder = path.replace(/[/\\]?[^/\\]*$/, "");
    if (folder !== "") await Deno.mkdir(folder, { recursive: true });
    const file = await Deno.open(path, { create: true, read: true, write: true });
    const journal = new Journal(file, path);
    try {
      if (!await file.tryLock(true)) {
        throw new InputError(`Cannot use ${path}: another process is running with it`);
      }
      await journal.#load(identity);
      return journal;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  async #load(identity: Json): Promise<void> {
    const text = await Deno.readTextFile(this.path);
    const lines = text.split("\n");
    lines.pop(); // what follows the last line end is empty or cut off
    let good = "";
    for (const [i, line] of lines.entries()) {
      const value = fromLine(line);
      if (value === undefined) break;
      if (i === 0) {
        if (JSON.stringify(value) !== JSON.stringify(identity)) {
          throw this.#otherRun(value, identity);
        }
      } else {
        const [key, entry] = value as [string, Json];
        this.entries.set(key, entry);
      }
      good += `${line}\n`;
    }
    const length = new TextEncoder().encode(good).length;
    await this.#file.truncate(length);
    await this.#file.seek(0, Deno.SeekMode.End);
    if (length === 0) await this.#write(identity);
  }

  #otherRun(found: Json, wanted: Json): InputError {
    const fields = (value: Json) => Object.entries(value ?? {}) as [string, Json][];
    const before = new Map(fields(found).map(([key, value]) => [key, JSON.stringify(value)]));
    const other = fields(wanted).filter(([key, value]) =>
      before.get(key) !== JSON.stringify(value)
    );
    return new InputError(
      `Cannot go on with ${quoted(this.path)}: it was begun with other settings (` +
        other.map(([key]) => key).join(", ") + "); remove it, or choose another folder",
    );
  }

  async #write(value: Json): Promise<void> {
    await writeAll(this.#file, new TextEncoder().encode(toLine(value)));
  }

  /** Notes a finished unit. */
  async add(key: string, value: Json): Promise<void> {
    this.entries.set(key, value);
    await this.#write([key, value]);
  }

  /** Closes the file; it stays on disk. */
  [Symbol.dispose](): void {
    this.#file.close();
  }
}
