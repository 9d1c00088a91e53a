/**
 * What published models take in memory, from their shapes alone: in bfloat16, and in the quantised types
 * that llama.cpp's `llama-quantize` gives their language model as `Q8_0` and `Q4_K_M`.
 *
 * Source: the models' `config.json`; llama.cpp `src/llama-quant.cpp` (which weights get more bits).
 * @module
 */
import { blockSizes, type GgufType } from "../lib/weights/gguf_types.ts";

/** Sizes of a language model and its vision tower. */
interface Sizes {
  readonly name: string;
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
  /** Width of the feed-forward network, of one expert where there are several. */
  readonly middle: number;
  readonly experts?: number;
  readonly vocabulary: number;
  /** Whether the head is the embedding table. */
  readonly tied: boolean;
  /** Parameters of vision tower and projector. */
  readonly vision: number;
}

const qwen = { headDim: 128, vocabulary: 151936, tied: false };
const qwen7b = { ...qwen, layers: 28, width: 3584, heads: 28, keyValueHeads: 4, middle: 18944 };
const llama = { headDim: 128, vocabulary: 32064, tied: false };

/** Models of the families that are read. */
export const models: readonly Sizes[] = [
  {
    ...{ ...qwen, name: "Qwen3-VL-2B", layers: 28, width: 2048, heads: 16, keyValueHeads: 8 },
    ...{ middle: 6144, tied: true, vision: 0.41e9 },
  },
  {
    ...{ ...qwen, name: "Qwen3-VL-4B", layers: 36, width: 2560, heads: 32, keyValueHeads: 8 },
    ...{ middle: 9728, tied: true, vision: 0.42e9 },
  },
  {
    ...{ ...qwen, name: "Qwen3-VL-8B", layers: 36, width: 4096, heads: 32, keyValueHeads: 8 },
    ...{ middle: 12288, vision: 0.58e9 },
  },
  {
    ...{ ...qwen, name: "Qwen3-VL-30B-A3B", layers: 48, width: 2048, heads: 32, keyValueHeads: 4 },
    ...{ middle: 768, experts: 128, vision: 0.54e9 },
  },
  {
    ...{ ...qwen, name: "Qwen3-VL-32B", layers: 64, width: 5120, heads: 64, keyValueHeads: 8 },
    ...{ middle: 25600, vision: 0.6e9 },
  },
  {
    ...{ ...qwen, name: "Qwen2.5-VL-3B", layers: 36, width: 2048, heads: 16, keyValueHeads: 2 },
    ...{ middle: 11008, tied: true, vision: 0.67e9 },
  },
  { ...qwen7b, name: "Qwen2.5-VL-7B", vocabulary: 152064, vision: 0.68e9 },
  {
    ...{ ...qwen, name: "Qwen2.5-VL-72B", layers: 80, width: 8192, heads: 64, keyValueHeads: 8 },
    ...{ middle: 29568, vocabulary: 152064, vision: 0.7e9 },
  },
  { ...qwen7b, name: "InternVL3-8B", vocabulary: 151674, vision: 0.33e9 },
  {
    ...{ ...qwen, name: "InternVL3-14B", layers: 48, width: 5120, heads: 40, keyValueHeads: 8 },
    ...{ middle: 13824, vocabulary: 151674, vision: 0.35e9 },
  },
  {
    ...{ ...llama, name: "LLaVA-1.5-7B", layers: 32, width: 4096, heads: 32, keyValueHeads: 32 },
    ...{ middle: 11008, vision: 0.32e9 },
  },
  {
    ...{ ...llama, name: "LLaVA-1.5-13B", layers: 40, width: 5120, heads: 40, keyValueHeads: 40 },
    ...{ middle: 13824, vision: 0.33e9 },
  },
];

/** How the language model is stored. */
export type Storage = "bfloat16" | "Q8_0" | "Q4_K_M";

/** What `llama-quantize` takes for rows that are no whole blocks of 256. */
const narrowType = { Q4_K: "Q5_0", Q6_K: "Q8_0" } as const;

/** Whether `Q4_K_M` gives six bits to the values and the last feed-forward matrix of a layer. */
export function takesSixBits(layer: number, layers: number): boolean {
  const eighth = Math.floor(layers / 8);
  return layer < eighth || layer >= Math.floor(7 * layers / 8) || (layer - eighth) % 3 === 2;
}

/** Matrices of the language model: parameters, and the type that `Q4_K_M` gives them. */
function* matrices(own: Sizes): Generator<readonly [parameters: number, type: GgufType]> {
  const { layers, width, heads, keyValueHeads, headDim, middle, experts = 1 } = own;
  const more = (layer: number) => takesSixBits(layer, layers);
  const typed = (type: "Q4_K" | "Q6_K", columns: number) =>
    columns % 256 === 0 ? type : narrowType[type];
  const table = own.vocabulary * width;
  yield [table, own.tied ? "Q6_K" : "Q4_K"];
  if (!own.tied) yield [table, "Q6_K"];
  for (let layer = 0; layer < layers; layer++) {
    const values = keyValueHeads * headDim * width;
    yield [2 * heads * headDim * width + values, "Q4_K"]; // queries, output, keys
    yield [values, more(layer) ? "Q6_K" : "Q4_K"];
    yield [2 * experts * middle * width, "Q4_K"];
    yield [experts * middle * width, typed(more(layer) ? "Q6_K" : "Q4_K", middle)];
  }
}

/** Bytes of the language model's matrices, as they are stored and as they are held. */
export function textBytes(own: Sizes, storage: Storage): number {
  const size = (type: GgufType) => blockSizes[type].bytes / blockSizes[type].elements;
  return [...matrices(own)].reduce(
    (sum, [count, type]) => sum + count * size(storage === "Q4_K_M" ? type : storageType[storage]),
    0,
  );
}

const storageType = { bfloat16: "BF16", Q8_0: "Q8_0" } as const;

/** Bytes of all weights in memory with `--dtype bfloat16`: the tower is in bfloat16 in any case. */
export function weightBytes(own: Sizes, storage: Storage): number {
  return textBytes(own, storage) + 2 * own.vision;
}

/** What a prompt of 1,000 tokens with an image takes beside the weights, the program included. */
const workBytes = 1.5e9;
/** What is left to the system and other programs. */
const systemBytes = 2e9;

/** Whether a model runs in a memory of so many bytes. */
export function fits(own: Sizes, storage: Storage, memory: number): boolean {
  return weightBytes(own, storage) + workBytes + systemBytes <= memory;
}

/** Memories of machines, in bytes. */
export const memories: readonly number[] = [8e9, 16e9, 24e9, 64e9];
