/**
 * The first tokens of a prompt, run once, so that several continuations can go on from them.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { Lease } from "../common/bounded_cache.ts";
import type { Tensor } from "../nn/kernels.ts";
import type { RunHooks } from "../hooks/run_hooks.ts";
import type { AttentionFunction } from "../nn/attention.ts";
import { extentOf } from "../nn/rope.ts";
import type { KvCache } from "./kv_cache.ts";
import type { ModelInputs } from "./model_inputs.ts";
import type { KeptPrefix, ReuseCache } from "./reuse_cache.ts";
import type { EmbeddedPrompt } from "./run_options.ts";
import type { VisionLanguageModel } from "./vision_language_model.ts";

/** How the prefix is run. */
export interface PrefixOptions {
  /** Hooks on the prefix's own activations (and on the whole prompt's embeddings). */
  readonly hooks?: RunHooks | null;
  /** Attention function; dense by default. */
  readonly attention?: AttentionFunction;
  /** Where prefixes and features of media are kept for other prompts; with hooks they are not. */
  readonly reuse?: ReuseCache;
}

/**
 * Positions of the tokens `start` to `end` (exclusive), `[axes, end - start]`.
 *
 * @param positionIds `[axes, T]` row by row
 * @param tokens T
 *
 * @example
 * ```ts
 * import { positionsOf } from "./shared_prefix.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([...positionsOf(Int32Array.of(0, 1, 2, 5, 6, 7), 3, 1, 3)], [1, 2, 6, 7]);
 * ```
 */
export function positionsOf(
  positionIds: Int32Array,
  tokens: number,
  start: number,
  end: number,
): Int32Array {
  const axes = positionIds.length / tokens;
  const part = new Int32Array(axes * (end - start));
  for (let axis = 0; axis < axes; axis++) {
    part.set(
      positionIds.subarray(axis * tokens + start, axis * tokens + end),
      axis * (end - start),
    );
  }
  return part;
}

/** A prompt's prefix in a KV cache, and the embeddings of the rest. */
export class SharedPrefix implements Disposable {
  /** Keys and values of the prefix, to be shared: `model.newCache(prefix.cache)`. */
  readonly cache: KvCache;
  /** Embeddings and DeepStack features of the tokens after the prefix. */
  readonly rest: EmbeddedPrompt;
  /** Their positions, `[axes, T - length]`. */
  readonly restPositions: Int32Array;
  #kept: Lease<KeptPrefix> | null;

  /**
   * Runs the first `length` tokens of a prompt.
   *
   * @param length tokens of the prefix, 0 to T - 1
   * @throws {InputError} if there would be no rest
   */
  constructor(
    readonly model: VisionLanguageModel,
    inputs: ModelInputs,
    readonly length: number,
    options: PrefixOptions = {},
  ) {
    const tokens = inputs.inputIds.length;
    if (!Number.isInteger(length) || length < 0 || length >= tokens) {
      throw new InputError(
        `Cannot run the first ${length} of ${tokens} tokens as a prefix: wanted 0 to ${tokens - 1}`,
      );
    }
    this.restPositions = positionsOf(inputs.positionIds, tokens, length, tokens);
    const reuse = options.hooks || length === 0 ? undefined : options.reuse;
    const key = reuse?.prefixKey(model, inputs, length, options.attention) ?? "";
    this.#kept = reuse?.findPrefix(key) ?? null;
    try {
      if (this.#kept) {
        const { cache, stages } = this.#kept.value;
        this.cache = cache;
        this.rest = model.embedPrompt(inputs, null, {
          reuse,
          from: { token: length, stages },
        });
        return;
      }
      reuse?.makeRoom(model, length);
      this.cache = model.newCache();
      try {
        this.rest = this.#run(inputs, options);
      } catch (error) {
        this.cache.dispose();
        throw error;
      }
      const stages = this.rest.deepstack.length;
      if (reuse) this.#kept = reuse.addPrefix(key, { cache: this.cache, stages });
    } catch (error) {
      this.#kept?.[Symbol.dispose]();
      throw error;
    }
  }

  /** Runs the prefix; gives the embeddings of the rest. */
  #run(inputs: ModelInputs, options: PrefixOptions): EmbeddedPrompt {
    const { model, length } = this, { kernels: k, decoder } = model;
    const tokens = inputs.inputIds.length, { hooks, attention, reuse } = options;
    return k.scope(() => {
      const whole = model.embedPrompt(inputs, hooks, { reuse });
      const part = (start: number, size: number): EmbeddedPrompt => {
        const rows = (x: Tensor) => k.slice(x, [0, start, 0], [-1, size, -1]);
        return { embeddings: rows(whole.embeddings), deepstack: whole.deepstack.map(rows) };
      };
      if (length > 0) {
        const { embeddings, deepstack } = part(0, length);
        const positions = positionsOf(inputs.positionIds, tokens, 0, length);
        const extent = extentOf(inputs.positionIds);
        // of the last layer only keys and values are needed; hooks, though, expect all of it
        const lastRows = hooks ? undefined : 0;
        const run = { hooks, attention, cache: this.cache, deepstack, extent, lastRows };
        decoder.forward(embeddings, positions, run);
      }
      const rest = part(length, tokens - length);
      k.keep(rest.embeddings);
      rest.deepstack.forEach((x) => k.keep(x));
      return { embeddings: rest.embeddings, deepstack: [...rest.deepstack] };
    });
  }

  /** Frees the rest's embeddings, and the cache unless it is kept for other prompts. */
  [Symbol.dispose](): void {
    if (this.#kept) this.#kept[Symbol.dispose]();
    else this.cache.dispose();
    this.model.kernels.dispose(this.rest.embeddings, ...this.rest.deepstack);
  }
}
