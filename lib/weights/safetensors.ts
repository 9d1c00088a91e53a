/**
 * The weights of a checkpoint directory: one safetensors file or several with an index, read one
 * tensor at a time.
 *
 * @module
 */
import type { StoredDType } from "../nn/kernels.ts";
import { InputError, nearestNames } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import {
  checkpointPath,
  hasCheckpointFile,
  type LinkRules,
  readCheckpointJson,
} from "./checkpoint_files.ts";
import { SafetensorsFile } from "./safetensors_file.ts";
import type { WeightSource } from "./weight_source.ts";

/** Name of an unsharded checkpoint's file. */
export const singleFile = "model.safetensors";
/** Name of the file that says which shard holds which tensor. */
export const indexFile = "model.safetensors.index.json";

function isStoredDType(dtype: string): dtype is StoredDType {
  return dtype === "F32" || dtype === "F16" || dtype === "BF16";
}

/** Numbers of 64 bits as the nearest ones of 32, as transformers loads them. */
function rounded(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const wide = new Float64Array(bytes.slice().buffer);
  return new Uint8Array(Float32Array.from(wide).buffer);
}

/**
 * Reads and checks the index of a sharded checkpoint: which tensor lies in which shard.
 *
 * @throws {InputError} if it is damaged or names something else than .safetensors files
 */
export async function readIndex(
  dir: string,
  links: LinkRules = {},
): Promise<ReadonlyMap<string, string>> {
  const { weight_map: map } = await readCheckpointJson(dir, indexFile, links);
  const path = `${dir}/${indexFile}`;
  if (typeof map !== "object" || map === null || Array.isArray(map)) {
    throw new InputError(`Cannot read ${path}: wanted an object "weight_map" of tensor to file`);
  }
  const entries = Object.entries(map);
  if (entries.length === 0) throw new InputError(`Cannot read ${path}: "weight_map" is empty`);
  for (const [name, shard] of entries) {
    if (typeof shard !== "string" || !shard.endsWith(".safetensors")) {
      throw new InputError(
        `Cannot read ${path}: tensor ${quoted(name)} is said to be in ` +
          `${quoted(String(shard))}; wanted the name of a .safetensors file`,
      );
    }
  }
  return new Map(entries);
}

/**
 * Refuses a weight of another shape than wanted.
 *
 * @throws {InputError} with both shapes
 */
export function checkedShape(
  name: string,
  path: string,
  shape: readonly number[],
  wanted: readonly number[] | undefined,
): void {
  if (!wanted || (wanted.length === shape.length && wanted.every((n, i) => n === shape[i]))) return;
  throw new InputError(
    `Cannot use tensor ${quoted(name)} of ${path}: its shape is [${shape}]; wanted [${wanted}]`,
  );
}

/** Opens one file of a directory; `because` says who wants it. */
async function openShard(
  dir: string,
  shard: string,
  because: string,
  links: LinkRules,
): Promise<SafetensorsFile> {
  let path: string;
  try {
    path = await checkpointPath(dir, shard, links);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`${error.message}${because}`);
  }
  return await SafetensorsFile.open(path, `${dir}/${shard}`);
}

function closeAll(files: Iterable<SafetensorsFile>): void {
  for (const file of files) file.close();
}

/** Opens all shards of an index and checks that index and shards agree. */
async function openShards(dir: string, links: LinkRules): Promise<SafetensorsFile[]> {
  const index = await readIndex(dir, links);
  const shards = new Map<string, SafetensorsFile>();
  try {
    for (const [name, shard] of index) {
      if (shards.has(shard)) continue;
      const because = `; ${indexFile} says that tensor ${quoted(name)} is in it`;
      shards.set(shard, await openShard(dir, shard, because, links));
    }
    for (const [name, shard] of index) {
      if (shards.get(shard)!.header.tensors.has(name)) continue;
      throw new InputError(
        `Cannot read ${dir}/${shard}: it has no tensor ${quoted(name)}, which ${indexFile} ` +
          "says is in it",
      );
    }
    return [...shards.values()];
  } catch (error) {
    closeAll(shards.values());
    throw error;
  }
}

/** Whether a file's name is that of a pickle, which may run any program when it is read. */
export const isPickle = (name: string): boolean => /\.(bin|pt|pth|ckpt)$/.test(name);

/** What to do about weights in a pickle. */
export const pickleAdvice =
  "a pickle is not read; load it with transformers and save it again with " +
  "save_pretrained, which writes safetensors";

