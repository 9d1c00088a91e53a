/**
 * Downloads on disk, laid out as by Python's huggingface_hub, so that each program finds what the
 * other has downloaded:
 *
 *     <cache>/models--org--name/refs/main                          the commit that main stood for
 *     <cache>/models--org--name/blobs/<checksum>                   each content once
 *     <cache>/models--org--name/snapshots/<commit>/config.json     links into blobs
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { removeIfThere, writeTextAtomically } from "../common/files.ts";
import { hasCheckpointFile } from "./checkpoint_files.ts";
import { isCommit } from "./hub_listing.ts";
import { indexFile, readIndex, singleFile } from "./safetensors.ts";

/** Folder of one model's downloads. */
export function repositoryFolder(cacheDir: string, id: string): string {
  return `${cacheDir}/models--${id.replaceAll("/", "--")}`;
}

/** Folder of one commit's files. */
export function snapshotFolder(cacheDir: string, id: string, commit: string): string {
  return `${repositoryFolder(cacheDir, id)}/snapshots/${commit}`;
}

/** The commit that a revision stood for when it was last downloaded; null if it never was. */
export async function cachedCommit(
  cacheDir: string,
  id: string,
  revision: string,
): Promise<string | null> {
  if (isCommit(revision)) return revision;
  try {
    const path = `${repositoryFolder(cacheDir, id)}/refs/${revision}`;
    const commit = (await Deno.readTextFile(path)).trim();
    return isCommit(commit) ? commit : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    if (error instanceof Deno.errors.IsADirectory) return null;
    if (error instanceof Deno.errors.NotADirectory) return null;
    throw error;
  }
}

/** Remembers which commit a revision stands for. */
export async function rememberCommit(
  cacheDir: string,
  id: string,
  revision: string,
  commit: string,
): Promise<void> {
  if (isCommit(revision) || await cachedCommit(cacheDir, id, revision) === commit) return;
  await writeTextAtomically(`${repositoryFolder(cacheDir, id)}/refs/${revision}`, commit);
}

/** Shards that a directory's index names; the unsharded file's name without a usable index. */
async function shardNames(dir: string): Promise<Iterable<string>> {
  if (!await hasCheckpointFile(dir, indexFile)) return [singleFile];
  try {
    return new Set((await readIndex(dir)).values());
  } catch (error) {
    if (error instanceof InputError) return [singleFile];
    throw error;
  }
}

/**
 * What a checkpoint directory lacks to be used: `config.json`, `tokenizer.json`, and weights with
 * every shard that their index names.
 *
 * @param dir checkpoint directory
 * @param weights whether the weights are wanted too
 * @returns names of the files that are missing; empty if there are none
 */
export async function missingFiles(dir: string, weights: boolean): Promise<string[]> {
  const wanted = ["config.json", "tokenizer.json"];
  if (weights && !await hasCheckpointFile(dir, singleFile)) {
    wanted.push(...await shardNames(dir));
  }
  const missing: string[] = [];
  for (const name of wanted) if (!await hasCheckpointFile(dir, name)) missing.push(name);
  return missing;
}

/** Whether this process may make symbolic links, which Deno allows to unrestricted writers only. */
function maySymlink(): boolean {
  return (["read", "write"] as const).every((name) =>
    Deno.permissions.querySync({ name }).state === "granted"
  );
}

/**
 * Makes a blob appear in a snapshot: by a relative symbolic link, or where that is not possible by a
 * second name for the same file, or as a copy.
 *
 * @param blob path of the blob
 * @param snapshot folder of the commit
 * @param name path of the file in the repository
 */
export async function linkIntoSnapshot(
  blob: string,
  snapshot: string,
  name: string,
): Promise<void> {
  const pointer = `${snapshot}/${name}`;
  await Deno.mkdir(pointer.slice(0, pointer.lastIndexOf("/")), { recursive: true });
  await removeIfThere(pointer);
  const up = "../".repeat(name.split("/").length + 1);
  const ways: (() => Promise<void>)[] = [
    () => Deno.link(blob, pointer),
    () => Deno.copyFile(blob, pointer),
  ];
  if (maySymlink()) {
    ways.unshift(() =>
      Deno.symlink(`${up}blobs/${blob.slice(blob.lastIndexOf("/") + 1)}`, pointer)
    );
  }
  const failures: unknown[] = [];
  for (const way of ways) {
    try {
      return await way();
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists) return; // another process was faster
      failures.push(error);
    }
  }
  throw new InputError(`Cannot put ${name} into ${snapshot}: ${failures.map(String).join("; ")}`);
}
