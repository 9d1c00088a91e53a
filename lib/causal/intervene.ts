/**
 * Interventions: an attention function in which chosen heads give something else than their output.
 *
 * The model itself is never changed: with the attention function left out, it computes bit for bit
 * what it did before. Several variants run as one batch.
 * @module
 */
import type { HeadGrid } from "../common/head_id.ts";
import type { TokenSpans } from "../inputs/token_spans.ts";
import {
  type AttentionCall,
  type AttentionFunction,
  denseAttention,
  keyLength,
} from "../nn/attention.ts";
import type { Kernels, Tensor } from "../nn/kernels.ts";
import { checkPrompt } from "../model/check_inputs.ts";
import { checkVariants, type HeadMask, type Variant } from "./head_mask.ts";
import type {
  Intervention,
  InterventionCall,
  PromptContext,
  Replacement,
} from "./interventions/intervention.ts";

/** What interventions need to know of a prompt; what `prepare` gives has it. */
export interface InterventionPrompt {
  /** The prompt's tokens; only their number counts. */
  readonly inputIds: ArrayLike<number>;
  /** Its parts. */
  readonly spans?: TokenSpans;
}

/** How variants are applied. */
export interface InterveneOptions {
  /** Only positions from this on are changed; 0 by default. */
  readonly from?: number;
  /** The attention function that the heads have otherwise; dense by default. */
  readonly attention?: AttentionFunction;
}

/** The prompt as interventions see it. */
export function promptContext(prompt: InterventionPrompt, from: number): PromptContext {
  return { promptLength: prompt.inputIds.length, from, spans: prompt.spans };
}

/** One mask of one variant, as far as it concerns a layer. */
interface LayerMask extends HeadMask {
  readonly variant: number;
  readonly layer: number;
  readonly queryHeads: readonly number[];
}

/** The rows of one call: first position, and how many. */
interface Rows {
  readonly first: number;
  readonly count: number;
}

/** For each row whether the mask acts there. */
function activeRows(mask: HeadMask, context: PromptContext, rows: Rows): boolean[] {
  const { during = "both", at } = mask;
  return Array.from({ length: rows.count }, (_, i) => {
    const position = rows.first + i;
    if (position < (context.from ?? 0)) return false;
    if (at && !at.some(([start, end]) => position >= start && position < end)) return false;
    return during === "both" || (position < context.promptLength) === (during === "prefill");
  });
}

/**
 * The attention function of one or several variants of a model: what `forward` and `generate` take as
 * `attention`.
 *
 * Pattern rows and hooks on scores and pattern show the heads' own attention; hooks on `attn.z` show
 * what takes the place of their output.
 *
 * @param model whose heads are changed
 * @param variants one list of masks for each row of the batch (or one for all rows); masks of a
 * list act in order
 * @param prompt the prompt; its spans are for interventions that name one
 * @throws {InputError} for what is no list of variants, and for masks that cannot be applied
 *
 * @example
 * ```ts
 * import { zeroHeads } from "./head_mask.ts";
 * import { intervene } from "./intervene.ts";
 * import { assertThrows } from "@std/assert";
 * const model = { grid: { layers: 2, heads: 4 } }, prompt = { inputIds: [1, 5, 7] };
 * intervene(model, [zeroHeads([{ layer: 1, head: 3 }])], prompt);
 * assertThrows(() => intervene(model, [zeroHeads([{ layer: 2, head: 0 }])], prompt));
 * ```
 */
export function intervene(
  { grid }: { readonly grid: HeadGrid },
  variants: readonly Variant[],
  prompt: InterventionPrompt,
  { from = 0, attention: base = denseAttention }: InterveneOptions = {},
): AttentionFunction {
  checkPrompt(prompt);
  const context = promptContext(prompt, from);
  checkVariants(variants, grid, context);
  // steps.get(layer)[j]: the j-th masks of all variants, as far as they concern the layer
  const steps = new Map<number, LayerMask[][]>();
  variants.forEach((masks, variant) =>
    masks.forEach((mask, step) => {
      for (const layer of new Set(mask.heads.map((id) => id.layer))) {
        const queryHeads = mask.heads.filter((id) => id.layer === layer).map(({ head }) => head);
        const own = steps.get(layer) ?? [];
        (own[step] ??= []).push({ ...mask, variant, layer, queryHeads });
        steps.set(layer, own);
      }
    })
  );
  return (k, call) => {
    const z = base(k, call);
    const own = steps.get(call.layer);
    if (!own) return z;
    return k.scope(() =>
      own.reduce((out, masks) => applyStep(k, out, call, masks, variants.length, context), z)
    );
  };
}

/** A mask of a variant in one call: what it does, and at which rows. */
interface Action extends LayerMask {
  readonly replacement: Replacement;
  readonly active: readonly boolean[];
}

/** Sizes of the outputs of a call with all its variants. */
interface Sizes {
  readonly variants: number;
  readonly heads: number;
  readonly count: number;
  readonly headDim: number;
}

