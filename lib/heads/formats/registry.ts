/**
 * The formats of head lists by name, and their files on disk.
 *
 * @module
 */
import { InputError } from "../../common/errors.ts";
import { writeTextAtomically } from "../../common/files.ts";
import { quoted } from "../../common/text.ts";
import { readTextOf } from "../../common/text_files.ts";
import type { HeadScores } from "../head_scores.ts";
import { csv } from "./csv.ts";
import { duoAttention } from "./duo_attention.ts";
import type { HeadList, HeadListFormat, ListSettings, ListSizes, ListTexts } from "./format.ts";
import { mmRetHead } from "./mmrethead.ts";
import { retrievalHead } from "./retrieval_head.ts";

/** All formats. */
export const headListFormats: readonly HeadListFormat[] = [
  duoAttention,
  retrievalHead,
  mmRetHead,
  csv,
];

/**
 * The format of a name.
 *
 * @throws {InputError} for a name that no format has
 */
export function headListFormat(name: string): HeadListFormat {
  const found = headListFormats.find((format) => format.name === name);
  if (found) return found;
  const names = headListFormats.map((format) => format.name).join(", ");
  throw new InputError(`Cannot use head lists as ${quoted(name, 40)}: there are ${names}`);
}

/** Largest file of a list that is read, in bytes. */
const mostBytes = 1 << 27;

/**
 * Writes scores as the head list of another program.
 *
 * @param path the file, or the folder for a format of several files
 * @param settings what the format has a place for: the model, key-value heads (needed by
 *   DuoAttention), and the sink and window of its use, 64 and 256 by default
 * @returns the paths that were written
 * @throws {InputError} if the format cannot hold them, or a file cannot be written
 *
 * @example
 * ```ts
 * import { readHeadList, writeHeadList } from "./registry.ts";
 * import { headScores, meanScores } from "../head_scores.ts";
 * import { assertEquals } from "@std/assert";
 * const map = Float32Array.of(0.25, 0.5, 0, 1);
 * const scores = headScores("ram", { layers: 2, heads: 2 }, [{ id: "a", domain: "scene", map }]);
 * const file = await Deno.makeTempFile();
 * await writeHeadList("mmrethead", file, scores);
 * const list = await readHeadList("mmrethead", file);
 * assertEquals([...meanScores(list.scores)], [0.25, 0.5, 0, 1]);
 * await Deno.remove(file);
 * ```
 */
export async function writeHeadList(
  format: string,
  path: string,
  scores: HeadScores,
  settings: Partial<ListSettings> = {},
): Promise<string[]> {
  const texts = headListFormat(format).write(scores, {
    model: "",
    sink: 64,
    recent: 256,
    ...settings,
  });
  const written: string[] = [];
  for (const [name, text] of Object.entries(texts)) {
    const file = name === "" ? path : `${path}/${name}`;
    await writeTextAtomically(file, text);
    written.push(file);
  }
  return written;
}

/**
 * Reads the head list of another program.
 *
 * @param path the file; for a format of several files their folder, or the first of them
 * @param sizes layers and query heads of the model, where the file does not tell
 * @throws {InputError} in one line, for anything that is no such list
 */
export async function readHeadList(
  format: string,
  path: string,
  sizes: ListSizes = {},
): Promise<HeadList> {
  const { files, read } = headListFormat(format);
  if (files === undefined) return read({ "": await readTextOf(path, mostBytes) }, path, sizes);
  const isFolder = await Deno.stat(path).then((found) => found.isDirectory, () => false);
  const folder = isFolder ? path : path.replace(/[^/\\]*$/, "").replace(/[/\\]$/, "") || ".";
  const first = isFolder ? `${path}/${files[0]}` : path;
  const texts: Record<string, string> = { [files[0]]: await readTextOf(first, mostBytes) };
  for (const name of files.slice(1)) {
    const beside = `${folder}/${name}`;
    const there = await Deno.stat(beside).then(() => true, () => false);
    if (there) texts[name] = await readTextOf(beside, mostBytes);
  }
  return read(texts satisfies ListTexts, first, sizes);
}
