/**
 * The weights of GGUF files under Hugging Face's names.
 *
 * @module
 */
import { storedBytes } from "../backend/widen.ts";
import { InputError, nearestNames } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import type { StoredDType } from "../nn/kernels.ts";
import {
  assemble,
  assembleBlocks,
  type Assembly,
  blocksOf,
  halfType,
  numbersLie,
  type PlacedTensor,
  rangesOf,
} from "./gguf_assembly.ts";
import { ggufArchitecture, ggufConfig } from "./gguf_config.ts";
import { findGguf, type GgufFiles, readGgufHeader } from "./gguf_files.ts";
import type { GgufHeader } from "./gguf_header.ts";
import { interleavedHeads, textWeights } from "./gguf_text_weights.ts";
import { towerOf } from "./gguf_towers/registry.ts";
import { TowerTensors } from "./gguf_towers/tower.ts";
import { RangeFile } from "./range_file.ts";
import { checkedShape } from "./safetensors.ts";
import type { StoredAs, WeightSource } from "./weight_source.ts";
import type { TensorInfo } from "./safetensors_header.ts";

/** The tensors of an open file. */
function placed(header: GgufHeader, source: RangeFile): Map<string, PlacedTensor> {
  return new Map([...header.tensors].map(([name, own]) => [name, { ...own, name, source }]));
}

/** @throws {InputError} where a split file's parts hold another number of tensors than it says */
function checkTensorCount({ metadata }: GgufHeader, found: number, path: string): void {
  const wanted = metadata.get("split.tensors.count");
  if (wanted === undefined || Number(wanted) === found) return;
  throw new InputError(
    `Cannot use ${path}: its parts hold ${found} tensors, it says ${wanted}; wanted all its parts`,
  );
}

/** All weights of a checkpoint's files by Hugging Face's names. */
async function allWeights(
  { model, mmproj }: GgufFiles,
  [source, ...parts]: readonly RangeFile[],
  tower: RangeFile | null,
): Promise<Map<string, Assembly>> {
  const header = await readGgufHeader(source);
  const tensors = placed(header, source);
  for (const part of parts) {
    for (const [name, tensor] of placed(await readGgufHeader(part), part)) {
      if (tensors.has(name)) {
        throw new InputError(`Cannot use ${part.path}: it has ${quoted(name)} again`);
      }
      tensors.set(name, tensor);
    }
  }
  checkTensorCount(header, tensors.size, model);
  const architecture = ggufArchitecture(header, model);
  const towerHeader = tower && await readGgufHeader(tower);
  const towerFile = towerHeader && { header: towerHeader, file: mmproj! };
  const config = ggufConfig(header, model, towerFile);
  const decoder = (config.text_config ?? config) as Readonly<Record<string, unknown>>;
  const own = textWeights(
    tensors,
    model,
    architecture,
    (name) => interleavedHeads(name, architecture, decoder),
  );
  if (!towerFile) return own;
  const kind = towerOf(towerFile, architecture), { textPrefixes } = kind;
  const named = [...own].map(([name, weight]): [string, Assembly] => [
    name.replace(/^model\./, textPrefixes.model).replace(/^lm_head\./, textPrefixes.head),
    weight,
  ]);
  const towerTensors = new TowerTensors(mmproj!, placed(towerHeader, tower));
  return new Map([...named, ...kind.weights(towerTensors)]);
}

/**
 * Opens the weights of a GGUF file, with those of the vision tower that lies beside it. Headers are
 * read and checked; no tensor is read yet. Tensors have Hugging Face's names, shapes and order of
 * rows. Matrices in two bytes keep their type (F16, BF16); all else is of type F32: quantised ones are
 * dequantised when they are read.
 *
 * @param path a file, or the files of a checkpoint
 * @throws {InputError} if one is damaged, or holds a model, a type or a tensor that is not supported
 *
 * @example
 * ```ts
 * import { openGguf } from "./gguf.ts";
 * import { assertEquals } from "@std/assert";
 * using weights = await openGguf("tests/golden/gguf/tiny-llama.gguf");
 * const { dtype, shape } = await weights.readWeight("model.layers.0.self_attn.k_proj.weight");
 * assertEquals([dtype, ...shape], ["F32", 32, 64]);
 * ```
 */
export async function openGguf(path: string | GgufFiles): Promise<WeightSource> {
  const files = typeof path === "string"
    ? await findGguf(path) ?? { model: path, mmproj: null }
    : path;
  const open: RangeFile[] = [];
  const close = () => {
    for (const file of open) file.close();
  };
  try {
    for (const part of [files.model, ...files.parts ?? []]) open.push(await RangeFile.open(part));
    const model = [...open];
    if (files.mmproj !== null) open.push(await RangeFile.open(files.mmproj));
    const tower = files.mmproj === null ? null : open[open.length - 1];
    return sourceOf(files.model, await allWeights(files, model, tower), close);
  } catch (error) {
    close();
    throw error;
  }
}

/** How the parts of a weight are stored. */
function storedAs({ parts }: Assembly): StoredAs {
  return {
    format: [...new Set(parts.map(({ type }) => type))].join("+"),
    byteLength: parts.reduce((sum, { byteLength }) => sum + byteLength, 0),
  };
}

function sourceOf(
  path: string,
  weights: ReadonlyMap<string, Assembly>,
  close: () => void,
): WeightSource {
  const names = [...weights.keys()];
  const place = (name: string): Assembly => {
    const weight = weights.get(name);
    if (weight) return weight;
    const near = nearestNames(name, names).map((candidate) => quoted(candidate)).join(", ");
    throw new InputError(`Cannot read tensor ${quoted(name)} from ${path}: nearest are ${near}`);
  };
  const info = (name: string): TensorInfo => {
    const weight = place(name), { shape, parts: [{ offset }] } = weight;
    const dtype = halfType(weight) ?? "F32";
    return {
      dtype,
      shape,
      offset,
      byteLength: storedBytes[dtype] * shape.reduce((a, b) => a * b, 1),
    };
  };
  const read = async (name: string) => {
    const weight = place(name), half = halfType(weight);
    if (half) return await assembleBlocks(weight, { elements: 1, bytes: storedBytes[half] });
    return new Uint8Array((await assemble(weight)).buffer);
  };
  return {
    path,
    metadata: { format: "gguf" },
    names: () => names,
    has: (name) => weights.has(name),
    info,
    stored: (name) => storedAs(place(name)),
    packedAs: (name) => blocksOf(place(name)),
    read,
    lying: (name, as) => {
      const weight = place(name);
      if (as === "blocks") return blocksOf(weight) && rangesOf(weight);
      return numbersLie(weight) ? rangesOf(weight) : null;
    },
    readPacked: async (name, wanted) => {
      const weight = place(name), format = blocksOf(weight);
      if (!format) {
        throw new InputError(
          `Cannot read tensor ${quoted(name)} of ${path} in blocks: it has none; read its numbers`,
        );
      }
      checkedShape(name, path, weight.shape, wanted);
      return { bytes: await assembleBlocks(weight, format), format, shape: weight.shape };
    },
    readWeight: async (name, wanted) => {
      const { dtype, shape } = info(name);
      checkedShape(name, path, shape, wanted);
      return { bytes: await read(name), dtype: dtype as StoredDType, shape };
    },
    close,
    [Symbol.dispose]: close,
  };
}
