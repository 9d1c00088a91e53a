/**
 * Which GGUF files are a checkpoint: one with the language model, and for a multimodal model a second
 * one (`mmproj-….gguf`) with the vision tower and the projector.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import { HeaderIncomplete } from "./gguf_cursor.ts";
import {
  type GgufHeader,
  maxGgufHeaderBytes,
  parseGgufHeader,
  peekArchitecture,
} from "./gguf_header.ts";
import { RangeFile } from "./range_file.ts";

/** The files of a checkpoint. */
export interface GgufFiles {
  /** The language model; the first part where it is split. */
  readonly model: string;
  /** The parts behind the first, in order, where the model is split into several files. */
  readonly parts?: readonly string[];
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

/** Names of a split file's parts, as llama.cpp's `llama-gguf-split` writes them. */
const partName = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/;

/** The name of the first part of a split file; a name that is none as it is. */
function firstPart(name: string): string {
  return name.replace(partName, (_, stem, _own, count) => `${stem}-00001-of-${count}.gguf`);
}

/**
 * A file of a language model with the parts that belong to it.
 *
 * @param path the file, or the first part
 * @throws {InputError} naming a part that is missing
 */
async function withParts(path: string, mmproj: string | null): Promise<GgufFiles> {
  const [, stem, , count] = partName.exec(basename(path)) ?? [];
  if (stem === undefined) return { model: path, mmproj };
  const all = Array.from(
    { length: Number(count) },
    (_, i) => join(dirname(path), `${stem}-${String(i + 1).padStart(5, "0")}-of-${count}.gguf`),
  );
  for (const part of all) {
    if (await Deno.stat(part).then(({ isFile }) => isFile, () => false)) continue;
    throw new InputError(
      `Cannot open ${path}: its part ${basename(part)} is missing; wanted all ${
        Number(count)
      } parts in ` +
        "one folder",
    );
  }
  return { model: all[0], parts: all.slice(1), mmproj };
}

/** The GGUF files of a folder, of split ones the first part, sorted; null if there is no such folder, or it has safetensors. */
async function listed(dir: string): Promise<string[] | null> {
  const found: string[] = [];
  try {
    for await (const { name } of Deno.readDir(dir)) {
      if (/\.safetensors(\.index\.json)?$/.test(name)) return null;
      if (name.endsWith(".gguf")) found.push(firstPart(name));
    }
  } catch {
    return null; // no directory, or none that may be listed
  }
  return [...new Set(found)].sort();
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
    if (found?.isFile) return await besides(join(dirname(path), firstPart(basename(path))));
  }
  const names = await listed(path);
  if (names === null || names.length === 0) return null;
  const { models, towers } = await sorted(path, names);
  if (models.length === 1) {
    return await withParts(join(path, models[0]), onlyTower(path, towers));
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
  const whole = new Set(names.filter((name) => name.endsWith(".gguf")).map(firstPart));
  const others = [...whole].filter((name) => name !== own).sort();
  const { models, towers } = await sorted(dir, others);
  if (await architectureOf(path) !== towerArchitecture) {
    // A tower beside several language models may be any one's.
    if (models.length > 0 && towers.length > 0 && !await needsTower(path)) {
      return await withParts(path, null);
    }
    return await withParts(path, onlyTower(dir, towers));
  }
  if (models.length === 1) return await withParts(join(dir, models[0]), path);
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
