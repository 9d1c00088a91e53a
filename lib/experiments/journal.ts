/**
 * A journal of finished work: one line for each finished unit, with a checksum, so that a run that is
 * killed at any moment resumes where it stopped, without a lost or doubled unit.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { removeIfThere, writeAll } from "../common/files.ts";
import { checkRegular } from "../common/text_files.ts";
import { hash128 } from "../stats/hash.ts";

/** Anything that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | {
  readonly [key: string]: Json;
};

/** A finished unit. */
export interface JournalEntry {
  /** Digest of what the unit was, when it was done. */
  readonly digest: string;
  /** Its result. */
  readonly value: Json;
}

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

/** An open journal. */
export class Journal implements Disposable {
  /** What the run was begun with; null for a journal that is not begun yet. */
  identity: Json = null;
  /** Finished units by key. */
  readonly entries: Map<string, JournalEntry> = new Map();
  readonly #file: Deno.FsFile;

  private constructor(file: Deno.FsFile, readonly path: string) {
    this.#file = file;
  }

  /**
   * Opens a journal, or makes an empty one. Lines from the first damaged one on (a run was killed
   * while it wrote) are cut off: their units are done again.
   *
   * @param path the file; its folder is made
   * @throws {InputError} if another process has it open
   *
   * @example
   * ```ts
   * import { Journal } from "./journal.ts";
   * import { assertEquals } from "@std/assert";
   * const folder = await Deno.makeTempDir();
   * {
   *   using journal = await Journal.open(`${folder}/run.partial`);
   *   await journal.begin({ seed: 1 });
   *   await journal.add("a", { digest: "5e", value: [1, 2] });
   * }
   * using again = await Journal.open(`${folder}/run.partial`);
   * assertEquals(again.identity, { seed: 1 });
   * assertEquals(again.entries.get("a"), { digest: "5e", value: [1, 2] });
   * await Deno.remove(folder, { recursive: true });
   * ```
   */
  static async open(path: string): Promise<Journal> {
    const folder = path.replace(/[/\\]?[^/\\]*$/, "");
    if (folder !== "") await Deno.mkdir(folder, { recursive: true });
    const found = await Deno.stat(path).catch(() => null);
    if (found) await checkRegular(path);
    const file = await Deno.open(path, { create: true, read: true, write: true });
    const journal = new Journal(file, path);
    try {
      if (!await file.tryLock(true)) {
        throw new InputError(
          `Cannot use ${path}: another process is running with it; wait for it, or choose another folder`,
        );
      }
      await journal.#load();
      return journal;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  async #load(): Promise<void> {
    const lines = (await Deno.readTextFile(this.path)).split("\n");
    lines.pop(); // what follows the last line end is empty or cut off
    let good = "";
    for (const [i, line] of lines.entries()) {
      const value = fromLine(line);
      if (value === undefined) break;
      if (i === 0) this.identity = value;
      else {
        const [key, digest, result] = value as [string, string, Json];
        this.entries.set(key, { digest, value: result });
      }
      good += `${line}\n`;
    }
    await this.#file.truncate(new TextEncoder().encode(good).length);
    await this.#file.seek(0, Deno.SeekMode.End);
  }

  async #write(value: Json): Promise<void> {
    await writeAll(this.#file, new TextEncoder().encode(toLine(value)));
  }

  /** Begins a run, without what was in the journal before. */
  async begin(identity: Json): Promise<void> {
    this.entries.clear();
    await this.#file.truncate(0);
    await this.#file.seek(0, Deno.SeekMode.Start);
    this.identity = identity;
    await this.#write(identity);
  }

  /** Notes a finished unit, in the place of an earlier result of the same key. */
  async add(key: string, entry: JournalEntry): Promise<void> {
    this.entries.set(key, entry);
    await this.#write([key, entry.digest, entry.value]);
  }

  /** Removes the file. */
  async remove(): Promise<void> {
    await removeIfThere(this.path);
  }

  /** Closes the file; it stays on disk. */
  [Symbol.dispose](): void {
    this.#file.close();
  }
}
