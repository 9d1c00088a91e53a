/**
 * Qwen3-VL of any size with random weights as a pair of GGUF files: the language model as
 * `llama-quantize` makes it in `Q4_K_M`, and its vision tower in float16. Blocks are made straight as
 * bytes, so that nothing is ever held in float32. Notes, tokenizer and template are those of a small
 * golden pair, with other sizes.
 *
 * Source: llama.cpp `src/llama-quant.cpp` (which weights get six bits) and `ggml-common.h` (blocks).
 * @module
 */
import { fileURLToPath } from "node:url";
import { Random } from "../lib/stats/random.ts";
import { ggufHeader } from "../lib/weights/gguf_files.ts";
import type { GgufValue } from "../lib/weights/gguf_cursor.ts";
import { blockSizes, type GgufType } from "../lib/weights/gguf_types.ts";
import { takesSixBits } from "./model_sizes.ts";

/** Sizes of a model. */
export interface PairSizes {
  readonly width: number;
  readonly middle: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
  readonly vocabulary: number;
  /** Whether the head is the embedding table. */
  readonly tied: boolean;
  readonly tower: {
    readonly width: number;
    readonly middle: number;
    readonly depth: number;
    readonly heads: number;
    /** Layers after which rows go to the decoder. */
    readonly deepstack: readonly number[];
    /** Learned positions, a square number. */
    readonly positions: number;
  };
}

/** A tensor to write; `shape` outermost first. */
export interface PairTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: "F32" | "F16" | "Q4_K" | "Q6_K";
}

const golden = fileURLToPath(new URL("../tests/golden/gguf_multimodal/qwen3_vl/", import.meta.url));
const patch = 16, merged = 4;

/** Tensors of the language model's file. */
export function textTensors(own: PairSizes): PairTensor[] {
  const { width, middle, layers, headDim } = own;
  const queries = own.heads * headDim, keys = own.keyValueHeads * headDim;
  const layer = (index: number): PairTensor[] => {
    const six = takesSixBits(index, layers) ? "Q6_K" : "Q4_K";
    const named = (name: string, shape: number[], type: PairTensor["type"]) => ({
      ...{ name: `blk.${index}.${name}.weight`, shape, type },
    });
    return [
      named("attn_norm", [width], "F32"),
      named("attn_q", [queries, width], "Q4_K"),
      named("attn_k", [keys, width], "Q4_K"),
      named("attn_v", [keys, width], six),
      named("attn_q_norm", [headDim], "F32"),
      named("attn_k_norm", [headDim], "F32"),
      named("attn_output", [width, queries], "Q4_K"),
      named("ffn_norm", [width], "F32"),
      named("ffn_gate", [middle, width], "Q4_K"),
      named("ffn_up", [middle, width], "Q4_K"),
      named("ffn_down", [width, middle], six),
    ];
  };
  const table = [own.vocabulary, width];
  return [
    { name: "token_embd.weight", shape: table, type: own.tied ? "Q6_K" : "Q4_K" },
    { name: "output_norm.weight", shape: [width], type: "F32" },
    ...own.tied ? [] : [{ name: "output.weight", shape: table, type: "Q6_K" } as const],
    ...Array.from({ length: layers }, (_, index) => layer(index)).flat(),
  ];
}

/** Tensors of the vision tower's file. */
export function towerTensors({ width: out, tower }: PairSizes): PairTensor[] {
  const { width, middle, depth, deepstack, positions } = tower, wide = merged * width;
  const norm = (name: string, size: number): PairTensor[] =>
    ["weight", "bias"].map((end) => ({ name: `${name}.${end}`, shape: [size], type: "F32" }));
  const linear = (name: string, rows: number, columns: number): PairTensor[] => [
    { name: `${name}.weight`, shape: [rows, columns], type: "F16" },
    { name: `${name}.bias`, shape: [rows], type: "F32" },
  ];
  const frame = { shape: [width, 3, patch, patch], type: "F32" } as const;
  return [
    ...["v.patch_embd.weight", "v.patch_embd.weight.1"].map((name) => ({ name, ...frame })),
    { name: "v.patch_embd.bias", shape: [width], type: "F32" },
    { name: "v.position_embd.weight", shape: [positions, width], type: "F32" },
    ...norm("v.post_ln", width),
    ...linear("mm.0", wide, wide),
    ...linear("mm.2", out, wide),
    ...Array.from({ length: depth }, (_, index) => [
      ...["ln1", "ln2"].flatMap((name) => norm(`v.blk.${index}.${name}`, width)),
      ...linear(`v.blk.${index}.attn_qkv`, 3 * width, width),
      ...linear(`v.blk.${index}.attn_out`, width, width),
      ...linear(`v.blk.${index}.ffn_up`, middle, width),
      ...linear(`v.blk.${index}.ffn_down`, width, middle),
    ]).flat(),
    ...deepstack.flatMap((index) => [
      ...norm(`v.deepstack.${index}.norm`, wide),
      ...linear(`v.deepstack.${index}.fc1`, wide, wide),
      ...linear(`v.deepstack.${index}.fc2`, out, wide),
    ]),
  ];
}

