/**
 * Files that stay where they belong: paths that cannot leave their folder, and writes that either
 * happen whole or not at all.
 *
 * @module
 */
import { InputError } from "./errors.ts";
import { fileError } from "./system_errors.ts";
import { quoted } from "./text.ts";

/** Why a relative name could lead out of its folder, in lexical terms only; null if it cannot. */
function leavingProblem(name: string): string | null {
  if (name === "") return "it is empty";
  if (name.includes("\0")) return "it holds a zero character";
  const parts = name.split(/[/\\]/);
  if (parts[0] === "" || /^[A-Za-z]:/.test(name)) return "it is an absolute path";
  let depth = 0;
  for (const part of parts) {
    if (part === "..") depth--;
    else if (part !== "." && part !== "") depth++;
    if (depth < 0) return "it leaves the folder";
  }
  return depth === 0 ? "it names the folder itself" : null;
}

/**
 * Why a name from an untrusted list cannot be a file below a folder; null if it can.
 *
 * Stricter than {@link containedPath}: no `.`, `..` or empty parts, no backslash, no control
 * characters, no drive letter, at most 255 bytes a part. Nothing is looked up on disk.
 *
 * @example
 * ```ts
 * import { relativeNameProblem } from "./files.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(relativeNameProblem("sub/model.safetensors"), null);
 * assertEquals(relativeNameProblem("../../x"), 'it has a part ".."');
 * ```
 */
export function relativeNameProblem(name: string): string | null {
  if (name === "") return "it is empty";
  // deno-lint-ignore no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(name)) return "it holds a control character";
  if (name.includes("\\")) return "it holds a backslash";
  if (name.startsWith("/") || /^[A-Za-z]:/.test(name)) return "it is an absolute path";
  for (const part of name.split("/")) {
    if (part === "" || part === "." || part === "..") return `it has a part "${part}"`;
    if (new TextEncoder().encode(part).length > 255) return "it has a part longer than 255 bytes";
  }
  return null;
}

/** Whether `path` is `root` or lies below it; both must be real paths. */
function isWithin(path: string, root: string): boolean {
  if (path === root) return true;
  return path.startsWith(root.endsWith("/") || root.endsWith("\\") ? root : `${root}/`) ||
    path.startsWith(`${root}\\`);
}

/** Most names of a folder that are looked at for one that was meant. */
const maxNames = 10_000;

/**
 * The file that a name means apart from case, the form of accents (Unicode NFC or NFD, in which systems
 * differ) and the slashes of Windows; null if there is none.
 */
async function sameFile(root: string, name: string): Promise<string | null> {
  const plain = (text: string) => text.normalize("NFC").toLowerCase();
  let found = "";
  for (const part of name.split(/[/\\]/).filter((part) => part !== "." && part !== "")) {
    let next: string | null = null, looked = 0;
    try {
      for await (const entry of Deno.readDir(`${root}/${found}`)) {
        if (++looked > maxNames) return null;
        if (plain(entry.name) === plain(part)) next = entry.name;
        if (entry.name === part) break;
      }
    } catch {
      return null;
    }
    if (next === null) return null;
    found += `${found === "" ? "" : "/"}${next}`;
  }
  return found;
}

/**
 * The real path of a file below `root`, wherever its symbolic links lead, provided that this is
 * still below `root` (or below one of `alsoAllowed`).
 *
 * @param root folder that the file must not leave
 * @param name path relative to `root`, from an untrusted source
 * @param alsoAllowed further folders that links may lead into; those that do not exist are ignored
 * @param remedy what the message about a link says that allows it
 * @throws {InputError} if the name or a link on its way leaves the folder, or if nothing is there
 *
 * @example
 * ```ts
 * import { containedPath } from "./files.ts";
 * import { assertRejects } from "@std/assert";
 * await assertRejects(() => containedPath(".", "../secret.txt"), Error, "it leaves the folder");
 * ```
 */
