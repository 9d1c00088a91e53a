/**
 * Places where a command will write, tried before the work begins.
 *
 * @module
 */
import { InputError } from "../lib/common/errors.ts";
import { fileError } from "../lib/common/system_errors.ts";
import { quoted } from "../lib/common/text.ts";

/** The folder of a path, `.` where it names none. */
function folderOf(path: string): string {
  const [, folder] = /^(.*[/\\])?[^/\\]*$/s.exec(path)!;
  return folder ?? ".";
}

/** Makes a folder and those above it; returns those that were not there, the deepest first. */
async function makeFolders(folder: string): Promise<string[]> {
  const made: string[] = [];
  for (let above = folder.replace(/(?<=.)[/\\]+$/, ""); above !== "";) {
    if (await Deno.stat(above).then(() => true, () => false)) break;
    made.push(above);
    const next = above.replace(/[/\\]+[^/\\]*$/, "");
    if (next === above) break;
    above = next;
  }
  await Deno.mkdir(folder, { recursive: true });
  return made;
}

/**
 * Checks that a file or a folder's files can be written, by writing one beside it and taking it away
 * again; nothing stays.
 *
 * @param path the file, or the folder
 * @param kind which of both it is
 * @throws {InputError} that says why not
 */
export async function checkOutput(path: string, kind: "file" | "folder"): Promise<void> {
  const refuse = (problem: string) =>
    new InputError(`Cannot write ${quoted(path)}: ${problem}; choose another place`);
  const found = await Deno.stat(path).catch(() => null);
  if (kind === "file" && (found?.isDirectory || /[/\\]$/.test(path))) {
    throw refuse("it is a folder; wanted a file");
  }
  if (kind === "file" && found && !found.isFile) {
    throw refuse("it is a pipe or a device; wanted a file");
  }
  if (kind === "folder" && found && !found.isDirectory) {
    throw refuse("it is a file; wanted a folder");
  }
  const folder = kind === "folder" ? path : folderOf(path);
  const probe = `${folder}/.corelens-${crypto.randomUUID().slice(0, 8)}.tmp`;
  let made: string[] = [];
  try {
    made = await makeFolders(folder);
    await Deno.writeTextFile(probe, "may be removed\n", { createNew: true });
  } catch (error) {
    throw fileError("write", path, error);
  } finally {
    await Deno.remove(probe).catch(() => {});
    for (const empty of made) await Deno.remove(empty).catch(() => {});
  }
  if (kind === "file") {
    const name = path.slice(path.search(/[^/\\]*$/));
    // its temporary neighbour has a longer name
    if (new TextEncoder().encode(`${name}.12345678.tmp`).length > 255) {
      throw refuse("its name is too long");
    }
  }
}
