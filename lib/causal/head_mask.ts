/**
 * Head masks: which heads are changed, what takes the place of their output, and when.
 *
 * This folder removes and changes heads and measures what the model loses by it.
 * @module
 */
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import { checkHeads, type HeadGrid, type HeadId } from "../common/head_id.ts";
import type { SpanName, TokenSpans } from "../inputs/token_spans.ts";
import type { HeadMeans, HeadOutputs } from "./head_outputs.ts";

/**
 * What takes the place of a head's output z, the mix of values before the output projection:
 *
 * - `zero`: nothing.
 * - `scale`: z times a factor.
 * - `mean`: the head's mean output over a reference set.
 * - `resample`: the head's output on another prompt: at the same position (both prompts must have
 *   the same length, and only the prefill is changed), or with a seed at positions that it draws.
 * - `uniform`: the plain mean of the values of all tokens so far, as if it attended evenly.
 * - `blockKeys`: the head's attention without the tokens of a span; a token that sees only those
 *   gets nothing.
 */
export type Replacement =
  | { readonly kind: "zero" }
  | { readonly kind: "scale"; readonly factor: number }
  | { readonly kind: "mean"; readonly over: HeadMeans }
  | { readonly kind: "resample"; readonly from: HeadOutputs; readonly seed?: number }
  | { readonly kind: "uniform" }
  | { readonly kind: "blockKeys"; readonly span: SpanName };

/** Heads and what becomes of them. */
export interface HeadMask {
  /** The heads; none is a mask that changes nothing. */
  readonly heads: readonly HeadId[];
  /** What takes the place of their output. */
  readonly replace: Replacement;
  /** At the prompt's positions, at those of generated tokens, or at both (by default). */
  readonly during?: "prefill" | "decode" | "both";
}

/** Masks that act together, in order; one such list is one variant of the model. */
export type Variant = readonly HeadMask[];

/**
 * The variant in which heads' outputs are multiplied by zero, everywhere.
 *
 * @example
 * ```ts
 * import { zeroHeads } from "./head_mask.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(zeroHeads([{ layer: 0, head: 1 }])[0].replace, { kind: "zero" });
 * ```
 */
export function zeroHeads(heads: readonly HeadId[]): Variant {
  return [{ heads, replace: { kind: "zero" } }];
}

/** The lowest layer that a variant changes; `layers` where it changes nothing. */
export function firstLayer(variant: Variant, layers: number): number {
  return Math.min(layers, ...variant.flatMap(({ heads }) => heads.map(({ layer }) => layer)));
}

/** What masks are checked against. */
export interface MaskContext {
  /** Tokens of the prompt; positions from it on are those of generated tokens. */
  readonly promptLength: number;
  /** Only positions from this on are changed; 0 by default. */
  readonly from?: number;
  /** The prompt's parts, for `blockKeys`. */
  readonly spans?: TokenSpans;
}

/**
 * Throws unless a mask can be applied to a prompt.
 *
 * @throws {InputError} for heads that do not exist or are named twice, a factor that is not a number,
 * references of another model or another length, and spans that are missing or empty
 */
export function checkMask(mask: HeadMask, grid: HeadGrid, context: MaskContext): void {
  const { heads, replace, during = "both" } = mask;
  checkHeads(heads, grid, "ablate");
  if (replace.kind === "scale" && !Number.isFinite(replace.factor)) {
    throw new InputError(`Cannot scale heads by ${replace.factor}: wanted a finite number`);
  }
  if (replace.kind === "mean") {
    const { name, shape } = replace.over;
    if (shape[0] !== grid.layers || shape[1] !== grid.heads) {
      throw new InputError(
        `Cannot use the means over ${quoted(name)}: they are of ${shape[0]} layers with ` +
          `${shape[1]} heads, the model has ${grid.layers} with ${grid.heads}`,
      );
    }
  }
  if (replace.kind === "resample") checkResample(replace, heads, context, during);
  if (replace.kind === "blockKeys" && !context.spans?.[replace.span].length) {
    throw new InputError(
      `Cannot block the keys of span "${replace.span}": the prompt has no such tokens`,
    );
  }
}

function checkResample(
  { from, seed }: { readonly from: HeadOutputs; readonly seed?: number },
  heads: readonly HeadId[],
  { promptLength }: MaskContext,
  during: string,
): void {
  const action = `Cannot resample heads from ${quoted(from.id)}`;
  const missing = heads.find(({ layer }) => !from.layers.has(layer));
  if (missing) throw new InputError(`${action}: its outputs of layer ${missing.layer} are missing`);
  if (seed !== undefined) return;
  if (from.tokens !== promptLength) {
    throw new InputError(
      `${action}: it has ${from.tokens} tokens, the prompt has ${promptLength}; give a seed, and ` +
        "positions are drawn",
    );
  }
  if (during !== "prefill") {
    throw new InputError(
      `${action} while decoding: it has no generated tokens; wanted during "prefill", or a seed`,
    );
  }
}