export async function containedPath(
  root: string,
  name: string,
  alsoAllowed: readonly string[] | "anywhere" = [],
  remedy = "",
): Promise<string> {
  const problem = leavingProblem(name);
  if (problem) {
    throw new InputError(
      `Cannot open ${quoted(name)} in ${root}: ${problem}; wanted a path inside the folder`,
    );
  }
  let real: string;
  try {
    real = await Deno.realPath(`${root}/${name}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      const near = await sameFile(root, name);
      const hint = near === null
        ? ""
        : near.normalize("NFC") === name.normalize("NFC")
        ? "; there is one whose accents are in another Unicode form (NFC, NFD)"
        : `; there is ${quoted(near)}`;
      throw new InputError(`Cannot open ${quoted(name)} in ${root}: no such file${hint}`);
    }
    if (error instanceof Deno.errors.FilesystemLoop) {
      throw new InputError(`Cannot open ${quoted(name)} in ${root}: its links form a loop`);
    }
    throw fileError("open", `${root}/${name}`, error);
  }
  if (alsoAllowed === "anywhere") return real;
  for (const allowed of [root, ...alsoAllowed]) {
    const realRoot = await Deno.realPath(allowed).catch(() => null);
    if (realRoot !== null && isWithin(real, realRoot)) return real;
  }
  throw new InputError(
    `Cannot open ${quoted(name)} in ${root}: a symbolic link leads out of the folder, to ` +
      `${quoted(real)}${remedy ? `; ${remedy}` : ""}`,
  );
}

/**
 * Writes a file whole or not at all: into a temporary neighbour first, which is flushed to disk and
 * then takes the place of `path` in one step. Missing folders are made.
 *
 * @param path file to write or replace
 * @param write writes everything to the open file, from position 0
 * @throws {InputError} where the operating system refuses (no space, no permission, a folder), else
 *   whatever `write` throws; then `path` is as it was and no temporary file stays
 *
 * @example
 * ```ts
 * import { writeAtomically } from "./files.ts";
 * import { assertEquals } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * await writeAtomically(`${folder}/a/b.txt`, async (file) => {
 *   await file.write(new TextEncoder().encode("whole"));
 * });
 * assertEquals(await Deno.readTextFile(`${folder}/a/b.txt`), "whole");
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function writeAtomically(
  path: string,
  write: (file: Deno.FsFile) => void | Promise<void>,
): Promise<void> {
  const folder = path.replace(/[/\\]?[^/\\]*$/, "");
  const temporary = `${path}.${crypto.randomUUID().slice(0, 8)}.tmp`;
  try {
    if (folder !== "") await Deno.mkdir(folder, { recursive: true });
    using file = await Deno.open(temporary, { write: true, createNew: true });
    await write(file);
    await file.sync();
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw fileError("write", path, error);
  }
  try {
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw fileError("write", path, error);
  }
}

/**
 * Removes a file, or nothing where there is none.
 *
 * @param path the file, or a folder with `recursive`
 *
 * @example
 * ```ts
 * import { removeIfThere } from "./files.ts";
 * await removeIfThere("no/such/file");
 * ```
 */
export async function removeIfThere(path: string, options?: Deno.RemoveOptions): Promise<void> {
  try {
    await Deno.remove(path, options);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/**
 * Removes the temporary files that a killed process leaves in a folder: those of
 * {@link writeAtomically}, and those by which outputs are tried. Only for a folder in which nobody else writes now.
 *
 * @example
 * ```ts
 * import { removeTemporaries } from "./files.ts";
 * import { assertEquals } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/scores.json.0a1b2c3d.tmp`, "half");
 * await removeTemporaries(folder);
 * assertEquals([...Deno.readDirSync(folder)], []);
 * await Deno.remove(folder);
 * ```
 */
export async function removeTemporaries(folder: string): Promise<void> {
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (!isFile || !/[.-][0-9a-f]{8}\.tmp$/.test(name)) continue;
    await removeIfThere(`${folder}/${name}`);
  }
}

/** Writes all of `bytes` at the file's position. */
export async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
}

/** Writes text as UTF-8, whole or not at all; see {@link writeAtomically}. */
export async function writeTextAtomically(path: string, text: string): Promise<void> {
  await writeAtomically(path, (file) => writeAll(file, new TextEncoder().encode(text)));
}
