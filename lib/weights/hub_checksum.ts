/**
 * Checksums by which the hub names its files, and the check of what lies in the cache against them.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { InputError } from "../common/errors.ts";
import { fileError } from "../common/system_errors.ts";
import { quoted } from "../common/text.ts";
import type { HubFile } from "./hub_listing.ts";

/** A running checksum of a file's content. */
export interface Checksum {
  /** Takes further bytes. */
  update(bytes: Uint8Array): void;
  /** The checksum in hexadecimal digits; nothing can be added after this. */
  hex(): string;
}

/** Files up to this size are always read and checked when they are found in the cache, in bytes. */
export const cheapBytes = 1 << 23;

/** The checksum of a file of a listing: SHA-256, or for small files Git's. */
export function startChecksum(file: Pick<HubFile, "checksum" | "size">): Checksum {
  const hash = createHash(file.checksum === "sha256" ? "sha256" : "sha1");
  if (file.checksum === "git-sha1") hash.update(`blob ${file.size}\0`);
  return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest("hex") };
}

/** The checksum of a file on disk. */
async function checksumOf(
  path: string,
  file: Pick<HubFile, "checksum" | "size">,
): Promise<string> {
  const checksum = startChecksum(file);
  try {
    using handle = await Deno.open(path, { read: true });
    const buffer = new Uint8Array(1 << 20);
    for (let count; (count = await handle.read(buffer)) !== null;) {
      checksum.update(buffer.subarray(0, count));
    }
  } catch (error) {
    throw fileError("read", path, error);
  }
  return checksum.hex();
}

/**
 * Whether a file in the cache is the one of a listing: by its size, and by its checksum where that
 * is cheap or asked for.
 *
 * @param verify read large files too
 */
export async function isIntact(path: string, file: HubFile, verify: boolean): Promise<boolean> {
  const found = await Deno.stat(path).catch(() => null);
  if (!found?.isFile || found.size !== file.size) return false;
  if (!verify && file.size > cheapBytes) return true;
  return await checksumOf(path, file) === file.oid;
}

/**
 * Checks every file of a downloaded copy against the checksum that names its blob, without the
 * network.
 *
 * @param repository folder of the model's downloads
 * @param snapshot folder of the commit's files
 * @throws {InputError} naming the first file that is not as it was published
 */
export async function verifySnapshot(repository: string, snapshot: string): Promise<void> {
  const names = new Map<number | null, string>();
  for await (const { name } of Deno.readDir(`${repository}/blobs`)) {
    if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(name)) continue;
    names.set((await Deno.stat(`${repository}/blobs/${name}`)).ino, name);
  }
  const check = async (folder: string): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      const path = `${folder}/${name}`;
      if (isDirectory) await check(path);
      const { ino, size, isFile } = await Deno.stat(path);
      const oid = names.get(ino);
      if (!isFile || ino === null || oid === undefined) continue;
      const checksum = oid.length === 64 ? "sha256" : "git-sha1";
      if (await checksumOf(path, { checksum, size }) === oid) continue;
      throw new InputError(
        `Cannot use ${quoted(path)}: its content is not what was published; remove it, and it is ` +
          "downloaded again",
      );
    }
  };
  await check(snapshot);
}
