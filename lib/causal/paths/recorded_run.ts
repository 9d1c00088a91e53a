/**
 * A run of a prompt with all that paths need of it, layer by layer.
 *
 * @module
 */
import type { Kernels, Tensor } from "../../nn/kernels.ts";
import { type AttentionFunction, denseAttention } from "../../nn/attention.ts";
import type { ModelInputs } from "../../model/model_inputs.ts";
import type { VisionLanguageModel } from "../../model/vision_language_model.ts";

/** How a run is recorded. */
export interface RecordingOptions {
  /** The attention function of all heads; dense by default. */
  readonly attention?: AttentionFunction;
  /** Whether to keep what feed-forward networks give. */
  readonly mlps?: boolean;
}

/** What a prompt gives in every layer, in the backend. */
export class RecordedRun implements Disposable {
  /** The residual stream that enters each layer, and what leaves the last: `[1, T, D]`. */
  readonly residuals: Tensor[] = [];
  /** Features added after the first layers, `[1, T, D]`. */
  readonly deepstack: readonly Tensor[];
  /** Outputs of heads by layer, `[1, N, T, H]`. */
  readonly z: Tensor[] = [];
  /** What feed-forward networks add, by layer, `[1, T, D]`; empty unless asked for. */
  readonly mlp: Tensor[] = [];
  readonly #kernels: Kernels;

  /**
   * Runs the prompt.
   *
   * @throws {InputError} for inputs of another form
   */
  constructor(
    network: VisionLanguageModel,
    inputs: ModelInputs,
    { attention = denseAttention, mlps = false }: RecordingOptions = {},
  ) {
    const { kernels: k, decoder, grid: { layers } } = network;
    this.#kernels = k;
    const { embeddings, deepstack } = network.embedPrompt(inputs);
    this.deepstack = deepstack.map((x) => k.keep(x));
    this.residuals.push(k.keep(embeddings));
    const recording: AttentionFunction = (kernels, call) => {
      const z = attention(kernels, call);
      this.z.push(kernels.keep(kernels.scale(z, 1)));
      return z;
    };
    const hooks = !mlps ? null : network.runHooks({
      "blocks.*.mlp_out": {
        onTensor: (x, kernels) => void this.mlp.push(kernels.keep(kernels.scale(x, 1))),
      },
    });
    try {
      for (let layer = 0; layer < layers; layer++) {
        const run = {
          fromLayer: layer,
          toLayer: layer + 1,
          attention: recording,
          deepstack,
          hooks,
        };
        this.residuals.push(
          k.keep(decoder.forward(this.residuals[layer], inputs.positionIds, run)),
        );
      }
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Frees everything. */
  [Symbol.dispose](): void {
    this.#kernels.dispose(...this.residuals, ...this.deepstack, ...this.z, ...this.mlp);
  }
}