/** Applies one mask of each variant to z `[B, N, T, H]`: factor * z + constant + computed. */
function applyStep(
  k: Kernels,
  z: Tensor,
  call: AttentionCall,
  masks: readonly LayerMask[],
  variants: number,
  context: PromptContext,
): Tensor {
  const [, heads, count, headDim] = z.shape;
  const rows: Rows = { first: keyLength(call.segments) - count, count };
  const active = masks.map((mask) => activeRows(mask, context, rows));
  if (active.every((flags) => !flags.includes(true))) return z;
  const users = Map.groupBy(masks, ({ intervention }) => intervention); // variants may share one
  const replacements = new Map<Intervention, Replacement>();
  const actions = masks.map((mask, m): Action => {
    const { intervention } = mask;
    const replacement = replacements.get(intervention) ??
      intervention.apply(k, {
        ...rowsOf(k, { attention: call, z }, users.get(intervention)!, variants),
        context,
      });
    replacements.set(intervention, replacement);
    return { ...mask, replacement, active: active[m] };
  });
  const sizes = { variants, heads, count, headDim };
  let out = k.mul(z, factors(k, actions, sizes));
  const constant = constants(k, actions, rows.first, sizes);
  if (constant) out = k.add(out, constant);
  const computed = computedParts(k, call.query.shape[0], actions, sizes);
  if (computed) out = k.add(out, computed);
  return k.cast(out, z.dtype);
}

/** The part of a call that an intervention concerns: the one variant's row, where it has but one. */
function rowsOf(
  k: Kernels,
  { attention, z }: Pick<InterventionCall, "attention" | "z">,
  users: readonly LayerMask[],
  variants: number,
): Pick<InterventionCall, "attention" | "z"> {
  const [{ variant }, ...others] = users;
  if (others.length > 0 || variants === 1) return { attention, z };
  const row = (x: Tensor) =>
    x.shape[0] === variants ? k.slice(x, [variant, 0, 0, 0], [1, -1, -1, -1]) : x;
  const segments = attention.segments.map(({ key, value }) => ({
    key: row(key),
    value: row(value),
  }));
  return { attention: { ...attention, query: row(attention.query), segments }, z: row(z) };
}

/** Factors of z, `[variants, N, T or 1, 1]`. */
function factors(
  k: Kernels,
  actions: readonly Action[],
  { variants, heads, count }: Sizes,
): Tensor {
  const everywhere = actions.every(({ active }) => !active.includes(false));
  const size = everywhere ? 1 : count; // one row stands for all
  const data = new Float32Array(variants * heads * size).fill(1);
  for (const { variant, queryHeads, active, replacement } of actions) {
    for (const head of queryHeads) {
      for (let row = 0; row < size; row++) {
        if (active[row]) data[(variant * heads + head) * size + row] = replacement.factor;
      }
    }
  }
  return k.tensor(data, [variants, heads, size, 1]);
}

/** Constants, `[variants, N, T, H]`; null where there are none. */
function constants(
  k: Kernels,
  actions: readonly Action[],
  first: number,
  { variants, heads, count, headDim }: Sizes,
): Tensor | null {
  if (actions.every(({ replacement }) => !replacement.constant)) return null;
  const data = new Float32Array(variants * heads * count * headDim);
  for (const { variant, queryHeads, active, replacement: { constant } } of actions) {
    if (!constant) continue;
    for (const head of queryHeads) {
      for (let row = 0; row < count; row++) {
        if (!active[row]) continue;
        data.set(constant(head, first + row), ((variant * heads + head) * count + row) * headDim);
      }
    }
  }
  return k.tensor(data, [variants, heads, count, headDim]);
}

/** What the backend computes anew, `[B, N, T, H]`; null where there is nothing. */
function computedParts(
  k: Kernels,
  batch: number,
  actions: readonly Action[],
  { variants, heads, count, headDim }: Sizes,
): Tensor | null {
  const computed = new Map<Replacement, Map<number, Tensor>>();
  const byHead = new Map<number, Tensor>();
  for (const { variant, queryHeads, active, replacement } of actions) {
    if (!replacement.computed) continue;
    const known = computed.get(replacement) ?? new Map<number, Tensor>();
    computed.set(replacement, known);
    const acts = new Float32Array(variants * count); // 1 where this variant wants it
    active.forEach((flag, row) => acts[variant * count + row] = flag ? 1 : 0);
    for (const head of queryHeads) {
      const own = known.get(head) ?? replacement.computed(head);
      known.set(head, own);
      const wanted = k.mul(k.cast(own, "float32"), k.tensor(acts, [variants, 1, count, 1]));
      const other = byHead.get(head);
      byHead.set(head, other ? k.add(other, wanted) : wanted);
    }
  }
  if (byHead.size === 0) return null;
  const nothing = k.zeros([Math.max(batch, variants), 1, count, headDim]);
  return k.concat(Array.from({ length: heads }, (_, head) => byHead.get(head) ?? nothing), 1);
}
