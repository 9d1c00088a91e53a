/**
 * Interventions: an attention function in which chosen heads give something else than their output.
 *
 * The model itself is never changed: with the attention function left out, it computes bit for bit
 * what it did before. Several variants run as one batch.
 * @module
 */
import type { Kernels, Tensor } from "../nn/kernels.ts";
import type { HeadGrid } from "../common/head_id.ts";
import { tokensOf } from "../inputs/token_spans.ts";
import {
  type AttentionCall,
  type AttentionFunction,
  denseAttention,
  keyLength,
} from "../nn/attention.ts";
import { Random } from "../stats/random.ts";
import { blockedHead, uniformHead } from "./alternative_heads.ts";
import { checkMask, type HeadMask, type MaskContext, type Variant } from "./head_mask.ts";

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
function activeRows(mask: HeadMask, context: MaskContext, rows: Rows): boolean[] {
  const { during = "both" } = mask;
  return Array.from({ length: rows.count }, (_, i) => {
    const position = rows.first + i;
    if (position < (context.from ?? 0)) return false;
    return during === "both" || (position < context.promptLength) === (during === "prefill");
  });
}

/**
 * The attention function of one or several variants of a model.
 *
 * Pattern rows and hooks on scores and pattern show the heads' own attention; hooks on `attn.z` show
 * what takes the place of their output.
 *
 * @param grid layers and query heads of the model
 * @param variants one list of masks for each row of the batch (or one for all rows); masks of a
 * list act in order
 * @param context the prompt
 * @param base the attention function that the heads have otherwise; dense by default
 * @throws {InputError} for masks that cannot be applied, see {@link checkMask}
 *
 * @example
 * ```ts
 * import { zeroHeads } from "./head_mask.ts";
 * import { intervene } from "./interventions.ts";
 * import { assertThrows } from "@std/assert";
 * const grid = { layers: 2, heads: 4 };
 * intervene(grid, [zeroHeads([{ layer: 1, head: 3 }])], { promptLength: 10 });
 * assertThrows(() => intervene(grid, [zeroHeads([{ layer: 2, head: 0 }])], { promptLength: 10 }));
 * ```
 */
export function intervene(
  grid: HeadGrid,
  variants: readonly Variant[],
  context: MaskContext,
  base: AttentionFunction = denseAttention,
): AttentionFunction {
  for (const mask of variants.flat()) checkMask(mask, grid, context);
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

/** Applies one mask of each variant to z `[B, N, T, H]`. */
function applyStep(
  k: Kernels,
  z: Tensor,
  call: AttentionCall,
  masks: readonly LayerMask[],
  variants: number,
  context: MaskContext,
): Tensor {
  const [, heads, count, headDim] = z.shape;
  const rows: Rows = { first: keyLength(call.segments) - count, count };
  const active = masks.map((mask) => activeRows(mask, context, rows));
  if (active.every((flags) => !flags.includes(true))) return z;
  const whole = active.every((flags) => !flags.includes(false));
  const size = whole ? 1 : count; // rows of the factors: one stands for all
  const keep = new Float32Array(variants * heads * size).fill(1);
  const place = (mask: LayerMask, head: number, row: number) =>
    (mask.variant * heads + head) * size + row;
  masks.forEach((mask, m) => {
    const factor = mask.replace.kind === "scale" ? mask.replace.factor : 0;
    for (const head of mask.queryHeads) {
      for (let row = 0; row < size; row++) {
        if (active[m][row]) keep[place(mask, head, row)] = factor;
      }
    }
  });
  let out = k.mul(z, k.tensor(keep, [variants, heads, size, 1]));
  const constant = constants(masks, active, rows, { variants, heads, headDim });
  if (constant) out = k.add(out, k.tensor(constant, [variants, heads, count, headDim]));
  const computed = alternatives(k, call, masks, active, context, variants);
  if (computed) out = k.add(out, computed);
  return k.cast(out, z.dtype);
}

/** Means and resampled outputs, `[variants, N, T, H]`; null where there are none. */
function constants(
  masks: readonly LayerMask[],
  active: readonly boolean[][],
  rows: Rows,
  sizes: { readonly variants: number; readonly heads: number; readonly headDim: number },
): Float32Array | null {
  const { variants, heads, headDim } = sizes;
  if (!masks.some(({ replace }) => replace.kind === "mean" || replace.kind === "resample")) {
    return null;
  }
  const data = new Float32Array(variants * heads * rows.count * headDim);
  masks.forEach((mask, m) => {
    const source = sourceOf(mask, heads, headDim);
    if (!source) return;
    for (const head of mask.queryHeads) {
      for (let row = 0; row < rows.count; row++) {
        if (!active[m][row]) continue;
        const at = ((mask.variant * heads + head) * rows.count + row) * headDim;
        data.set(source(head, rows.first + row), at);
      }
    }
  });
  return data;
}

/** Gives the replacement `[H]` of a head at a position; null for masks that have none. */
function sourceOf(
  { replace, layer }: LayerMask,
  heads: number,
  headDim: number,
): ((head: number, position: number) => Float32Array | Float64Array) | null {
  if (replace.kind === "mean") {
    return (head) => {
      const start = (layer * heads + head) * headDim;
      return replace.over.data.subarray(start, start + headDim);
    };
  }
  if (replace.kind === "resample") {
    const { from, seed } = replace;
    const data = from.layers.get(layer)!;
    return (head, position) => {
      const token = seed === undefined
        ? position
        : new Random(seed).fork(position).integer(from.tokens);
      const start = (token * heads + head) * headDim;
      return data.subarray(start, start + headDim);
    };
  }
  return null;
}

/** Outputs that are computed anew (uniform, blocked keys), `[B, N, T, H]`; null where there are none. */
function alternatives(
  k: Kernels,
  call: AttentionCall,
  masks: readonly LayerMask[],
  active: readonly boolean[][],
  context: MaskContext,
  variants: number,
): Tensor | null {
  const [batch, heads, count, headDim] = call.query.shape;
  const computed = new Map<string, Tensor>(); // several variants may want the same
  const byHead = new Map<number, Tensor>();
  masks.forEach((mask, m) => {
    const { replace } = mask;
    if (replace.kind !== "uniform" && replace.kind !== "blockKeys") return;
    const acts = new Float32Array(variants * count); // 1 where this variant wants it
    active[m].forEach((flag, row) => acts[mask.variant * count + row] = flag ? 1 : 0);
    for (const head of mask.queryHeads) {
      const name = `${head} ${replace.kind === "uniform" ? "" : replace.span}`;
      const own = computed.get(name) ??
        (replace.kind === "uniform"
          ? uniformHead(k, call, head)
          : blockedHead(k, call, head, tokensOf(context.spans![replace.span])));
      computed.set(name, own);
      const wanted = k.mul(k.cast(own, "float32"), k.tensor(acts, [variants, 1, count, 1]));
      const other = byHead.get(head);
      byHead.set(head, other ? k.add(other, wanted) : wanted);
    }
  });
  if (byHead.size === 0) return null;
  const nothing = k.zeros([Math.max(batch, variants), 1, count, headDim]);
  return k.concat(Array.from({ length: heads }, (_, head) => byHead.get(head) ?? nothing), 1);
}
