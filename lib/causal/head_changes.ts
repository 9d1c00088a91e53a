/**
 * Where attribution takes its slopes and its changes from: heads changed by an intervention, or two
 * prompts and the straight way between them.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { allHeads } from "../common/head_id.ts";
import { quoted } from "../common/text.ts";
import { isRecord } from "../common/values.ts";
import { checkInputs } from "../model/check_inputs.ts";
import type { ModelInputs } from "../model/model_inputs.ts";
import type { EmbeddedPrompt } from "../model/run_options.ts";
import { SharedPrefix } from "../model/shared_prefix.ts";
import type { VisionLanguageModel } from "../model/vision_language_model.ts";
import { type AttentionCall, type AttentionFunction, denseAttention } from "../nn/attention.ts";
import type { Kernels, Tensor } from "../nn/kernels.ts";
import { extentOf } from "../nn/rope.ts";
import type { HeadMask } from "./head_mask.ts";
import { intervene } from "./intervene.ts";
import type { DifferentiableMetric } from "./paths/metric.ts";
import { checkPair } from "./paths/path_runs.ts";
import { type AnswerSample, type Scope, scopeStart, withAnswer } from "./sweep.ts";

/** What becomes of each head: a mask without its heads. */
export type HeadChange = Omit<HeadMask, "heads">;

/** What becomes of each head: what it gives on another prompt, at the same position. */
export interface CorruptedPrompt {
  /** The other prompt, without the answer: as many tokens, at the same positions. */
  readonly corrupted: ModelInputs;
}

/** How effects are attributed. */
export interface PatchingOptions {
  /** What the effects are on; the log-probability of the right answer by default. */
  readonly metric?: DifferentiableMetric;
  /** Where heads are changed, as in `sweep`; `answer` by default, `all` with a corrupted prompt. */
  readonly scope?: Scope;
  /** The attention function that heads have otherwise; dense by default. */
  readonly attention?: AttentionFunction;
}

/** What heads give and would give, by layer, for as long as a pass back needs it. */
export interface KeptHeads {
  /** Outputs as far as they are changed, `[1, T, N, H]`. */
  readonly outputs: Tensor[];
  /** What they would give less what they give unchanged, of the same shape. */
  readonly changes: Tensor[];
}

/** The change of the layer that a pass back is in, `[1, T, N, H]`. */
export interface SeenChange {
  change: Tensor | null;
}

/**
 * Told of each layer's attention on the prompt and on the corrupted one, in this order, within a scope of
 * the kernels.
 */
export type CallObserver = (
  prompt: "clean" | "corrupted",
  call: AttentionCall,
  kernels: Kernels,
) => void;

/** What is run with a part of a change, and what the change of each head is. */
export interface HeadChanges extends Disposable {
  /** Positions of the tokens that are run, `[axes, T]`. */
  readonly positionIds: Int32Array;
  /** Largest position of the whole prompt plus one. */
  readonly extent: number;
  /** The decoder's input with this part of the change; its tensors stay until the next call. */
  embedded(part: number): EmbeddedPrompt;
  /**
   * Attention with this part of the change.
   *
   * @param seen where passes through single layers on other kernels put the heads' change
   * @param kept filled on the model's own kernels; the tensors are the caller's
   */
  attention(part: number, seen: SeenChange | null, kept?: KeptHeads): AttentionFunction;
}

/**
 * Changes of one sample's heads.
 *
 * @param observe told of the attention of both prompts, where there are two
 * @throws {InputError} for a change that cannot be applied
 */
export function headChanges(
  network: VisionLanguageModel,
  sample: AnswerSample,
  change: HeadChange | CorruptedPrompt,
  options: PatchingOptions,
  observe?: CallObserver,
): HeadChanges {
  if (!isRecord(change) || !("corrupted" in change)) {
    return new ReplacedHeads(network, sample, change as HeadChange, options);
  }
  if ("intervention" in change) {
    throw new InputError(
      "Cannot change heads by an intervention and towards a corrupted prompt: wanted one of them",
    );
  }
  const pair = change as unknown as CorruptedPrompt;
  return new BetweenPrompts(network, sample, pair, options, observe);
}

const turned = (k: Kernels, x: Tensor) => k.transpose(x, [0, 2, 1, 3]);

/** Heads changed by an intervention: a part of the change moves each head's own output. */
class ReplacedHeads implements HeadChanges {
  readonly positionIds: Int32Array;
  readonly extent: number;
  readonly #prefix: SharedPrefix;
  readonly #replace: (k: Kernels, call: AttentionCall, z: Tensor) => Tensor;

