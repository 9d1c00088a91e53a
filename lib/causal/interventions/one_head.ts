/**
 * What interventions need that compute one head's attention anew.
 *
 * @module
 */
import type { AttentionCall } from "../../nn/attention.ts";
import { queryBlock } from "../../nn/blocked_attention.ts";
import type { Kernels, Tensor } from "../../nn/kernels.ts";

/** One key-value head's part of all segments, `[B or 1, 1, S, H]`. */
export function joined(
  k: Kernels,
  call: AttentionCall,
  part: "key" | "value",
  group: number,
): Tensor {
  const parts = call.segments.map((segment) =>
    k.slice(segment[part], [0, group, 0, 0], [-1, 1, -1, -1])
  );
  const batch = Math.max(...parts.map(({ shape }) => shape[0]));
  return k.concat(parts.map((x) => x.shape[0] === batch ? x : k.broadcastBatch(x, batch)), 2);
}

/** The key-value head of a query head. */
export function groupOf({ query, segments }: AttentionCall, head: number): number {
  return Math.floor(head / (query.shape[1] / segments[0].key.shape[1]));
}

/** Runs `body` on blocks of query rows, so that memory stays linear, and joins the results. */
export function inBlocks(
  k: Kernels,
  rows: number,
  body: (start: number, size: number) => Tensor,
): Tensor {
  const blocks: Tensor[] = [];
  for (let start = 0; start < rows; start += queryBlock) {
    blocks.push(k.scope(() => body(start, Math.min(queryBlock, rows - start))));
  }
  return blocks.length === 1 ? blocks[0] : k.concat(blocks, 2);
}
