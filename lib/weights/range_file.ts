/**
 * A file that is read by range, several readers taking turns.
 *
 * @module
 */
import { resolve } from "node:path";
import { InputError } from "../common/errors.ts";
import type { FileBytes, KnownFile } from "../nn/kernels.ts";

/** An open file. Whoever opens one closes it. */
export class RangeFile implements Disposable {
  readonly #file: Deno.FsFile;
  #last: Promise<unknown> = Promise.resolve(); // reads take turns: they share the file's position

  private constructor(
    /** Name for messages. */
    readonly path: string,
    /** Size in bytes when it was opened. */
    readonly size: number,
    file: Deno.FsFile,
    /** How others find it; null where files have no numbers. */
    readonly known: KnownFile | null,
  ) {
    this.#file = file;
  }

  /**
   * Opens a file.
   *
   * @param path file to open
   * @param shownAs name for messages, if other than `path`
   * @throws {InputError} if there is no such file, or if it is none
   *
   * @example
   * ```ts
   * import { RangeFile } from "./range_file.ts";
   * import { assertEquals } from "@std/assert";
   * using file = await RangeFile.open("tests/golden/qwen3_vl/model.safetensors");
   * assertEquals((await file.read(8, 1))[0], "{".charCodeAt(0));
   * ```
   */
  static async open(path: string, shownAs: string = path): Promise<RangeFile> {
    let file: Deno.FsFile;
    try {
      file = await Deno.open(path, { read: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new InputError(`Cannot read ${shownAs}: no such file`);
    }
    const { size, isFile, ino: inode } = await file.stat();
    // numbers beyond 2^53, as some file systems have them, are not the whole number
    const known = inode !== null && Number.isSafeInteger(inode)
      ? { path: resolve(path), shownAs, inode, size }
      : null;
    if (isFile) return new RangeFile(shownAs, size, file, known);
    file.close();
    throw new InputError(`Cannot read ${shownAs}: it is not a file`);
  }

  /**
   * Reads bytes into a new buffer.
   *
   * @param offset first byte
   * @param length how many; the result is shorter where the file ends
   */
  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(length);
    const turn = this.#last.then(() => this.#fill(offset, bytes));
    this.#last = turn.catch(() => {});
    const found = await turn;
    return found < length ? bytes.slice(0, found) : bytes;
  }

  /** Where a range's bytes are, for others to read; null where they could not find the file. */
  lying(ranges: FileBytes["ranges"]): FileBytes | null {
    return this.known && { file: this.known, ranges };
  }

  /** Fills `into` from `offset` on; returns how many bytes the file had to give. */
  async #fill(offset: number, into: Uint8Array): Promise<number> {
    await this.#file.seek(offset, Deno.SeekMode.Start);
    let done = 0;
    while (done < into.length) {
      const count = await this.#file.read(into.subarray(done));
      if (count === null) break;
      done += count;
    }
    return done;
  }

  /** Closes the file; reads after this fail. */
  close(): void {
    this.#file.close();
  }

  /** The same as {@link RangeFile.close}, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}
