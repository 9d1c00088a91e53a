/**
 * Files of a checkpoint directory, none of which may lead out of it. What a directory with a GGUF
 * file (or the path of one) lacks is looked for inside that file.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { containedPath } from "../common/files.ts";
import { quoted } from "../common/text.ts";
import { ggufWith, readInsideGguf } from "./gguf_checkpoint.ts";
import { refuseLfsPointer } from "./lfs_pointer.ts";
import { duplicateKey } from "./json_keys.ts";

/**
 * Largest `tokenizer.json` or index of weights that is read, in bytes; published tokenizers reach
 * 35 MB.
 */
export const maxTextBytes = 64_000_000;

/** Largest other text file of a checkpoint, in bytes; published ones reach a few MB. */
export const maxSmallTextBytes = 16_000_000;

/** Largest file of a name. */
const textLimit = (name: string): number =>
  /tokenizer\.json$|\.index\.json$/.test(name) ? maxTextBytes : maxSmallTextBytes;

/**
 * Folders outside of `dir` into which its links may lead: the blob stores, if `dir` is a snapshot in
 * a Hugging Face cache (`<cache>/models--org--name/snapshots/<commit>`), whose files are links to
 * `<cache>/models--org--name/blobs` or, through that, to the shared `<cache>/blobs`.
 */
async function blobFolders(dir: string): Promise<readonly string[]> {
  const real = await Deno.realPath(dir).catch(() => dir);
  const snapshot = real.match(/^(.*)([/\\])models--[^/\\]+[/\\]snapshots[/\\][^/\\]+$/);
  if (!snapshot) return [];
  const repository = real.replace(/[/\\]snapshots[/\\][^/\\]+$/, "");
  return [`${repository}/blobs`, `${snapshot[1]}/blobs`];
}

/** Whether symbolic links may lead out of a checkpoint's folder. */
export interface LinkRules {
  /** Default false. */
  readonly followLinks?: boolean;
}

/**
 * The real path of a file of a checkpoint.
 *
 * @param dir checkpoint directory; may be a snapshot in a Hugging Face cache
 * @param name path of the file relative to `dir`
 * @throws {InputError} if nothing is there, or if the name or a symbolic link leaves the directory
 *
 * @example
 * ```ts
 * import { checkpointPath } from "./checkpoint_files.ts";
 * import { assertRejects } from "@std/assert";
 * await assertRejects(() => checkpointPath("tests/golden/qwen3_vl", "../README.md"));
 * ```
 */
export async function checkpointPath(
  dir: string,
  name: string,
  links: LinkRules = {},
): Promise<string> {
  const allowed = links.followLinks ? "anywhere" : await blobFolders(dir);
  return await containedPath(dir, name, allowed, "followLinks (--follow-links) allows that");
}

/**
 * Whether a checkpoint has a file, on disk or inside a GGUF file; false also for a link to nowhere.
 *
 * @throws {InputError} if it has several GGUF files
 */
export async function hasCheckpointFile(dir: string, name: string): Promise<boolean> {
  return await isFileIn(dir, name) || await ggufWith(dir, name) !== null;
}

async function isFileIn(dir: string, name: string): Promise<boolean> {
  try {
    return (await Deno.stat(`${dir}/${name}`)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    if (error instanceof Deno.errors.NotADirectory) return false;
    if (error instanceof Deno.errors.FilesystemLoop) return false;
    throw error;
  }
}

/**
 * A text file of a checkpoint, such as `chat_template.jinja`.
 *
 * @throws {InputError} as {@link checkpointPath}, and if it is too large, a Git
 *   LFS pointer, or not UTF-8
 */
export async function readCheckpointText(
  dir: string,
  name: string,
  links: LinkRules = {},
): Promise<string> {
  const path = await checkpointPath(dir, name, links);
  const { size, isFile } = await Deno.stat(path);
  if (!isFile) throw new InputError(`Cannot read ${quoted(name)} in ${dir}: it is not a file`);
  if (size > textLimit(name)) {
    throw new InputError(
      `Cannot read ${quoted(name)} in ${dir}: it has ${size} bytes; at most ${textLimit(name)}`,
    );
  }
  const bytes = await Deno.readFile(path);
  refuseLfsPointer(bytes, `${quoted(name)} in ${dir}`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new InputError(`Cannot read ${quoted(name)} in ${dir}: it is not text in UTF-8`);
  }
}

/**
 * A JSON file of a checkpoint, such as `config.json`.
 *
 * @returns the top-level object
 * @throws {InputError} as {@link readCheckpointText}, and if the file is not JSON, not an object at
 *   the top, or names a key twice
 *
 * @example
 * ```ts
 * import { readCheckpointJson } from "./checkpoint_files.ts";
 * import { assertEquals } from "@std/assert";
 * const config = await readCheckpointJson("tests/golden/qwen3_vl", "config.json");
 * assertEquals(config.model_type, "qwen3_vl");
 * ```
 */
export async function readCheckpointJson(
  dir: string,
  name: string,
  links: LinkRules = {},
): Promise<Record<string, unknown>> {
  const gguf = await isFileIn(dir, name) ? null : await ggufWith(dir, name);
  if (gguf !== null) return await readInsideGguf(gguf, name);
  const text = await readCheckpointText(dir, name, links);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InputError(
      `Cannot read ${quoted(name)} in ${dir}: it is not JSON (${quoted((error as Error).message)})`,
    );
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new InputError(`Cannot read ${quoted(name)} in ${dir}: wanted a JSON object at the top`);
  }
  const twice = duplicateKey(text);
  if (twice !== null) {
    throw new InputError(`Cannot read ${quoted(name)} in ${dir}: it names ${quoted(twice)} twice`);
  }
  return value as Record<string, unknown>;
}