/** Deviation of the weights. */
const deviation = 0.02;

/**
 * Random blocks of some type whose weights have mean 0 and a deviation of about 0.02.
 *
 * @param count how many blocks
 */
export function randomBlocks(type: PairTensor["type"], count: number): Uint8Array<ArrayBuffer> {
  const source = new Random(type);
  const values = () => Float32Array.from({ length: count }, () => deviation * source.normal());
  if (type === "F32") return new Uint8Array(values().buffer);
  if (type === "F16") return new Uint8Array(Float16Array.from(values()).buffer);
  const { bytes } = blockSizes[type];
  const out = Uint8Array.from({ length: count * bytes }, () => source.integer(256));
  const view = new DataView(out.buffer);
  for (let at = 0; at < out.length; at += bytes) {
    if (type === "Q6_K") { // codes from -32 to 31, of deviation 18.5, times scales from 8 to 15
      for (let i = 0; i < 16; i++) out[at + 192 + i] = 8 + source.integer(8);
      view.setFloat16(at + 208, deviation / (18.5 * 11.5), true);
    } else { // codes from 0 to 15, of mean 7.5 and deviation 4.6, times scales from 32 to 63
      const scale = deviation / (4.6 * 47.5);
      view.setFloat16(at, scale, true);
      view.setFloat16(at + 2, 7.5 * scale, true);
      for (let i = 0; i < 4; i++) {
        const [first, second] = [32 + source.integer(32), 32 + source.integer(32)];
        const high = (second >> 4) << 6, low = second & 15;
        out[at + 4 + i] = out[at + 8 + i] = first | high; // scale and offset are the same number
        out[at + 12 + i] = low | low << 4;
      }
    }
  }
  return out;
}

/** Bytes that a tensor takes. */
export function tensorBytes({ shape, type }: PairTensor): number {
  const { elements, bytes } = blockSizes[type];
  return shape.reduce((a, b) => a * b, 1) / elements * bytes;
}

const typeNumbers = { F32: 0, F16: 1, Q4_K: 12, Q6_K: 14 } as const satisfies Partial<
  Record<GgufType, number>
>;
/** Notes that are floats even where they are whole. */
const floats = /freq_base$|epsilon$|image_(mean|std)$/;

