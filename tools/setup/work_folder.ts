/**
 * Folders in which the set-up builds: each locked by its process, so that those of killed ones can be
 * told apart and removed.
 *
 * @module
 */
import { join } from "node:path";

/** File that the owner of a folder holds locked as long as it lives. */
const lockFile = ".lock";

/** Folders without a lock are between two steps of making them, unless they are older than this. */
const unlockedAfter = 3600 * 1000;

/** A folder to work in. */
export interface WorkFolder extends Disposable {
  /** Its path. */
  readonly path: string;
  /** Removes it. */
  [Symbol.dispose](): void;
}

/** Makes a folder `.native-….tmp` that is this process's own until it is disposed of. */
export async function makeWorkFolder(parent: string): Promise<WorkFolder> {
  const path = await Deno.makeTempDir({ dir: parent, prefix: ".native-", suffix: ".tmp" });
  const lock = await Deno.open(join(path, lockFile), { create: true, write: true });
  await lock.lock(true);
  return {
    path,
    [Symbol.dispose]() {
      lock.close();
      try {
        Deno.removeSync(path, { recursive: true });
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    },
  };
}

/** Whether the process that made a folder has ended. */
async function isLeft(path: string): Promise<boolean> {
  try {
    using lock = await Deno.open(join(path, lockFile), { write: true });
    return await lock.tryLock(true);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    const { mtime } = await Deno.stat(path);
    return mtime !== null && Date.now() - mtime.getTime() > unlockedAfter;
  }
}

/** Removes the folders that killed processes left behind; those in use stay. */
export async function removeLeftFolders(parent: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(parent)) {
    if (!isDirectory || !/^\.native-.*\.tmp$/.test(name)) continue;
    const path = join(parent, name);
    if (await isLeft(path)) await Deno.remove(path, { recursive: true });
  }
}
