/**
 * The whole model: vision tower, text decoder and how the features of media enter the prompt.
 *
 * @module
 */
import { gridOf, type HeadGrid } from "../common/head_id.ts";
import type { Kernels, Tensor } from "../nn/kernels.ts";
import { hookNames, type Hooks } from "../hooks/hook_point.ts";
import { hookEntries, RunHooks } from "../hooks/run_hooks.ts";
import type { AttentionFunction } from "../nn/attention.ts";
import { checkAttention, checkInputs } from "./check_inputs.ts";
import { type ModelConfig, type TextConfig, visionDepth } from "./config.ts";
import { type EmbedOptions, embedPrompt } from "./embed_prompt.ts";
import { KvCache } from "./kv_cache.ts";
import type { ModelInputs, VisionTower } from "./model_inputs.ts";
import { StagedForward } from "./staged_forward.ts";
import type { PatternRequest } from "./decoder_pass.ts";
import type { EmbeddedPrompt, ForwardOptions, ForwardResult, RunOptions } from "./run_options.ts";
import type { TextDecoder } from "./text_decoder.ts";
import type { WeightsMap } from "./weights_map.ts";

/** A multimodal (or text-only) language model on given kernels. */
export class VisionLanguageModel {
  /** All hook names, in firing order. */
  readonly hookNames: readonly string[];
  /**
   * Puts a model together.
   *
   * @param vision vision tower, or null for a text-only model
   * @param weights all weights, freed by {@link VisionLanguageModel.dispose}
   * @param checkpoint directory (or file) that the weights were read from; null for weights that were
   *   made in memory
   */
  constructor(
    readonly kernels: Kernels,
    readonly config: ModelConfig,
    readonly decoder: TextDecoder,
    readonly vision: VisionTower | null,
    readonly weights: WeightsMap,
    readonly checkpoint: string | null = null,
  ) {
    this.hookNames = hookNames(
      config.text.numHiddenLayers,
      vision ? visionDepth(config) : 0,
      vision !== null,
    );
  }

  /** Layers and query heads of the decoder. */
  get grid(): HeadGrid {
    return gridOf(this.config.text);
  }

  /** Hooks checked against this model's hook points. */
  runHooks(...hooks: readonly (Hooks | undefined)[]): RunHooks | null {
    const merged: Record<string, Hooks[string]> = {};
    for (const given of hooks) {
      for (const [name, hook] of hookEntries(given ?? {})) {
        merged[name] = [merged[name] ?? [], hook].flat() as Hooks[string];
      }
    }
    if (Object.keys(merged).length === 0) return null;
    return new RunHooks(merged, this.hookNames, this.kernels);
  }

  /**
   * A KV cache for this model.
   *
   * @param shared another cache, on top of which this one is
   * @param attention if given, the cache keeps only what this attention function needs
   */
  newCache(shared: KvCache | null = null, attention?: AttentionFunction): KvCache {
    const layers = this.config.text.numHiddenLayers;
    return new KvCache(this.kernels, layers, shared, keptPositions(this.config.text, attention));
  }

  /**
   * Token embeddings with the media's features in place of the placeholders.
   *
   * @throws {InputError} for inputs of another form, and if placeholders and features do not match in
   *   number
   */
  embedPrompt(
    inputs: ModelInputs,
    hooks: RunHooks | null = null,
    options: Omit<EmbedOptions, "hooks"> = {},
  ): EmbeddedPrompt {
    this.weights.checkThere();
    checkInputs(inputs, this.config);
    return embedPrompt(this, inputs, { ...options, hooks });
  }

  /**
   * Runs a prompt through the model, filling `cache` if given; the residual stream after the last
   * layer, `[1, T, D]` (or only its `lastRows`), belongs to the caller. With `embedded`, which stays
   * the caller's, the prompt is not embedded again.
   */
  prefill(
    inputs: ModelInputs,
    options: RunOptions & {
      patternRows?: PatternRequest;
      cache?: KvCache;
      embedded?: EmbeddedPrompt;
      runHooks?: RunHooks | null;
      lastRows?: number;
    } = {},
  ): Tensor {
    this.weights.checkThere();
    if (options.embedded) checkInputs(inputs, this.config);
    checkAttention(options.attention);
    const hooks = options.runHooks ?? this.runHooks(options.hooks);
    return this.kernels.scope(() => {
      const { embeddings, deepstack } = options.embedded ?? this.embedPrompt(inputs, hooks);
      return this.decoder.forward(embeddings, inputs.positionIds, { ...options, hooks, deepstack });
    });
  }

  /**
   * One pass over a prompt, without decoding: logits and captured activations as plain arrays.
   *
   * @throws {InputError} for unknown hook names or a prompt that does not fit its media
   */
  async forward(inputs: ModelInputs, options: ForwardOptions = {}): Promise<ForwardResult> {
    const run = new StagedForward(this, inputs, options);
    try {
      run.embed();
      run.runLayers(0, this.config.text.numHiddenLayers);
      return await run.finish();
    } catch (error) {
      run.abandon();
      throw error;
    }
  }

  /** Frees all weights; the model must not be used afterwards. */
  dispose(): void {
    this.weights.dispose(this.kernels);
  }
}

/** What an attention function's layers need to keep; layers with a window of their own keep all. */
function keptPositions(
  { localLayers }: TextConfig,
  attention?: AttentionFunction,
): AttentionFunction["neededPositions"] {
  const needed = attention?.neededPositions;
  if (!needed || !localLayers) return needed;
  return (layer, heads) =>
    localLayers.layers.includes(layer) ? Array(heads).fill(null) : needed(layer, heads);
}
