/**
 * Which GGUF files are a checkpoint: one with the language model, and for a multimodal model a second
 * one (`mmproj-….gguf`) with the vision tower and the projector.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import {
  type GgufHeader,
  HeaderIncomplete,
  maxGgufHeaderBytes,
  parseGgufHeader,
  peekArchitecture,
} from "./gguf_header.ts";
import { RangeFile } from "./range_file.ts";

/** The files of a checkpoint. */
export interface GgufFiles {
  /** The language model. */
  readonly model: string;
  /** The vision tower with its projector, where there is one. */
  readonly mmproj: string | null;
}

/** Architecture of files that hold a vision tower. */
export const towerArchitecture = "clip";

/** Bytes in which a file's architecture is looked for; converters write it first. */
const peekBytes = 65_536;

/** The architecture that a file names at its beginning; null for one that cannot be read. */
async function architectureOf(path: string): Promise<string | null> {
  try {
    using file = await RangeFile.open(path);
    return peekArchitecture(await file.read(0, Math.min(peekBytes, file.size)), file.size, path);
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
}

const shown = (names: readonly string[]) =>
  names.slice(0, 2).map((name) => quoted(name)).join(" and ");

/** The GGUF files of a folder, sorted; null if there is no such folder, or it has safetensors. */
async function listed(dir: string): Promise<string[] | null> {
  const found: string[] = [];
  try {
    for await (const { name } of Deno.readDir(dir)) {
      if (/\.safetensors(\.index\.json)?$/.test(name)) return null;
      if (name.endsWith(".gguf")) found.push(name);
    }
  } catch {
    return null; // no directory, or none that may be listed
  }
  return found.sort();
}

/** Names of a folder's files with towers, and of the others. */
async function sorted(
  dir: string,
  names: readonly string[],
): Promise<{ models: string[]; towers: string[] }> {
  const kinds = await Promise.all(names.map((name) => architectureOf(join(dir, name))));
  const isTower = (i: number) => kinds[i] === towerArchitecture;
  return {
    models: names.filter((_, i) => !isTower(i)),
    towers: names.filter((_, i) => isTower(i)),
  };
}

/** The one tower of a folder, or null. @throws {InputError} if there are several to choose from */
function onlyTower(dir: string, towers: readonly string[]): string | null {
  if (towers.length < 2) return towers.length === 1 ? join(dir, towers[0]) : null;
  throw new InputError(
    `Cannot open ${dir}: it has ${towers.length} GGUF files with vision towers, ${
      shown(towers)
    }; ` +
      "name the one to use",
  );
}

/**
 * The GGUF files of a checkpoint: `path` itself with the tower or the language model that lies beside
 * it, or those in a directory without weights in safetensors.
 *
 * @param path one GGUF file, of either kind, or a directory
 * @returns the files, or null if there is none
 * @throws {InputError} if there are several to choose from
 *
 * @example
 * ```ts
 * import { findGguf } from "./gguf_files.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(await findGguf("tests/golden/qwen3_vl"), null);
 * const found = await findGguf("tests/golden/gguf_multimodal/qwen3_vl");
 * assertEquals(found?.mmproj, "tests/golden/gguf_multimodal/qwen3_vl/mmproj.gguf");
 * ```
 */
export async function findGguf(path: string): Promise<GgufFiles | null> {
  if (path.endsWith(".gguf")) {
    const found = await Deno.stat(path).catch(() => null);
    if (found?.isFile) return await besides(path);
  }
  const names = await listed(path);
  if (names === null || names.length === 0) return null;
  const { models, towers } = await sorted(path, names);
  if (models.length === 1) {
    return { model: join(path, models[0]), mmproj: onlyTower(path, towers) };
  }
  throw new InputError(
    models.length === 0
      ? `Cannot open ${path}: ${shown(towers)} holds a vision tower only; wanted the GGUF file ` +
        "of the language model beside it"
      : `Cannot open ${path}: it has ${names.length} GGUF files, such as ${shown(models)}; name ` +
        "one of them",
  );
}

/** A file that was named, with what belongs to it in its folder. */
async function besides(path: string): Promise<GgufFiles> {
  const dir = dirname(path), own = basename(path);
  const names = await Array.fromAsync(Deno.readDir(dir), ({ name }) => name).catch(() => [own]);
  const others = names.filter((name) => name.endsWith(".gguf") && name !== own).sort();
  const { models, towers } = await sorted(dir, others);
  if (await architectureOf(path) !== towerArchitecture) {
    // A tower beside several language models may be any one's.
    if (models.length > 0 && towers.length > 0 && !await needsTower(path)) {
      return { model: path, mmproj: null };
    }
    return { model: path, mmproj: onlyTower(dir, towers) };
  }
  if (models.length === 1) return { model: join(dir, models[0]), mmproj: path };
  throw new InputError(
    `Cannot open ${path}: it holds a vision tower only; wanted one GGUF file of a language model ` +
      `beside it, found ${models.length === 0 ? "none" : shown(models)}`,
  );
}

/** Whether a language model's architecture is one that is only used with a tower. */
async function needsTower(path: string): Promise<boolean> {
  return /vl(moe)?$/.test(await architectureOf(path) ?? "");
}

/** Headers that were read last, by path, with the file's size and time of change. */
const kept = new Map<string, { readonly stamp: string; readonly header: Promise<GgufHeader> }>();
/** A checkpoint has two files, and a comparison two checkpoints. */
const mostKept = 4;

/**
 * The header of a file, kept until others are read: the config, the tokenizer and the weights are all
 * in it.
 *
 * @throws {InputError} if the file is damaged
 */
export async function ggufHeader(path: string): Promise<GgufHeader> {
  using file = await RangeFile.open(path);
  const { mtime, size, ino } = await Deno.stat(path);
  const stamp = [mtime?.getTime(), size, ino].join();
  const found = kept.get(path);
  kept.delete(path);
  const header = found?.stamp === stamp ? found.header : readGgufHeader(file);
  kept.set(path, { stamp, header });
  for (const [oldest] of kept) if (kept.size > mostKept) kept.delete(oldest);
  try {
    return await header;
  } catch (error) {
    kept.delete(path);
    throw error;
  }
}

/**
 * Reads the header of an open file, and no more of the file than about twice its length.
 *
 * @throws {InputError} if it is damaged
 */
export async function readGgufHeader(file: RangeFile): Promise<GgufHeader> {
  for (let length = 2 ** 20;; length *= 4) {
    const bytes = await file.read(0, Math.min(length, file.size));
    try {
      return parseGgufHeader(bytes, file.size, file.path);
    } catch (error) {
      if (!(error instanceof HeaderIncomplete)) throw error;
      if (bytes.length < length) {
        throw new InputError(`Cannot read ${file.path}: it was truncated while it was read`);
      }
      if (length > maxGgufHeaderBytes) {
        throw new InputError(
          `Cannot read ${file.path}: its header is longer than ${maxGgufHeaderBytes} bytes`,
        );
      }
    }
  }
}
