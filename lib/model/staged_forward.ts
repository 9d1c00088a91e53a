/**
 * A forward pass in stages, so that the weights of one stage need not be there during another.
 *
 * @module
 */
import type { Kernels, Tensor } from "../nn/kernels.ts";
import { Capture } from "../hooks/capture.ts";
import type { Hooks } from "../hooks/hook_point.ts";
import type { RunHooks } from "../hooks/run_hooks.ts";
import { checkForwardOptions } from "./check_inputs.ts";
import type { ModelInputs } from "./model_inputs.ts";
import type { TextDecoder } from "./text_decoder.ts";
import type { EmbeddedPrompt, ForwardOptions, ForwardResult } from "./run_options.ts";

/** What of a model a pass in stages needs; a `VisionLanguageModel` has it. */
export interface StagedModel {
  /** Computes. */
  readonly kernels: Kernels;
  /** All hook names, in firing order. */
  readonly hookNames: readonly string[];
  /** Runs the layers, unless another decoder is given. */
  readonly decoder: TextDecoder;
  /** Checks hooks. */
  runHooks(...hooks: readonly (Hooks | undefined)[]): RunHooks | null;
  /** Embeds a prompt with its media. */
  embedPrompt(inputs: ModelInputs, hooks: RunHooks | null): EmbeddedPrompt;
}

/**
 * One prompt on its way through a model: `embed`, then `runLayers` once or several times, then
 * `finish`. After an error anywhere, `abandon` frees what it holds.
 */
export class StagedForward {
  readonly #kernels: Kernels;
  readonly #capture: Capture | null;
  readonly #hooks: RunHooks | null;
  #residual: Tensor | null = null;
  #deepstack: readonly Tensor[] = [];

  /** @throws {InputError} for unknown hook names and options of another form */
  constructor(
    readonly model: StagedModel,
    readonly inputs: ModelInputs,
    readonly options: ForwardOptions,
  ) {
    checkForwardOptions(options);
    this.#kernels = model.kernels;
    this.#capture = options.capture ? new Capture(options.capture, model.hookNames) : null;
    this.#hooks = model.runHooks(options.hooks, this.#capture?.hooks);
  }

  /**
   * The prompt's embeddings with its media's features; needs the embedding table and the tower.
   *
   * @throws {InputError} for a prompt that does not fit its media
   */
  embed(): void {
    const { embeddings, deepstack } = this.model.embedPrompt(this.inputs, this.#hooks);
    this.#residual = embeddings;
    this.#deepstack = deepstack;
  }

  /** Runs the layers from `first` up to `end`, which is not run; needs their weights. */
  runLayers(first: number, end: number, decoder: TextDecoder = this.model.decoder): void {
    const before = this.#residual!;
    this.#residual = decoder.forward(before, this.inputs.positionIds, {
      hooks: this.#hooks,
      attention: this.options.attention,
      patternRows: this.options.patternRows,
      deepstack: this.#deepstack,
      fromLayer: first,
      toLayer: end,
      lastRows: this.#lastRows(end),
    });
    if (this.#residual !== before) this.#kernels.dispose(before);
  }

  /**
   * How many of the last rows of a run up to `end` are needed: those of logits and of attention that is
   * read; all of a layer that is hooked elsewhere.
   */
  #lastRows(end: number): number | undefined {
    const { inputs: { inputIds: { length } }, options: { patternRows, logits = "last" } } = this;
    const layers = this.model.decoder.config.numHiddenLayers, hooks = this.#hooks;
    if (end < layers || logits === "all" || (logits === "none" && this.needsHead)) return;
    const read = hooks?.under(`blocks.${layers - 1}.`) ?? [];
    const rows = read.map((name) =>
      /attn\.(scores|pattern)$/.test(name) ? hooks!.rowsRead(name) : null
    );
    if (rows.some((own) => own === null)) return;
    const all = [...patternRows?.rows ?? [], ...rows.flatMap((own) => own!), length - 1];
    return length - Math.min(...all);
  }

  /** Logits and captured activations; needs the final norm and the head, unless nobody wants them. */
  async finish(decoder: TextDecoder = this.model.decoder): Promise<ForwardResult> {
    const k = this.#kernels, wanted = this.options.logits ?? "last";
    const logits = this.needsHead
      ? decoder.logits(this.#residual!, { hooks: this.#hooks }, wanted === "last")
      : null;
    this.#free();
    const data = logits ? await k.read(logits) as Float32Array : null;
    const shape = logits?.shape.slice(1) ?? [];
    k.dispose(logits);
    return {
      logits: data && wanted !== "none" ? { data, shape } : null,
      captured: this.#capture ? await this.#capture.finish() : new Map(),
      fireCounts: this.#hooks?.fireCounts ?? new Map(),
    };
  }

  /** Whether the final norm and the head have to be computed. */
  get needsHead(): boolean {
    return (this.options.logits ?? "last") !== "none" ||
      Boolean(this.#hooks?.wants("ln_final.normalized") || this.#hooks?.wants("logits"));
  }

  /** Frees everything, for runs that failed. */
  abandon(): void {
    this.#capture?.abandon();
    this.#free();
  }

  #free(): void {
    this.#kernels.dispose(this.#residual, ...this.#deepstack);
    this.#residual = null;
    this.#deepstack = [];
  }
}
