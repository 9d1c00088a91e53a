/**
 * Notebooks to work in: copies that git ignores, so that running and saving one never changes the
 * checkout.
 *
 * @module
 */
import { basename, join } from "node:path";
import { readIfThere } from "./setup/command.ts";
import { notebookPaths, readCells, sourceDigest } from "./notebooks.ts";

/** The folder of working copies, beside `notebooks` so that relative paths mean the same. */
export const workingFolder = "my-notebooks";

/** What became of each notebook. */
export interface CopiedNotebooks {
  /** Copied for the first time, or again because the original changed and the copy had not. */
  readonly copied: readonly string[];
  /** Not copied although the original changed: the copy has been edited. */
  readonly kept: readonly string[];
}

/** Digest of the cells of each original that was copied, by file name. */
type Copied = Record<string, string>;

const listName = ".copied.json";

async function readCopied(folder: string): Promise<Copied> {
  const text = await readIfThere(join(folder, listName));
  try {
    return text === null ? {} : JSON.parse(text);
  } catch {
    return {}; // as if nothing had been copied: whatever is there counts as edited
  }
}

/** Digest of a notebook's cells without outputs; undefined where it cannot be read. */
function digestAt(path: string): string | undefined {
  try {
    return sourceDigest(readCells(path));
  } catch {
    return undefined;
  }
}

/**
 * Copies the notebooks of a folder that are not there yet, or have changed since and whose copies have
 * not been edited. A copy that was only run counts as not edited.
 *
 * @param from the folder of notebooks
 * @param to the folder of copies; made if need be
 */
export async function copyNotebooks(from: string, to: string): Promise<CopiedNotebooks> {
  await Deno.mkdir(to, { recursive: true });
  const before = await readCopied(to), after: Copied = {};
  const copied: string[] = [], kept: string[] = [];
  for (const path of notebookPaths(from)) {
    const name = basename(path), own = join(to, name);
    const original = sourceDigest(readCells(path));
    const there = await Deno.stat(own).then(() => true, () => false);
    const now = there ? digestAt(own) : undefined;
    after[name] = original;
    if (there && (original === before[name] || now === original)) continue;
    if (there && (now === undefined || now !== before[name])) {
      kept.push(name);
      after[name] = before[name] ?? "";
    } else {
      await Deno.copyFile(path, own);
      copied.push(name);
    }
  }
  await Deno.writeTextFile(join(to, listName), JSON.stringify(after, null, 2));
  return { copied, kept };
}
