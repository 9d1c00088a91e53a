/**
 * How many bits a checkpoint's files spend on a weight, in attention and elsewhere: the name of a
 * quantisation says it only roughly.
 *
 * @module
 */
import { inspectModel } from "../../lib/families/resolve.ts";
import { InputError } from "../../lib/common/errors.ts";

/** Parts of a language model that are stored alike. */
export const storedParts = ["attention", "feedForward", "embedding"] as const;

/** One part's storage. */
export interface StoredPart {
  /** Bits of the files over weights. */
  readonly bits: number;
  /** Names of the packings, those of most weights first. */
  readonly formats: readonly string[];
}

/** How a checkpoint is stored. */
export interface StoredBits extends Readonly<Record<typeof storedParts[number], StoredPart>> {
  /** Size of all weights in the files. */
  readonly bytes: number;
}

/** Which part a weight of two axes belongs to, by the names of transformers and of llama.cpp. */
function partOf(name: string): typeof storedParts[number] | null {
  if (/\b(visual|vision_tower|vision_model)\.|^v\./.test(name)) return null;
  if (/self_attn|\.attn_/.test(name)) return "attention";
  if (/mlp|\.ffn_/.test(name)) return "feedForward";
  return /embed_tokens|token_embd|lm_head|^output\.weight/.test(name) ? "embedding" : null;
}

/**
 * Bits per weight of a language model's parts, from the headers of its files alone. Biases, gains and
 * vision towers are left out, scales of groups counted.
 *
 * @param model a folder, or a GGUF file
 * @throws {InputError} for a checkpoint that lacks one of the parts
 *
 * @example
 * ```ts
 * import { storedBits } from "./stored_bits.ts";
 * import { assertEquals } from "@std/assert";
 * const { attention } = await storedBits("data/models/mini");
 * assertEquals(attention.bits, 16); // bfloat16
 * ```
 */
export async function storedBits(model: string): Promise<StoredBits> {
  const { weights } = await inspectModel(model, {});
  const all = weights ?? [];
  const part = (wanted: typeof storedParts[number]): StoredPart => {
    const own = all.filter(({ name, shape }) => shape.length === 2 && partOf(name) === wanted);
    if (own.length === 0) throw new InputError(`Cannot find the ${wanted} weights of ${model}`);
    const counts = new Map<string, number>();
    let bytes = 0, count = 0;
    for (const { shape: [rows, columns], stored } of own) {
      counts.set(stored.format, (counts.get(stored.format) ?? 0) + rows * columns);
      count += rows * columns;
      bytes += stored.byteLength;
    }
    return {
      bits: 8 * bytes / count,
      formats: [...counts].toSorted(([, a], [, b]) => b - a).map(([name]) => name),
    };
  };
  return {
    bytes: all.reduce((sum, { stored }) => sum + stored.byteLength, 0),
    attention: part("attention"),
    feedForward: part("feedForward"),
    embedding: part("embedding"),
  };
}
