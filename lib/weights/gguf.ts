/**
 * The weights of a GGUF file under Hugging Face's names, as float32.
 *
 * @module
 */
import { InputError, nearestNames } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import { dequantize } from "./gguf_blocks.ts";
import { readGgufHeader } from "./gguf_checkpoint.ts";
import { ggufArchitecture, ggufConfig } from "./gguf_config.ts";
import type { GgufTensor } from "./gguf_header.ts";
import { RangeFile } from "./range_file.ts";
import { checkedShape, type WeightSource } from "./safetensors.ts";
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
};

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
  return `model.layers.${Number(match[1])}.${layerNames[match[2]]}.${match[3]}`;
}

/**
 * Puts rows of a query or key projection, which GGUF stores in interleaved rotary order for LLaMA,
 * back into the order of two halves: row 2 i + h of a head becomes row h H/2 + i.
 *
 * @param rows `[heads * H, width]` row by row, or a bias with width 1
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
export function halvesOrder(
  rows: Float32Array,
  heads: number,
  width: number,
): Float32Array<ArrayBuffer> {
  const out = new Float32Array(rows.length);
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

/** Hugging Face's names of a file's tensors. */
function nameTensors(
  tensors: ReadonlyMap<string, GgufTensor>,
  path: string,
): Map<string, GgufTensor> {
  const named = new Map<string, GgufTensor>();
  for (const [name, tensor] of tensors) {
    const own = huggingFaceName(name);
    if (own === null) {
      throw new InputError(
        `Cannot use ${path}: it has a tensor ${quoted(name)}, whose meaning is unknown`,
      );
    }
    if (named.has(own)) throw new InputError(`Cannot use ${path}: it has ${quoted(own)} twice`);
    named.set(own, tensor);
  }
  return named;
}

/**
 * Opens the weights of a GGUF file. Its header is read and checked; no tensor is read yet. Tensors
 * have Hugging Face's names, shapes and order of rows, and are of type F32: quantised ones are
 * dequantised when they are read.
 *
 * @param path the file
 * @throws {InputError} if it is damaged, or holds a model, a type or a tensor that is not supported
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
export async function openGguf(path: string): Promise<WeightSource> {
  const file = await RangeFile.open(path);
  try {
    const header = await readGgufHeader(file);
    const architecture = ggufArchitecture(header, path);
    const config = ggufConfig(header, path);
    const tensors = nameTensors(header.tensors, path);
    const names = [...tensors.keys()];
    const place = (name: string): GgufTensor => {
      const tensor = tensors.get(name);
      if (tensor) return tensor;
      const near = nearestNames(name, names).map((candidate) => quoted(candidate)).join(", ");
      throw new InputError(`Cannot read tensor ${quoted(name)} from ${path}: nearest are ${near}`);
    };
    const info = (name: string): TensorInfo => {
      const { shape, offset } = place(name);
      return { dtype: "F32", shape, offset, byteLength: 4 * shape.reduce((a, b) => a * b, 1) };
    };
    const read = async (name: string): Promise<Uint8Array<ArrayBuffer>> => {
      const { type, shape, offset, byteLength } = place(name);
      const bytes = await file.read(offset, byteLength);
      if (bytes.length < byteLength) {
        throw new InputError(
          `Cannot read tensor ${
            quoted(name)
          } of ${path}: the file was truncated after it was opened`,
        );
      }
      const values = dequantize(bytes, type);
      const heads = interleavedHeads(name, architecture, config);
      if (heads === 0) return new Uint8Array(values.buffer);
      if (shape[0] % (2 * heads) !== 0) {
        throw new InputError(
          `Cannot use tensor ${quoted(name)} of ${path}: ${shape[0]} rows for ${heads} heads`,
        );
      }
      return new Uint8Array(halvesOrder(values, heads, shape[1] ?? 1).buffer);
    };
    return {
      path,
      metadata: { format: "gguf" },
      names: () => names,
      has: (name) => tensors.has(name),
      info,
      read,
      readWeight: async (name, wanted) => {
        const { shape } = info(name);
        checkedShape(name, path, shape, wanted);
        return { bytes: await read(name), dtype: "F32", shape };
      },
      close: () => file.close(),
      [Symbol.dispose]: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}
