/**
 * A decoder layer before and after its attention, out of the kernels' single steps.
 *
 * The specification of {@link Kernels.attentionInputs} and {@link Kernels.afterAttention}, and what runs
 * where there is no operation for them or a hook wants what lies between; `tests/suites/kernel_suite.ts`
 * holds both equal.
 * @module
 */
import type {
  AfterAttentionCall,
  AttentionInputs,
  AttentionInputsCall,
  Kernels,
  Tensor,
} from "./kernels.ts";
import { foldGain, type RopeTables } from "./rope.ts";

/** Points before the attention at which hooks may see, and change, an activation. */
export const attentionInputPoints = [
  ...["ln1.normalized", "attn.q", "attn.k", "attn.v", "attn.rot_q", "attn.rot_k"] as const,
] as const;
/** Those after it. */
export const afterAttentionPoints = [
  ...["attn_out", "resid_mid", "ln2.normalized"] as const,
  ...["mlp.pre", "mlp.pre_linear", "mlp.post", "mlp_out"] as const,
] as const;

/** Name of an activation within a layer. */
export type LayerPoint = typeof attentionInputPoints[number] | typeof afterAttentionPoints[number];

/** Who sees activations on their way. */
export interface LayerWatch {
  /** An activation as its hooks leave it. */
  at(point: LayerPoint, x: Tensor): Tensor;
  /** Whether a hook wants a point. */
  wants(point: LayerPoint): boolean;
}

const nobody: LayerWatch = { at: (_, x) => x, wants: () => false };

/** The last rows of `x [B, T, ..]`, or of tables `[T, H]`; `x` itself where these are all. */
function lastRows(k: Kernels, x: Tensor, rows: number, axis: number): Tensor {
  const skipped = x.shape[axis] - rows;
  if (skipped <= 0) return x;
  return k.slice(x, x.shape.map((_, i) => i === axis ? skipped : 0), x.shape.map(() => -1));
}

/**
 * Norm, projections, norms of the heads and rotary embedding.
 *
 * @param watch what hooks want on the way; nothing by default
 */
export function composedAttentionInputs(
  k: Kernels,
  call: AttentionInputsCall,
  watch: LayerWatch = nobody,
): AttentionInputs {
  return k.scope(() => {
    const x = watch.at("ln1.normalized", k.rmsNorm(call.x, call.gain, call.eps));
    const rows = call.queryRows ?? call.x.shape[1];
    const queries = project(k, call, "q", lastRows(k, x, rows, 1), watch);
    const tables = {
      cos: lastRows(k, call.tables.cos, rows, 0),
      sin: lastRows(k, call.tables.sin, rows, 0),
    };
    const query = turned(k, call, "q", queries, tables, watch);
    return { query, ...keysOf(k, call, x, watch) };
  });
}

/** Keys and values alone; the norm is not shown. */
export function composedKeys(
  k: Kernels,
  call: AttentionInputsCall,
  watch: LayerWatch,
): Omit<AttentionInputs, "query"> {
  return k.scope(() => keysOf(k, call, k.rmsNorm(call.x, call.gain, call.eps), watch));
}

function keysOf(k: Kernels, call: AttentionInputsCall, x: Tensor, watch: LayerWatch) {
  const key = turned(k, call, "k", project(k, call, "k", x, watch), call.tables, watch);
  return { key, value: k.transpose(project(k, call, "v", x, watch), [0, 2, 1, 3]) };
}

const partOf = { q: "query", k: "key", v: "value" } as const;

/** Queries, keys or values of all heads, `[B, T, heads, H]`, of the normalised input. */
function project(
  k: Kernels,
  call: AttentionInputsCall,
  role: "q" | "k" | "v",
  x: Tensor,
  watch: LayerWatch,
): Tensor {
  const { weight, bias } = call[partOf[role]], [batch, tokens] = x.shape;
  const flat = k.linear(x, weight, bias);
  return watch.at(`attn.${role}`, k.reshape(flat, [batch, tokens, -1, call.headDim]));
}

/**
 * Norm, gain, rotary embedding and the factor of queries in one go, `[B, T, heads, H]` to
 * `[B, heads, T, H]`: gain and factor are folded into the tables.
 */
function turned(
  k: Kernels,
  call: AttentionInputsCall,
  role: "q" | "k",
  x: Tensor,
  tables: RopeTables,
  watch: LayerWatch,
): Tensor {
  const factor = role === "q" ? call.scale : 1, { gain } = call[partOf[role]];
  const unit = gain ? k.rmsNorm(x, null, call.eps) : x;
  const { cos, sin } = foldGain(k, tables, gain, factor);
  const rotated = k.rotate(k.transpose(unit, [0, 2, 1, 3]), cos, sin);
  const point = `attn.rot_${role}` as const;
  if (!watch.wants(point)) return rotated;
  const shown = watch.at(point, k.transpose(k.scale(rotated, 1 / factor), [0, 2, 1, 3]));
  return k.scale(k.transpose(shown, [0, 2, 1, 3]), factor);
}

/**
 * Output projection, sum, norm, feed-forward network and sum: the residual stream `[B, T, D]`.
 *
 * @param watch what hooks want on the way; nothing by default
 * @param feedForward the network on its normalised input, where it is another one than the call's
 */
export function composedAfterAttention(
  k: Kernels,
  call: Omit<AfterAttentionCall, "gate" | "up" | "down">,
  watch: LayerWatch,
  feedForward: (x: Tensor) => Tensor,
): Tensor {
  const { x, z, output, eps } = call;
  return k.scope(() => {
    const after = (branch: Tensor, gain: Tensor | null) =>
      gain ? k.rmsNorm(branch, gain, eps) : branch;
    const rows = k.reshape(z, [...x.shape.slice(0, -1), output.weight.shape[1]]);
    const projected = k.linear(rows, output.weight, output.bias);
    const attnOut = watch.at("attn_out", after(projected, call.outputGain));
    const mid = watch.at("resid_mid", k.add(x, attnOut));
    const normalized = watch.at("ln2.normalized", k.rmsNorm(mid, call.gain, eps));
    return k.add(mid, watch.at("mlp_out", after(feedForward(normalized), call.feedGain)));
  });
}

/** The gated feed-forward network of a call on its normalised input, `[B, T, D]`. */
export function composedFeedForward(
  k: Kernels,
  call: AfterAttentionCall,
  x: Tensor,
  watch: LayerWatch = nobody,
): Tensor {
  return k.scope(() => {
    const gate = watch.at("mlp.pre", k.linear(x, call.gate));
    const up = watch.at("mlp.pre_linear", k.linear(x, call.up));
    const post = watch.at("mlp.post", k.gatedActivation(gate, up, call.activation));
    return k.linear(post, call.down);
  });
}

/** {@link Kernels.afterAttention} by single steps. */
export function plainAfterAttention(k: Kernels, call: AfterAttentionCall): Tensor {
  return composedAfterAttention(k, call, nobody, (x) => composedFeedForward(k, call, x));
}
