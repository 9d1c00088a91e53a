/**
 * Hook points: the places of a model where an analysis may read or replace an activation.
 *
 * This folder names the points, runs the functions attached to them and captures activations as
 * plain typed arrays. Names are TransformerLens's without `hook_`; the vision tower's begin with
 * `vision.`.
 * @module
 */
import { InputError, nearestNames } from "../common/errors.ts";
import type { Kernels, Tensor, TfjsTensor } from "../nn/kernels.ts";

/** What a hook is told about where it runs. */
export interface HookContext {
  /** Full name of the hook point, such as `blocks.3.attn.z`. */
  readonly name: string;
  /** Layer of the decoder or vision tower, or -1 outside the layers. */
  readonly layer: number;
  /** Position in the sequence of the first row of this activation; above 0 while decoding. */
  readonly firstPosition: number;
}

/**
 * A function on an activation. It may return a tensor of the same shape, which replaces the
 * activation, or nothing. Tensors that it makes are freed for it; it must not free the activation.
 */
export type Hook = (activation: TfjsTensor, context: HookContext) => TfjsTensor | void;

/** As {@link Hook}, on the kernels' own tensors: nothing is converted, so it costs less. */
export interface KernelHook {
  /** Runs inside a scope of the kernels. */
  readonly onTensor: (x: Tensor, kernels: Kernels, context: HookContext) => Tensor | void;
  /**
   * Set where only these rows of `attn.scores` or `attn.pattern` are read, in this order, and nothing
   * is replaced: no others are computed then, and the layer stays on its fast path.
   */
  readonly rows?: RowReader;
}

/** Reads some rows of an activation. */
export interface RowReader {
  /** Rows of the call's queries. */
  readonly rows: readonly number[];
  /** Gets these rows only, `[B, N, rows, S]`, inside a scope of the kernels. */
  readonly onRows: (x: Tensor, kernels: Kernels, context: HookContext) => void;
}

/** Hook names (or patterns with `*` for one dotted part) and the functions to run there, in order. */
export type Hooks = Readonly<Record<string, Hook | KernelHook | readonly (Hook | KernelHook)[]>>;

/** Points of one decoder layer, in the order in which they fire. */
export const decoderLayerPoints = [
  "resid_pre", // [B, T, D]
  "ln1.normalized", // [B, T, D]
  "attn.q", // [B, T, N, H] before the query norm and the rotary embedding
  "attn.k", // [B, T, K, H]
  "attn.v", // [B, T, K, H]
  "attn.rot_q", // [B, T, N, H] after both
  "attn.rot_k", // [B, T, K, H]
  "attn.scores", // [B, N, T, S] after the mask
  "attn.pattern", // [B, N, T, S] after softmax
  "attn.z", // [B, T, N, H] before the output projection
  "attn_out", // [B, T, D]
  "resid_mid", // [B, T, D]
  "ln2.normalized", // [B, T, D]
  "mlp.pre", // [B, T, F] gate before the activation; not in layers with experts
  "mlp.pre_linear", // [B, T, F] up; not in layers with experts
  "mlp.post", // [B, T, F]; not in layers with experts
  "mlp_out", // [B, T, D]
  "resid_post", // [B, T, D]
] as const;

/**
 * Points of one layer of the vision tower. P patches, D_v its width. A tower for tiles of one size
 * has an axis of tiles before P, and its class token counts as a patch.
 */
export const visionLayerPoints = [
  "resid_pre", // [P, D_v]
  "attn.pattern", // [segments, heads, P_segment, P_segment]
  "attn.z", // [P, heads * head_dim]
  "attn_out", // [P, D_v]
  "resid_mid", // [P, D_v]
  "mlp_out", // [P, D_v]
  "resid_post", // [P, D_v]
] as const;

export type DecoderLayerPoint = typeof decoderLayerPoints[number];
export type VisionLayerPoint = typeof visionLayerPoints[number];

/**
 * All hook names of a model, in firing order.
 *
 * @param decoderLayers number of text decoder layers
 * @param visionLayers number of vision tower layers; 0 for a text-only model, and for a tower of
 * convolutions
 * @param tower whether there is a vision tower; by default where it has layers
 *
 * @example
 * ```ts
 * import { hookNames } from "./hook_point.ts";
 * import { assert } from "@std/assert";
 * assert(hookNames(2, 1).includes("blocks.1.attn.pattern"));
 * ```
 */
export function hookNames(
  decoderLayers: number,
  visionLayers: number,
  tower: boolean = visionLayers > 0,
): string[] {
  const names: string[] = [];
  if (visionLayers > 0) names.push("vision.embed");
  for (let layer = 0; layer < visionLayers; layer++) {
    for (const point of visionLayerPoints) names.push(`vision.blocks.${layer}.${point}`);
  }
  if (tower) names.push("vision.merged", "vision.features");
  if (visionLayers > 0) names.push("vision.deepstack");
  names.push("embed");
  for (let layer = 0; layer < decoderLayers; layer++) {
    for (const point of decoderLayerPoints) names.push(`blocks.${layer}.${point}`);
  }
  names.push("ln_final.normalized", "logits");
  return names;
}

/** A name as TransformerLens writes it, such as `blocks.0.attn.hook_z`, without its `hook_`. */
const withoutPrefix = (name: string): string => name.replace(/\bhook_/g, "");

/**
 * The hook names that a name or pattern stands for; `*` matches one dotted part.
 *
 * @throws {InputError} if none matches, with the nearest valid names
 *
 * @example
 * ```ts
 * import { hookNames, matchHookNames } from "./hook_point.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(matchHookNames("blocks.*.attn.z", hookNames(2, 0)), [
 *   "blocks.0.attn.z",
 *   "blocks.1.attn.z",
 * ]);
 * ```
 */
export function matchHookNames(pattern: string, valid: readonly string[]): string[] {
  const parts = pattern.split(".");
  const matches = pattern.includes("*")
    ? valid.filter((name) => {
      const own = name.split(".");
      return own.length === parts.length && own.every((p, i) => parts[i] === "*" || parts[i] === p);
    })
    : valid.filter((name) => name === pattern);
  if (matches.length === 0) {
    const bare = pattern.startsWith("vision.") && valid.includes("vision.merged") &&
      !valid.includes("vision.embed");
    throw new InputError(
      `Cannot hook "${pattern}": this model has no such hook point` +
        (bare
          ? ", since its vision tower is a convolutional network, of which hooks see the results only"
          : "") +
        `. Nearest: ${nearestNames(withoutPrefix(pattern), valid).join(", ")}`,
    );
  }
  return matches;
}
