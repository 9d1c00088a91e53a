/**
 * What a run of the model may be asked for, and what it gives.
 *
 * @module
 */
import type { CapturedArray, CaptureRequest } from "../hooks/capture.ts";
import type { Hooks } from "../hooks/hook_point.ts";
import type { AttentionFunction } from "../nn/attention.ts";
import type { Tensor } from "../nn/kernels.ts";
import type { PatternRequest } from "./decoder_pass.ts";

/** What a run may be asked for. */
export interface RunOptions {
  /** Functions at hook points. */
  readonly hooks?: Hooks;
  /** Attention function of the decoder; dense by default. */
  readonly attention?: AttentionFunction;
}

/** What a forward pass may be asked for. */
export interface ForwardOptions extends RunOptions {
  /** Activations to copy out. */
  readonly capture?: CaptureRequest;
  /** Pattern rows wanted at every layer. */
  readonly patternRows?: PatternRequest;
  /** Logits of all positions, of the last only (default), or none. */
  readonly logits?: "all" | "last" | "none";
}

/** What a forward pass gives: plain data. */
export interface ForwardResult {
  /** `[T, V]`, `[1, V]` or null, as asked. */
  readonly logits: CapturedArray | null;
  /** Captured activations by hook name, in the order in which the point fired. */
  readonly captured: ReadonlyMap<string, readonly CapturedArray[]>;
  /** How often each hooked point fired. */
  readonly fireCounts: ReadonlyMap<string, number>;
}

/** Decoder inputs of one prompt. */
export interface EmbeddedPrompt {
  /** `[1, T, D]` in float32. */
  readonly embeddings: Tensor;
  /** Each `[1, T, D]`; empty without DeepStack. */
  readonly deepstack: readonly Tensor[];
}
