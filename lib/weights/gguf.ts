/**
 * The weights of GGUF files under Hugging Face's names, as float32.
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
  joined,
  type PlacedTensor,
  whole,
} from "./gguf_assembly.ts";
import { ggufArchitecture, ggufConfig } from "./gguf_config.ts";
import { findGguf, type GgufFiles, readGgufHeader } from "./gguf_files.ts";
import type { GgufHeader } from "./gguf_header.ts";
import { towerOf } from "./gguf_towers/registry.ts";
import { TowerTensors } from "./gguf_towers/tower.ts";
import { RangeFile } from "./range_file.ts";
import { checkedShape, type StoredAs, type WeightSource } from "./safetensors.ts";
import type { TensorInfo } from "./safetensors_header.ts";

/** Names of the weights of a layer: GGUF's and Hugging Face's. */
const layerNames: Readonly<Record<string, string>> = {
  attn_norm: "input_layernorm",
  attn_q: "self_attn.q_proj",
  attn_k: "self_attn.k_proj",
  attn_v: "self_attn.v_proj",
  attn_output: "self_attn.o_proj",
  attn_q_norm: "self_attn.q_norm",
  attn_k_norm: "self_attn.k_norm",
  ffn_norm: "post_attention_layernorm",
  ffn_gate: "mlp.gate_proj",
  ffn_up: "mlp.up_proj",
  ffn_down: "mlp.down_proj",
  post_attention_norm: "post_attention_layernorm",
  post_ffw_norm: "post_feedforward_layernorm",
  ffn_gate_inp: "mlp.gate",
  ffn_down_exps: "mlp.experts.down_proj",
};

/** Parts of the experts' first matrices, which Hugging Face stores as one. */
const expertHalves = ["ffn_gate_exps", "ffn_up_exps"] as const;

/** Names of the other weights. */
const otherNames: Readonly<Record<string, string>> = {
  "token_embd.weight": "model.embed_tokens.weight",
  "output_norm.weight": "model.norm.weight",
  "output.weight": "lm_head.weight",
};

/**
 * Hugging Face's name of a weight, or null for one that has none.
 *
 * @param name name in the GGUF file
 *
 * @example
 * ```ts
 * import { huggingFaceName } from "./gguf.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(huggingFaceName("blk.3.attn_q.weight"), "model.layers.3.self_attn.q_proj.weight");
 * ```
 */
export function huggingFaceName(name: string): string | null {
  if (Object.hasOwn(otherNames, name)) return otherNames[name];
  const match = /^blk\.(\d{1,4})\.(\w+)\.(weight|bias)$/.exec(name);
  if (!match || !Object.hasOwn(layerNames, match[2])) return null;
  const own = layerNames[match[2]];
  const kind = own.startsWith("mlp.experts.") ? "" : `.${match[3]}`;
  return `model.layers.${Number(match[1])}.${own}${kind}`;
}

/**
 * Puts rows of a query or key projection, which GGUF stores in interleaved rotary order for LLaMA,
 * back into the order of two halves: row 2 i + h of a head becomes row h H/2 + i.
 *
 * @param rows `[heads * H, width]` row by row, of numbers or of bytes, or a bias with width 1
 * @param heads number of heads
 * @returns a new array
 *
 * @example
 * ```ts
 * import { halvesOrder } from "./gguf.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(halvesOrder(Float32Array.of(0, 2, 1, 3), 1, 1), Float32Array.of(0, 1, 2, 3));
 * ```
 */
export function halvesOrder<A extends Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>>(
  rows: A,
  heads: number,
  width: number,
): A {
  const out = rows.slice() as A;
  const headDim = rows.length / width / heads, half = headDim / 2;
  for (let head = 0; head < heads; head++) {
    for (let i = 0; i < headDim; i++) {
      const from = (head * headDim + i) * width;
      const to = (head * headDim + (i & 1) * half + (i >> 1)) * width;
      out.set(rows.subarray(from, from + width), to);
    }
  }
  return out;
}

/** Number of heads whose rows of a weight are in interleaved order, or 0. */
function interleavedHeads(
  name: string,
  architecture: string,
  config: Readonly<Record<string, unknown>>,
): number {
  const role = architecture === "llama" ? /self_attn\.([qk])_proj\./.exec(name)?.[1] : undefined;
  if (role === undefined) return 0;
  return config[role === "q" ? "num_attention_heads" : "num_key_value_heads"] as number;
}

/** The tensors of an open file. */
function placed(header: GgufHeader, source: RangeFile): Map<string, PlacedTensor> {
  return new Map([...header.tensors].map(([name, own]) => [name, { ...own, name, source }]));
}

/** Gains that a GGUF file holds whole and Hugging Face less one. */
function gain(weight: Assembly, name: string, architecture: string): Assembly {
  if (architecture !== "gemma3" || !name.endsWith("norm.weight")) return weight;
  return { ...weight, change: (values) => values.map((value) => value - 1) };
}

/** A weight whose rows may be in another order. */
function withRows(weight: Assembly, name: string, heads: number): Assembly {
  if (heads === 0) return weight;
  const { shape, parts: [{ source }] } = weight, [rows] = shape;
  if (rows % (2 * heads) !== 0) {
    throw new InputError(
      `Cannot use tensor ${quoted(name)} of ${source.path}: ${rows} rows for ${heads} heads`,
    );
  }
  const reorder: Assembly["reorder"] = (values, width) =>
    halvesOrder(values, heads, shape.length > 1 ? width : 1);
  return { ...weight, reorder };
}

/** The language model's weights by Hugging Face's names. */
function textWeights(
  tensors: ReadonlyMap<string, PlacedTensor>,
  path: string,
  architecture: string,
  heads: (name: string) => number,
): Map<string, Assembly> {
  const weights = new Map<string, Assembly>();
  const set = (name: string, weight: Assembly) => {
    if (weights.has(name)) throw new InputError(`Cannot use ${path}: it has ${quoted(name)} twice`);
    weights.set(name, withRows(gain(weight, name, architecture), name, heads(name)));
  };
  for (const [name, tensor] of tensors) {
    const [, layer, half] = /^blk\.(\d{1,4})\.(\w+)\.weight$/.exec(name) ?? [];
    if (half === expertHalves[1]) continue; // taken with the other half
    if (half === expertHalves[0]) {
      const other = tensors.get(`blk.${layer}.${expertHalves[1]}.weight`);
      const halves = other ? [tensor, other] : [tensor];
      set(`model.layers.${Number(layer)}.mlp.experts.gate_up_proj`, joined(halves, 1));
      continue;
    }
    const found = huggingFaceName(name);
    const own = architecture === "gemma3" && found?.endsWith("post_attention_layernorm.weight") &&
        name.includes(".ffn_norm.")
      ? found.replace("post_attention", "pre_feedforward")
      : found;
    if (own === null) {
      throw new InputError(
        `Cannot use ${path}: it has a tensor ${quoted(name)}, whose meaning is unknown`,
      );
    }
    set(own, whole(tensor));
  }
  return weights;
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
