/**
 * Attention where key-value heads hold keys of different positions, as in a short KV cache.
 *
 * @module
 */
import type { Kernels, Tensor } from "./kernels.ts";
import type { AttentionCall, AttentionFunction, KeyValueSegment } from "./attention.ts";

/** Key-value heads of a layer that hold keys of the same positions. */
export interface KeyValueGroup {
  /** Key-value heads, ascending. */
  readonly heads: readonly number[];
  /** Their segments in the order of their positions, each `[B or 1, heads, S, H]`. */
  readonly segments: readonly KeyValueSegment[];
}

/** Heads (axis 1) of `[B, heads, T, H]` in a given order; runs of neighbours are one slice. */
export function takeHeads(k: Kernels, x: Tensor, heads: readonly number[]): Tensor {
  const runs: [start: number, count: number][] = [];
  for (const head of heads) {
    const last = runs[runs.length - 1];
    if (last && last[0] + last[1] === head) last[1]++;
    else runs.push([head, 1]);
  }
  if (runs.length === 1 && runs[0][1] === x.shape[1]) return x;
  const slices = runs.map(([start, count]) => k.slice(x, [0, start, 0, 0], [-1, count, -1, -1]));
  return slices.length === 1 ? slices[0] : k.concat(slices, 1);
}

/** Puts results of parts of the heads `[B, heads, T, H]` together in the order of the heads. */
export function joinHeads(
  k: Kernels,
  parts: readonly { readonly heads: readonly number[]; readonly z: Tensor }[],
): Tensor {
  const order = parts.flatMap(({ heads }) => heads);
  const places = Array.from({ length: order.length }, (_, head) => order.indexOf(head));
  return takeHeads(k, k.concat(parts.map(({ z }) => z), 1), places);
}

/**
 * Calls an attention function once for each group of key-value heads with its query heads, and joins
 * the results: z `[B, N, T, H]`.
 *
 * @param call all but the segments, for all query heads
 * @param groups together all key-value heads of the layer
 */
export function groupedAttention(
  k: Kernels,
  attention: AttentionFunction,
  call: Omit<AttentionCall, "segments" | "queryHeads">,
  groups: readonly KeyValueGroup[],
): Tensor {
  if (groups.length === 1) return attention(k, { ...call, segments: groups[0].segments });
  const group = call.query.shape[1] / groups.reduce((sum, { heads }) => sum + heads.length, 0);
  return k.scope(() =>
    joinHeads(
      k,
      groups.map(({ heads, segments }) => {
        const queryHeads = heads.flatMap((head) =>
          Array.from({ length: group }, (_, i) => head * group + i)
        );
        const query = takeHeads(k, call.query, queryHeads);
        return { heads: queryHeads, z: attention(k, { ...call, query, segments, queryHeads }) };
      }),
    )
  );
}
