/**
 * All heads changed at once, to some degree, and how a metric depends on each of them: what attribution
 * patching of heads and of edges has in common.
 *
 * @module
 */
import { allHeads } from "../common/head_id.ts";
import type { DecoderLayerPoint } from "../hooks/hook_point.ts";
import { DecoderGradients, type WithGradient } from "../model/decoder_gradients.ts";
import { type AnyModel, networkOf } from "../model/network_of.ts";
import { SharedPrefix } from "../model/shared_prefix.ts";
import type { VisionLanguageModel } from "../model/vision_language_model.ts";
import { type AttentionCall, type AttentionFunction, denseAttention } from "../nn/attention.ts";
import type { Kernels, Tensor } from "../nn/kernels.ts";
import { extentOf } from "../nn/rope.ts";
import type { HeadMask } from "./head_mask.ts";
import { intervene } from "./intervene.ts";
import { answerLogProb, type DifferentiableMetric } from "./paths/metric.ts";
import { type AnswerSample, type Scope, scopeStart, withAnswer } from "./sweep.ts";

/** What becomes of each head: a mask without its heads. */
export type HeadChange = Omit<HeadMask, "heads">;

/** How effects are attributed. */
export interface PatchingOptions {
  /** What the effects are on; the log-probability of the right answer by default. */
  readonly metric?: DifferentiableMetric;
  /** Where heads are changed, as in `sweep`; `answer` by default. */
  readonly scope?: Scope;
  /** The attention function that heads have otherwise; dense by default. */
  readonly attention?: AttentionFunction;
}

/** The gradients of one layer, with the change of its heads' outputs. */
export interface ChangedLayer<Point extends DecoderLayerPoint> {
  readonly layer: number;
  /** What the heads would give less what they give, `[1, T, N, H]`. */
  readonly change: Tensor;
  /** An activation with its gradient. */
  at(point: Point): WithGradient;
}

/** What heads give and would give, by layer, for as long as a pass back needs it. */
export interface KeptHeads {
  /** Outputs as far as they are changed, `[1, T, N, H]`. */
  readonly outputs: Tensor[];
  /** What they would give less what they give unchanged, of the same shape. */
  readonly changes: Tensor[];
}

/** One sample, ready for passes forward and back. */
export class ChangedHeads implements Disposable {
  readonly network: VisionLanguageModel;
  readonly #prefix: SharedPrefix;
  readonly #extent: number;
  readonly #replace: (k: Kernels, call: AttentionCall, z: Tensor) => Tensor;

  /** @throws {InputError} for a change that cannot be applied, and as `sweep` */
  constructor(
    model: AnyModel,
    readonly sample: AnswerSample,
    change: HeadChange,
    readonly options: PatchingOptions,
  ) {
    this.network = networkOf(model);
    const start = scopeStart(sample, options.scope ?? "answer");
    let own: Tensor;
    const prompt = { inputIds: sample.inputs.inputIds, spans: sample.spans };
    const variant = [{ ...change, heads: allHeads(this.network.grid) }];
    const replaced = intervene(this.network, [variant], prompt, {
      from: start,
      attention: () => own,
    });
    this.#replace = (k, call, z) => {
      own = z;
      return replaced(k, call);
    };
    const inputs = withAnswer(sample);
    this.#extent = extentOf(inputs.positionIds);
    this.#prefix = new SharedPrefix(this.network, inputs, start, { attention: options.attention });
  }

  /**
   * The metric with every head's output moved by a part of its change, and the gradients there.
   *
   * @param part 0: as they are; 1: all heads changed
   * @param points activations whose gradients are wanted
   * @param visit gets each layer, the last first, within a scope of the kernels
   * @param kept filled by the pass forward; the tensors are the caller's
   * @returns the metric
   */
  async gradients<Point extends DecoderLayerPoint>(
    part: number,
    points: readonly Point[],
    visit: (layer: ChangedLayer<Point>) => void,
    kept?: KeptHeads,
  ): Promise<number> {
    const { network: { kernels: k } } = this;
    const seen: { change: Tensor | null } = { change: null };
    using pass = this.#pass(part, seen, kept);
    const rows = await this.#logits(pass), { metric = answerLogProb } = this.options;
    const gradient = metric.gradient(rows, this.sample.answerIds);
    const dLogits = k.scope(() => {
      const each = gradient.map((own) => k.tensor(own, [1, 1, own.length]));
      return each.length === 1 ? each[0] : k.concat(each, 1); // [1, A, V]
    });
    try {
      k.dispose(pass.backward(dLogits, points, (layer, at) => {
        visit({ layer, change: seen.change!, at });
      }));
    } finally {
      k.dispose(dLogits);
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
  #pass(
    part: number,
    seen: { change: Tensor | null } | null,
    kept?: KeptHeads,
  ): DecoderGradients {
    const { attention: base = denseAttention } = this.options, prefix = this.#prefix;
    const attention: AttentionFunction = (k, call) => {
      const segments = [...prefix.cache.segments(call.layer), ...call.segments];
      const whole = { ...call, segments };
      const z = base(k, whole);
      const forward = k === this.network.kernels;
      if (forward && part === 0 && !kept) return z; // nothing is changed
      const change = k.add(this.#replace(k, whole, z), k.scale(z, -1));
      const out = part === 0 ? z : k.add(z, k.scale(change, part));
      const turned = (x: Tensor) => k.transpose(x, [0, 2, 1, 3]);
      if (forward && kept) {
        kept.outputs[call.layer] = k.keep(turned(out));
        kept.changes[call.layer] = k.keep(turned(change));
      }
      if (seen && !forward) seen.change = turned(change);
      return out;
    };
    return new DecoderGradients(this.network, {
      embedded: prefix.rest,
      positionIds: prefix.restPositions,
      extent: this.#extent,
      lastRows: this.sample.answerIds.length,
      attention,
    });
  }

  /** Frees the prefix. */
  [Symbol.dispose](): void {
    this.#prefix[Symbol.dispose]();
  }
}