/** Header of a file, up to where the tensors begin. */
function headerBytes(
  notes: ReadonlyMap<string, GgufValue>,
  tensors: readonly PairTensor[],
): Uint8Array {
  const pieces: Uint8Array[] = [], utf8 = new TextEncoder();
  const number = (value: number, bytes: 1 | 4 | 8) => {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigUint64(0, BigInt(value), true);
    pieces.push(new Uint8Array(view.buffer, 0, bytes));
  };
  const text = (value: string) => {
    const bytes = utf8.encode(value);
    number(bytes.length, 8);
    pieces.push(bytes);
  };
  const kindOf = (key: string, value: unknown) => {
    if (typeof value === "string") return 8;
    if (typeof value === "boolean") return 7;
    if (/token_type$|sections$/.test(key)) return 5; // llama.cpp wants these with a sign
    return floats.test(key) ? 6 : 4;
  };
  const one = (kind: number, value: unknown) => {
    if (kind === 8) text(String(value));
    else if (kind === 6) pieces.push(new Uint8Array(Float32Array.of(Number(value)).buffer));
    else number(Number(value), kind === 7 ? 1 : 4);
  };
  pieces.push(utf8.encode("GGUF"));
  number(3, 4);
  number(tensors.length, 8);
  number(notes.size, 8);
  for (const [key, value] of notes) {
    text(key);
    const kind = kindOf(key, Array.isArray(value) ? value[0] : value);
    if (Array.isArray(value)) {
      number(9, 4);
      number(kind, 4);
      number(value.length, 8);
      for (const item of value) one(kind, item);
    } else {
      number(kind, 4);
      one(kind, value);
    }
  }
  let offset = 0;
  for (const tensor of tensors) {
    text(tensor.name);
    number(tensor.shape.length, 4);
    for (const size of tensor.shape.toReversed()) number(size, 8);
    number(typeNumbers[tensor.type], 4);
    number(offset, 8);
    offset += aligned(tensorBytes(tensor));
  }
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const out = new Uint8Array(aligned(length));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

const aligned = (bytes: number) => 32 * Math.ceil(bytes / 32);

/** Writes a file of random weights; gains are one, biases zero. Blocks repeat after a while. */
async function writeFile(
  path: string,
  notes: ReadonlyMap<string, GgufValue>,
  tensors: readonly PairTensor[],
): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  const writer = file.writable.getWriter();
  await writer.write(headerBytes(notes, tensors));
  const patterns = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const tensor of tensors) {
    const { name, type } = tensor, length = tensorBytes(tensor);
    // not a whole number of rows, so that no row is there twice
    const count = type === "F32" || type === "F16" ? 999_983 : 6007;
    const pattern = patterns.get(type) ?? randomBlocks(type, count);
    patterns.set(type, pattern);
    if (/(norm|ln\d?|_ln)\.weight$/.test(name)) {
      await writer.write(new Uint8Array(new Float32Array(length / 4).fill(1).buffer));
    } else if (name.endsWith(".bias")) await writer.write(new Uint8Array(length));
    else {
      for (let at = 0; at < length; at += pattern.length) {
        await writer.write(pattern.subarray(0, Math.min(pattern.length, length - at)));
      }
    }
    await writer.write(new Uint8Array(aligned(length) - length));
  }
  await writer.close();
}

/** Notes of one of the golden files without what says how to draw tokens, some of them changed. */
async function notesLike(
  file: string,
  changed: Readonly<Record<string, GgufValue>>,
): Promise<Map<string, GgufValue>> {
  const { metadata } = await ggufHeader(`${golden}${file}`);
  const kept = [...metadata].filter(([key]) => !key.startsWith("general.sampling."));
  return new Map([...kept, ...Object.entries(changed)]);
}

/** Writes `model.gguf` and `mmproj.gguf` into a folder. */
export async function writePair(dir: string, own: PairSizes): Promise<void> {
  const { tower } = own;
  const { metadata } = await ggufHeader(`${golden}model.gguf`);
  const tokens = metadata.get("tokenizer.ggml.tokens") as readonly string[];
  const types = metadata.get("tokenizer.ggml.token_type") as readonly number[];
  const more = Array.from({ length: own.vocabulary - tokens.length }, (_, i) => tokens.length + i);
  const text = await notesLike("model.gguf", {
    "general.size_label": "random",
    "general.file_type": 15, // Q4_K_M
    "qwen3vl.block_count": own.layers,
    "qwen3vl.embedding_length": own.width,
    "qwen3vl.feed_forward_length": own.middle,
    "qwen3vl.attention.head_count": own.heads,
    "qwen3vl.attention.head_count_kv": own.keyValueHeads,
    "qwen3vl.attention.key_length": own.headDim,
    "qwen3vl.attention.value_length": own.headDim,
    "qwen3vl.rope.dimension_sections": own.headDim === 128
      ? [24, 20, 20, 0]
      : metadata.get("qwen3vl.rope.dimension_sections")!,
    "qwen3vl.n_deepstack_layers": tower.deepstack.length,
    "tokenizer.ggml.tokens": [...tokens, ...more.map((id) => `[PAD${id}]`)],
    "tokenizer.ggml.token_type": [...types, ...more.map(() => 5)], // unused
  });
  const vision = await notesLike("mmproj.gguf", {
    "general.size_label": "random",
    "general.file_type": 1, // F16
    "clip.vision.projection_dim": own.width,
    "clip.vision.image_size": patch * Math.sqrt(tower.positions),
    "clip.vision.embedding_length": tower.width,
    "clip.vision.feed_forward_length": tower.middle,
    "clip.vision.block_count": tower.depth,
    "clip.vision.attention.head_count": tower.heads,
    "clip.vision.is_deepstack_layers": Array.from(
      { length: tower.depth },
      (_, index) => tower.deepstack.includes(index),
    ),
  });
  await Deno.mkdir(dir, { recursive: true });
  await writeFile(`${dir}/model.gguf`, text, textTensors(own));
  await writeFile(`${dir}/mmproj.gguf`, vision, towerTensors(own));
}
