/**
 * Head masks: which heads are changed, how, and when.
 *
 * This folder removes and changes heads and measures what the model loses by it.
 * @module
 */
import { checkHeads, type HeadGrid, type HeadId } from "../common/head_id.ts";
import type { TokenSpan } from "../inputs/token_spans.ts";
import type { Intervention, Phase, PromptContext } from "./interventions/intervention.ts";
import { InputError } from "../common/errors.ts";
import { isRecord, kindOf } from "../common/values.ts";
import { interventions } from "./interventions/registry.ts";

/** Heads and what becomes of them. */
export interface HeadMask {
  /** The heads; none is a mask that changes nothing. */
  readonly heads: readonly HeadId[];
  /** What takes the place of their output. */
  readonly intervention: Intervention;
  /** At the prompt's positions, at those of generated tokens, or at both (by default). */
  readonly during?: Phase;
  /** Only at queries of these tokens, e.g. a prompt's question; at all by default. */
  readonly at?: readonly TokenSpan[];
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
  if (!isRecord(intervention) || typeof intervention.check !== "function") {
    const names = Object.keys(interventions).join(", ");
    throw new InputError(
      `Cannot change heads by ${kindOf(intervention)}: wanted an intervention, such as ` +
        `interventions.zero(); there are ${names}`,
    );
  }
  intervention.check({ heads, grid, context, during });
}

/** How variants are written, for messages. */
const variantsForm =
  "wanted a list of variants, each a list of masks, such as [zeroHeads(heads)] " +
  "or [[{ heads, intervention }]]";

/**
 * Throws unless every mask of a list of variants can be applied to a prompt.
 *
 * @throws {InputError} for what is no such list, and as {@link checkMask}
 *
 * @example
 * ```ts
 * import { checkVariants, zeroHeads } from "./head_mask.ts";
 * import { assertThrows } from "@std/assert";
 * const grid = { layers: 2, heads: 4 }, mask = zeroHeads([{ layer: 1, head: 3 }])[0];
 * checkVariants([[mask]], grid, { promptLength: 3 });
 * assertThrows(() => checkVariants([mask] as never, grid, { promptLength: 3 }), Error, "[zeroHeads(");
 * ```
 */
export function checkVariants(
  variants: readonly Variant[],
  grid: HeadGrid,
  context: PromptContext,
): void {
  if (!Array.isArray(variants)) {
    throw new InputError(`Cannot use ${kindOf(variants)} as variants: ${variantsForm}`);
  }
  for (const masks of variants as readonly unknown[]) {
    if (!Array.isArray(masks)) {
      const what = isRecord(masks) && "heads" in masks ? "a single mask" : kindOf(masks);
      throw new InputError(`Cannot use ${what} as a variant: ${variantsForm}`);
    }
    for (const mask of masks) {
      if (!isRecord(mask) || !("heads" in mask)) {
        throw new InputError(`Cannot use ${kindOf(mask)} as a mask: ${variantsForm}`);
      }
      checkMask(mask as unknown as HeadMask, grid, context);
    }
  }
}
