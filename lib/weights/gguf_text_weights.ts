/**
 * The language model's weights of a GGUF file under Hugging Face's names, with their rows in its order.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import { type Assembly, joined, type PlacedTensor, whole } from "./gguf_assembly.ts";

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

/** What llama.cpp's converter makes of Llama 3.1's scaling: divisors of the rotary frequencies. */
export const ropeFactors = "rope_freqs.weight";

/**
 * Hugging Face's name of a weight, or null for one that has none.
 *
 * @param name name in the GGUF file
 *
 * @example
 * ```ts
 * import { huggingFaceName } from "./gguf_text_weights.ts";
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
 * import { halvesOrder } from "./gguf_text_weights.ts";
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
export function interleavedHeads(
  name: string,
  architecture: string,
  config: Readonly<Record<string, unknown>>,
): number {
  const role = architecture === "llama" ? /self_attn\.([qk])_proj\./.exec(name)?.[1] : undefined;
  if (role === undefined) return 0;
  return config[role === "q" ? "num_attention_heads" : "num_key_value_heads"] as number;
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
export function textWeights(
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
    if (name === ropeFactors) continue; // read with the config
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
