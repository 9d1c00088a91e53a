/**
 * Digests of files, remembered for large ones as long as the file stays as it is.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { corelensFolder } from "../backend/environment.ts";
import { digestOf, digestOfBytes } from "../common/digest.ts";
import { writeTextAtomically } from "../common/files.ts";

/** Files up to this size are read whole each time, in bytes. */
const alwaysRead = 1 << 20;

/** Larger files than this are not read whole, in bytes. */
const wholeLimit = 512 * 2 ** 20;

/** Of larger files: this many blocks of this many bytes, evenly spread, after the first bytes. */
const sampled = { first: 16 * 2 ** 20, blocks: 4096, blockBytes: 16384 } as const;

/** A file that was changed so lately could change again without a new time; in milliseconds. */
const settledAfter = 2000;

export interface FileDigestOptions {
  /** Folder in which digests are remembered; null for none. The user's cache by default. */
  readonly cache?: string | null;
  /** Larger files are digested by their first 16 MiB and 4096 blocks; 512 MiB by default. */
  readonly wholeLimit?: number;
}

/** Which parts of a file of this size are read: start and end of each, ascending. */
function partsOf(size: number, whole: number): [start: number, end: number][] {
  if (size <= whole) return [[0, size]];
  const first = Math.min(sampled.first, Math.floor(size / 2));
  const step = (size - first - sampled.blockBytes) / (sampled.blocks - 1);
  const starts = Array.from({ length: sampled.blocks }, (_, i) => first + Math.floor(i * step));
  return [
    [0, first],
    ...starts.map((start): [number, number] => [start, Math.min(size, start + sampled.blockBytes)]),
  ];
}

async function readDigest(path: string, size: number, whole: number): Promise<string> {
  using file = await Deno.open(path);
  const hash = createHash("sha256").update(`${size}:`);
  const buffer = new Uint8Array(1 << 20);
  for (const [start, end] of partsOf(size, whole)) {
    await file.seek(start, Deno.SeekMode.Start);
    for (let at = start; at < end;) {
      const read = await file.read(buffer.subarray(0, Math.min(buffer.length, end - at)));
      if (read === null) break;
      hash.update(buffer.subarray(0, read));
      at += read;
    }
  }
  return hash.digest("hex").slice(0, 32);
}

/** What tells whether a file is the same as before, without reading it. */
function stampOf(info: Deno.FileInfo, whole: number): string {
  const { size, mtime, ctime, ino, dev } = info;
  return JSON.stringify([size, mtime?.getTime(), ctime?.getTime(), ino, dev, whole, 1]);
}

/** Remembered digests, each in a small file of its own. Whatever fails here only costs time. */
async function remembered(cache: string, path: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(join(cache, `${digestOf(path)}.json`));
  } catch {
    return null;
  }
}

async function remember(cache: string, path: string, text: string): Promise<void> {
  try {
    await writeTextAtomically(join(cache, `${digestOf(path)}.json`), text);
  } catch {
    // no room or no permission there: it is read again next time
  }
}

/** Whether a folder may be written without asking anybody. */
function mayWrite(folder: string): boolean {
  return Deno.permissions.querySync({ name: "write", path: folder }).state === "granted";
}

/**
 * Digest of a file's content: of all its bytes, or of a file above the limit, of its size, its first
 * 16 MiB (where a checkpoint has its header) and 4096 blocks of 16 KiB, evenly spread. Above 1 MiB it
 * is remembered in the user's cache under the file's path, size, times and inode.
 *
 * @returns 32 hexadecimal digits
 * @throws as `Deno.open`
 *
 * @example
 * ```ts
 * import { fileDigest } from "./file_digest.ts";
 * import { assertEquals } from "@std/assert";
 * const name = "tests/golden/qwen3_vl/model.safetensors";
 * assertEquals(await fileDigest(name), await fileDigest(name, { cache: null }));
 * ```
 */
export async function fileDigest(path: string, options: FileDigestOptions = {}): Promise<string> {
  const { wholeLimit: whole = wholeLimit } = options;
  const info = await Deno.stat(path);
  if (info.size <= Math.min(alwaysRead, whole)) return digestOfBytes(await Deno.readFile(path));
  const cache = options.cache === undefined ? join(corelensFolder(), "digests") : options.cache;
  const real = await Deno.realPath(path);
  const stamp = stampOf(info, whole);
  if (cache !== null) {
    const [known, digest] = (await remembered(cache, real))?.split("\n") ?? [];
    if (known === stamp && /^[0-9a-f]{32}$/.test(digest)) return digest;
  }
  const digest = await readDigest(path, info.size, whole);
  const after = await Deno.stat(path);
  const changed = Math.max(after.mtime?.getTime() ?? 0, after.ctime?.getTime() ?? 0);
  const settled = changed > 0 && Date.now() - changed > settledAfter;
  if (cache !== null && settled && stampOf(after, whole) === stamp && mayWrite(cache)) {
    await remember(cache, real, `${stamp}\n${digest}\n`);
  }
  return digest;
}