/** Says what a directory without weights holds instead. */
async function noWeights(dir: string): Promise<InputError> {
  const names: string[] = [];
  try {
    for await (const entry of Deno.readDir(dir)) names.push(entry.name);
  } catch {
    return new InputError(`Cannot read weights from ${dir}: no such directory`);
  }
  const pickles = names.filter((name) => isPickle(name) && name !== "training_args.bin").sort();
  const others = names.filter((name) => name.endsWith(".safetensors")).sort();
  return new InputError(
    `Cannot read weights from ${dir}: wanted ${singleFile} or ${indexFile}, found ` +
      (others.length > 0
        ? `${quoted(others[0])}${others.length > 1 ? ` and ${others.length - 1} more` : ""}; ` +
          (others.length > 1
            ? "write the index that says which file holds which weight, or save the model again"
            : `if these are the model's weights, call the file ${singleFile}`)
        : pickles.length > 0
        ? `${quoted(pickles[0])}; ${pickleAdvice}`
        : `${names.length} other files`),
  );
}

async function openFiles(path: string, links: LinkRules): Promise<SafetensorsFile[]> {
  if (path.endsWith(".safetensors")) return [await SafetensorsFile.open(path)];
  if (await hasCheckpointFile(path, singleFile)) {
    return [await openShard(path, singleFile, "", links)];
  }
  if (await hasCheckpointFile(path, indexFile)) return await openShards(path, links);
  throw await noWeights(path);
}

/** Which file holds which tensor; a tensor in two files is an error. */
export function placeTensors<T extends Pick<SafetensorsFile, "path" | "header">>(
  files: readonly T[],
): Map<string, T> {
  const places = new Map<string, T>();
  for (const file of files) {
    for (const name of file.header.tensors.keys()) {
      const other = places.get(name);
      if (other) {
        throw new InputError(
          `Cannot read ${file.path}: tensor ${quoted(name)} is in ${other.path} too`,
        );
      }
      places.set(name, file);
    }
  }
  return places;
}

/**
 * Opens the weights of a checkpoint: `model.safetensors` if there is one, else the shards that
 * `model.safetensors.index.json` names. Every header is read and checked; no tensor is read yet.
 *
 * @param path checkpoint directory (also a snapshot in a Hugging Face cache), or one .safetensors
 *   file
 * @throws {InputError} if there are no weights, if a file is damaged, if index and shards disagree,
 *   or if a name or link leaves the directory
 *
 * @example
 * ```ts
 * import { openSafetensors } from "./safetensors.ts";
 * import { assertEquals } from "@std/assert";
 * using weights = await openSafetensors("tests/golden/qwen3_vl_bf16");
 * const embedding = await weights.readWeight("model.language_model.embed_tokens.weight");
 * assertEquals(embedding.dtype, "BF16");
 * assertEquals(embedding.bytes.length, 2 * embedding.shape[0] * embedding.shape[1]);
 * ```
 */
export async function openSafetensors(
  path: string,
  links: LinkRules = {},
): Promise<WeightSource> {
  const files = await openFiles(path, links);
  let places: Map<string, SafetensorsFile>;
  try {
    places = placeTensors(files);
  } catch (error) {
    closeAll(files);
    throw error;
  }
  const names = [...places.keys()];
  const place = (name: string): SafetensorsFile => {
    const file = places.get(name);
    if (file) return file;
    const near = nearestNames(name, names).map((candidate) => quoted(candidate)).join(", ");
    throw new InputError(`Cannot read tensor ${quoted(name)} from ${path}: nearest are ${near}`);
  };
  const source: WeightSource = {
    path,
    metadata: files[0].header.metadata,
    names: () => names,
    has: (name) => places.has(name),
    info: (name) => place(name).info(name),
    read: async (name) => await place(name).read(name),
    lying(name, as) {
      const lies = as === "bytes" || as === "numbers" && isStoredDType(source.info(name).dtype);
      return lies ? place(name).lying(name) : null;
    },
    readWeight: async (name, wanted) => {
      const { dtype, shape } = source.info(name);
      if (dtype === "F64") {
        checkedShape(name, path, shape, wanted);
        return { bytes: rounded(await source.read(name)), dtype: "F32", shape };
      }
      if (!isStoredDType(dtype)) {
        throw new InputError(
          `Cannot use tensor ${
            quoted(name)
          } of ${path} as a weight: its type is ${dtype}; wanted ` +
            "F32, F16, BF16 or F64",
        );
      }
      checkedShape(name, path, shape, wanted);
      return { bytes: await source.read(name), dtype, shape };
    },
    close: () => closeAll(files),
    [Symbol.dispose]: () => closeAll(files),
  };
  return source;
}
