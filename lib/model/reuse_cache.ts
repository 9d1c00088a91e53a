/**
 * Work that prompts have in common, kept for the next one: features of the same media, keys and
 * values of the same first tokens.
 *
 * What is reused is what would be computed again, so that results are the same bit for bit with and
 * without.
 * @module
 */
import { BoundedCache, type Lease, objectNumber } from "../common/bounded_cache.ts";
import { digestOf } from "../common/digest.ts";
import { type AttentionFunction, denseAttention } from "../nn/attention.ts";
import type { Kernels, Tensor } from "../nn/kernels.ts";
import { extentOf } from "../nn/rope.ts";
import type { TextConfig } from "./config.ts";
import type { KvCache } from "./kv_cache.ts";
import type { MediaFeatures, ModelInputs, VisionTower } from "./model_inputs.ts";

/** Bytes that a run keeps where nobody says otherwise. */
export const defaultReuseBytes = 2 ** 31;

/** The first tokens of prompts, as the cache holds them. */
export interface KeptPrefix {
  /** Their keys and values. */
  readonly cache: KvCache;
  /** Number of DeepStack features that the prompts have. */
  readonly stages: number;
}

/** What {@link ReuseCache} looks at in a model. */
export interface ReusingModel {
  /** Computes. */
  readonly kernels: Kernels;
  /** The decoder's sizes. */
  readonly config: { readonly text: TextConfig };
}

/** Bytes of a tensor. */
function bytesOf({ shape, dtype }: Tensor): number {
  return shape.reduce((a, b) => a * b, 1) * (dtype === "bfloat16" ? 2 : 4);
}

/**
 * Features of media and keys and values of prompts' beginnings, least recently used freed first
 * beyond a limit. It belongs to a run, which disposes of it; one that is alone with its prompts needs
 * none.
 *
 * @example
 * ```ts
 * import { ReuseCache } from "./reuse_cache.ts";
 * import { SharedPrefix } from "./shared_prefix.ts";
 * import { fromPretrained } from "../families/pretrained.ts";
 * import { assertEquals } from "@std/assert";
 * using model = await fromPretrained("tests/golden/qwen3_vl");
 * using reuse = new ReuseCache(1e8);
 * for (const question of ["What is it?", "Where is it?"]) {
 *   const prompt = await model.processor.prepareQuestion({ question: `A b c. ${question}` });
 *   using _prefix = new SharedPrefix(model.network, prompt, 3, { reuse });
 * }
 * assertEquals([reuse.counts.prefixes, reuse.counts.prefixesReused], [1, 1]);
 * ```
 */
export class ReuseCache implements Disposable {
  /** What is kept; media that were read and cut into patches are there as well. */
  readonly memory: BoundedCache;
  /** How often work was done and how often it was not needed. */
  readonly counts = { features: 0, featuresReused: 0, prefixes: 0, prefixesReused: 0 };

  /**
   * An empty cache.
   *
   * @param limit bytes to hold at most; with 0 nothing is reused
   * @throws {InputError} for a limit that is no number of at least 0
   */
  constructor(limit: number = defaultReuseBytes) {
    this.memory = new BoundedCache(limit);
  }

  /**
   * Features of a prompt's media.
   *
   * @param tower computes them where they are not held
   */
  features(
    { kernels: k }: ReusingModel,
    tower: VisionTower,
    { media }: ModelInputs,
  ): Lease<MediaFeatures> {
    const key = `features ${objectNumber(tower)} ${digestOf(media)}`;
    const known = this.memory.find<MediaFeatures>(key);
    if (known) {
      this.counts.featuresReused++;
      return known;
    }
    this.counts.features++;
    const value = k.scope(() => tower.encodeMedia(media)) as MediaFeatures;
    const tensors = [value.images, value.videos].flatMap((kind) =>
      kind ? [kind.features, ...kind.deepstack] : []
    );
    tensors.forEach((tensor) => k.keep(tensor));
    const bytes = tensors.reduce((sum, tensor) => sum + bytesOf(tensor), 0);
    return this.memory.add(key, { value, bytes, free: () => k.dispose(...tensors) });
  }

  /** The name of a prompt's first tokens: all that their keys and values depend on. */
  prefixKey(
    model: ReusingModel,
    inputs: ModelInputs,
    length: number,
    attention: AttentionFunction = denseAttention,
  ): string {
    const tokens = inputs.inputIds.length, { ropeScaling, ...base } = model.config.text;
    const axes = inputs.positionIds.length / tokens;
    const positions = Array.from(
      { length: axes },
      (_, axis) => inputs.positionIds.subarray(axis * tokens, axis * tokens + length),
    );
    const content = digestOf({
      ids: inputs.inputIds.subarray(0, length),
      positions,
      media: inputs.media,
      // some scalings depend on the length of the whole prompt
      frequencies: ropeScaling?.frequencies(base, extentOf(inputs.positionIds)) ?? null,
    });
    return `prefix ${objectNumber(model)} ${objectNumber(attention)} ${content}`;
  }

  /** First tokens by their name, if they are held. */
  findPrefix(key: string): Lease<KeptPrefix> | null {
    const found = this.memory.find<KeptPrefix>(key);
    this.counts[found ? "prefixesReused" : "prefixes"]++;
    return found;
  }

  /** Frees what was not used for longest, so that so many tokens fit. */
  makeRoom({ kernels, config: { text } }: ReusingModel, tokens: number): void {
    const { numHiddenLayers, numKeyValueHeads, headDim } = text;
    const width = kernels.computeDType === "bfloat16" ? 2 : 4;
    this.memory.makeRoom(2 * numHiddenLayers * numKeyValueHeads * headDim * tokens * width);
  }

  /** Takes over first tokens that were run. */
  addPrefix(key: string, prefix: KeptPrefix): Lease<KeptPrefix> {
    const { cache } = prefix;
    return this.memory.add(key, {
      value: prefix,
      bytes: cache.bytes,
      free: () => cache.dispose(),
    });
  }

  /** Frees everything. */
  [Symbol.dispose](): void {
    this.memory[Symbol.dispose]();
  }
}
