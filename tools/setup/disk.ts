/**
 * Whether the disk has room for the set-up.
 * @module
 */
import { join } from "node:path";
import { statfsSync } from "node:fs";
import { exists, repository, SetupError } from "./command.ts";

/** What the set-up leaves on the disk, and what it needs for a while, in MB (10^6 bytes). */
const parts: readonly [folder: string, megabytes: number][] = [
  ["node_modules", 420],
  [".venv", 330],
  [".native", 830 + 280], // with the package that it is unpacked from
];

/** Free space for this user on the disk of a folder, in MB; null where the system does not say. */
export function freeMegabytes(folder: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return Number(bavail) * Number(bsize) / 1e6;
  } catch {
    return null;
  }
}

/**
 * Says before anything is downloaded whether what is missing has room.
 *
 * @param free free space in MB
 * @throws {SetupError} if it has not
 */
export async function checkDisk(
  folder: string = repository,
  free: number | null = freeMegabytes(folder),
): Promise<void> {
  let needed = 0;
  for (const [name, megabytes] of parts) if (!await exists(join(folder, name))) needed += megabytes;
  if (free === null || free >= needed) return;
  throw new SetupError(
    `the disk of ${folder} has ${Math.floor(free)} MB free; the set-up needs ${needed} MB`,
  );
}
