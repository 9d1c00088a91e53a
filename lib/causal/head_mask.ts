/**
 * Head masks: which heads are changed, how, and when.
 *
 * This folder removes and changes heads and measures what the model loses by it.
 * @module
 */
import { checkHeads, type HeadGrid, type HeadId } from "../common/head_id.ts";
import type { Intervention, Phase, PromptContext } from "./interventions/intervention.ts";
import { interventions } from "./interventions/registry.ts";

/** Heads and what becomes of them. */
export interface HeadMask {
  /** The heads; none is a mask that changes nothing. */
  readonly heads: readonly HeadId[];
  /** What takes the place of their output. */
  readonly intervention: Intervention;
  /** At the prompt's positions, at those of generated tokens, or at both (by default). */
  readonly during?: Phase;
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
 * assertEquals(zeroHeads([{ layer: 0, head: 1 }])[0].intervention.kind, "zero");
 * ```
 */
export function zeroHeads(heads: readonly HeadId[]): Variant {
  return [{ heads, intervention: interventions.zero() }];
}

/** The lowest layer that a variant changes; `layers` where it changes nothing. */
export function firstLayer(variant: Variant, layers: number): number {
  return Math.min(layers, ...variant.flatMap(({ heads }) => heads.map(({ layer }) => layer)));
}

/**
 * Throws unless a mask can be applied to a prompt.
 *
 * @throws {InputError} for heads that do not exist or are named twice, and for what the intervention
 * itself cannot do
 */
export function checkMask(mask: HeadMask, grid: HeadGrid, context: PromptContext): void {
  const { heads, intervention, during = "both" } = mask;
  checkHeads(heads, grid, "ablate");
  intervention.check({ heads, grid, context, during });
}