  constructor(
    readonly network: VisionLanguageModel,
    sample: AnswerSample,
    change: HeadChange,
    readonly options: PatchingOptions,
  ) {
    const start = scopeStart(sample, options.scope ?? "answer");
    let own: Tensor;
    const prompt = { inputIds: sample.inputs.inputIds, spans: sample.spans };
    const variant = [{ ...change, heads: allHeads(network.grid) }];
    const replaced = intervene(network, [variant], prompt, { from: start, attention: () => own });
    this.#replace = (k, call, z) => {
      own = z;
      return replaced(k, call);
    };
    const inputs = withAnswer(sample);
    this.extent = extentOf(inputs.positionIds);
    this.#prefix = new SharedPrefix(network, inputs, start, { attention: options.attention });
    this.positionIds = this.#prefix.restPositions;
  }

  embedded(): EmbeddedPrompt {
    return this.#prefix.rest;
  }

  attention(part: number, seen: SeenChange | null, kept?: KeptHeads): AttentionFunction {
    const { attention: base = denseAttention } = this.options;
    return (k, call) => {
      const segments = [...this.#prefix.cache.segments(call.layer), ...call.segments];
      const whole = { ...call, segments };
      const z = base(k, whole);
      const forward = k === this.network.kernels;
      if (forward && part === 0 && !kept) return z; // nothing is changed
      const change = k.add(this.#replace(k, whole, z), k.scale(z, -1));
      const out = part === 0 ? z : k.add(z, k.scale(change, part));
      if (forward && kept) {
        kept.outputs[call.layer] = k.keep(turned(k, out));
        kept.changes[call.layer] = k.keep(turned(k, change));
      }
      if (seen && !forward) seen.change = turned(k, change);
      return out;
    };
  }

  [Symbol.dispose](): void {
    this.#prefix[Symbol.dispose]();
  }
}

/** Two prompts: a part of the change moves what enters the decoder, and heads answer. */
class BetweenPrompts implements HeadChanges {
  readonly positionIds: Int32Array;
  readonly extent: number;
  /** What enters the decoder on the clean prompt, and what the corrupted one adds: DeepStack last. */
  readonly #clean: Tensor[] = [];
  readonly #added: Tensor[] = [];
  /** Heads' outputs on the corrupted prompt less those on the clean one, `[1, T, N, H]` by layer. */
  readonly #changes: Tensor[] = [];
  readonly #own: Tensor[] = [];
  #mixed: Tensor[] = [];

  constructor(
    readonly network: VisionLanguageModel,
    sample: AnswerSample,
    { corrupted }: CorruptedPrompt,
    readonly options: PatchingOptions,
    readonly observe?: CallObserver,
  ) {
    checkInputs(corrupted, network.config);
    const start = scopeStart(sample, options.scope ?? "all"), inputs = withAnswer(sample);
    const other = withAnswer({ ...sample, inputs: corrupted });
    checkPair(`attribute sample ${quoted(sample.id)} between prompts`, inputs, other);
    this.positionIds = inputs.positionIds;
    this.extent = extentOf(inputs.positionIds);
    const lastRows = sample.answerIds.length;
    try {
      network.kernels.scope(() => this.#embed(inputs, other));
      this.#record(0, lastRows, (k, layer, z) => this.#own[layer] = k.keep(k.scale(z, 1)));
      this.#record(1, lastRows, (k, layer, z) => {
        const change = k.add(z, k.scale(this.#own[layer], -1)), rows = z.shape[2];
        const before = start - (inputs.inputIds.length - rows); // rows that stay as they are
        const acts = Float32Array.from({ length: rows }, (_, row) => row < before ? 0 : 1);
        const changed = before > 0 ? k.mul(change, k.tensor(acts, [1, 1, rows, 1])) : change;
        this.#changes[layer] = k.keep(turned(k, k.cast(changed, z.dtype)));
        k.dispose(this.#own[layer]);
      });
      this.#own.length = 0;
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** What enters the decoder; without images there are zeros in the place of DeepStack features. */
  #embed(inputs: ModelInputs, other: ModelInputs): void {
    const { network, network: { kernels: k } } = this;
    const [own, others] = [network.embedPrompt(inputs), network.embedPrompt(other)];
    const stages = Math.max(own.deepstack.length, others.deepstack.length);
    const all = ({ embeddings, deepstack }: EmbeddedPrompt) => [
      embeddings,
      ...Array.from({ length: stages }, (_, i) => deepstack[i] ?? k.zeros(embeddings.shape)),
    ];
    const ends = all(others);
    for (const [i, x] of all(own).entries()) {
      this.#clean.push(k.keep(x));
      this.#added.push(k.keep(k.add(ends[i], k.scale(x, -1))));
    }
  }

  /** Runs one end of the way, and shows what heads give, `[1, N, T, H]`. */
  #record(
    part: 0 | 1,
    lastRows: number,
    see: (k: Kernels, layer: number, z: Tensor) => void,
  ): void {
    const { network: { kernels, decoder }, positionIds, extent } = this;
    const { attention: base = denseAttention } = this.options;
    const attention: AttentionFunction = (k, call) => {
      const z = base(k, call);
      see(k, call.layer, z);
      this.observe?.(part === 0 ? "clean" : "corrupted", call, k);
      return z;
    };
    kernels.scope(() => {
      const { embeddings, deepstack } = this.embedded(part);
      decoder.forward(embeddings, positionIds, { deepstack, extent, attention, lastRows });
    });
  }

  embedded(part: number): EmbeddedPrompt {
    const { kernels: k } = this.network;
    k.dispose(...this.#mixed);
    this.#mixed = part === 0
      ? []
      : k.scope(() => this.#clean.map((x, i) => k.keep(k.add(x, k.scale(this.#added[i], part)))));
    const [embeddings, ...deepstack] = part === 0 ? this.#clean : this.#mixed;
    return { embeddings, deepstack };
  }

  attention(_: number, seen: SeenChange | null, kept?: KeptHeads): AttentionFunction {
    const { attention: base = denseAttention } = this.options;
    return (k, call) => {
      const z = base(k, call), change = this.#changes[call.layer];
      if (k !== this.network.kernels) {
        if (seen) seen.change = change;
      } else if (kept) {
        kept.outputs[call.layer] = k.keep(turned(k, z));
        kept.changes[call.layer] = k.keep(k.scale(change, 1));
      }
      return z;
    };
  }

  [Symbol.dispose](): void {
    this.network.kernels.dispose(
      ...[...this.#clean, ...this.#added, ...this.#changes, ...this.#own, ...this.#mixed],
    );
  }
}
