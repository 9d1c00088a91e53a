/**
 * All heads changed at once, to some degree, and how a metric depends on each of them: what attribution
 * patching of heads and of edges has in common.
 *
 * @module
 */
import type { DecoderLayerPoint } from "../hooks/hook_point.ts";
import { DecoderGradients, type WithGradient } from "../model/decoder_gradients.ts";
import { type AnyModel, networkOf } from "../model/network_of.ts";
import type { VisionLanguageModel } from "../model/vision_language_model.ts";
import type { Tensor } from "../nn/kernels.ts";
import {
  type CallObserver,
  type CorruptedPrompt,
  type HeadChange,
  type HeadChanges,
  headChanges,
  type KeptHeads,
  type PatchingOptions,
  type SeenChange,
} from "./head_changes.ts";
import { answerLogProb } from "./paths/metric.ts";
import type { AnswerSample } from "./sweep.ts";

/** The gradients of one layer, with the change of its heads' outputs. */
export interface ChangedLayer<Point extends DecoderLayerPoint> {
  readonly layer: number;
  /** What the heads would give less what they give, `[1, T, N, H]`. */
  readonly change: Tensor;
  /** An activation with its gradient. */
  at(point: Point): WithGradient;
}

/** What of gradients is wanted besides. */
export interface GradientExtras<Point extends DecoderLayerPoint> {
  /** Filled by the pass forward; the tensors are the caller's. */
  readonly kept?: KeptHeads;
  /**
   * Gets the gradients of the layers below each other one, as if that layer added nothing to the stream
   * (GradDrop), within a scope of the kernels.
   */
  readonly without?: (dropped: number, layer: ChangedLayer<Point>) => void;
}

/** One sample, ready for passes forward and back. */
export class ChangedHeads implements Disposable {
  readonly network: VisionLanguageModel;
  readonly #changes: HeadChanges;

  /**
   * @param observe told of the attention calls of both prompts, where there are two
   * @throws {InputError} for a change that cannot be applied, and as `sweep`
   */
  constructor(
    model: AnyModel,
    readonly sample: AnswerSample,
    change: HeadChange | CorruptedPrompt,
    readonly options: PatchingOptions,
    observe?: CallObserver,
  ) {
    this.network = networkOf(model);
    this.#changes = headChanges(this.network, sample, change, options, observe);
  }

  /**
   * The metric with a part of the change, and the gradients there: with every head's output moved by it,
   * or with what enters the decoder moved towards the corrupted prompt.
   *
   * @param part 0: as they are; 1: all heads changed, or the corrupted prompt
   * @param points activations whose gradients are wanted
   * @param visit gets each layer, the last first, within a scope of the kernels
   * @returns the metric
   */
  async gradients<Point extends DecoderLayerPoint>(
    part: number,
    points: readonly Point[],
    visit: (layer: ChangedLayer<Point>) => void,
    { kept, without }: GradientExtras<Point> = {},
  ): Promise<number> {
    const { network: { kernels: k, grid: { layers } } } = this;
    const seen: SeenChange = { change: null };
    using pass = this.#pass(part, seen, kept);
    const rows = await this.#logits(pass), { metric = answerLogProb } = this.options;
    const gradient = metric.gradient(rows, this.sample.answerIds);
    const dLogits = k.scope(() => {
      const each = gradient.map((own) => k.tensor(own, [1, 1, own.length]));
      return each.length === 1 ? each[0] : k.concat(each, 1); // [1, A, V]
    });
    const outputs: Tensor[] = [];
    try {
      k.dispose(pass.backward(dLogits, points, (layer, at) => {
        visit({ layer, change: seen.change!, at });
      }, without && outputs));
      for (let dropped = 1; without && dropped < layers; dropped++) {
        k.dispose(pass.backwardWithout(dropped, outputs[dropped], points, (layer, at) => {
          without(dropped, { layer, change: seen.change!, at });
        }));
      }
    } finally {
      k.dispose(dLogits, ...outputs);
    }
    return metric.of(rows, this.sample.answerIds);
  }

  /** The metric alone. */
  async value(part: number): Promise<number> {
    using pass = this.#pass(part, null);
    const { metric = answerLogProb } = this.options;
    return metric.of(await this.#logits(pass), this.sample.answerIds);
  }

  /** Logits of each token of the answer, `[V]`. */
  async #logits(pass: DecoderGradients): Promise<Float32Array[]> {
    const { kernels: k } = this.network, logits = pass.logits();
    try {
      const data = await k.read(logits) as Float32Array, [, places, size] = logits.shape;
      return Array.from({ length: places }, (_, i) => data.subarray(i * size, (i + 1) * size));
    } finally {
      k.dispose(logits);
    }
  }

  /** Runs forward; passes through single layers later leave the heads' change in `seen`. */
  #pass(part: number, seen: SeenChange | null, kept?: KeptHeads): DecoderGradients {
    const changes = this.#changes, { positionIds, extent } = changes;
    return new DecoderGradients(this.network, {
      ...{ embedded: changes.embedded(part), positionIds, extent },
      lastRows: this.sample.answerIds.length,
      attention: changes.attention(part, seen, kept),
    });
  }

  /** Frees what the changes keep. */
  [Symbol.dispose](): void {
    this.#changes[Symbol.dispose]();
  }
}
