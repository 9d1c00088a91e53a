/**
 * What interventions need that compute one head's attention anew.
 *
 * @module
 */
import { type AttentionCall, keyLength } from "../../nn/attention.ts";
import { queryBlock } from "../../nn/blocked_attention.ts";
import type { Kernels, Tensor } from "../../nn/kernels.ts";
import { causalBias, hiddenScore, seenUntil } from "../../nn/mask.ts";

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

/** The bias of every key of a call, `[S]`: `value` at the given tokens, 0 elsewhere. */
export function keyBias(
  call: AttentionCall,
  tokens: readonly number[],
  value: number,
): Float32Array<ArrayBuffer> {
  const bias = new Float32Array(keyLength(call.segments));
  for (const token of tokens) if (token < bias.length) bias[token] = value;
  return bias;
}

/**
 * A head whose scores have a bias added at some keys, `[B, 1, T, H]`. Queries that see no key but
 * hidden ones (bias {@link hiddenScore}) give zero.
 *
 * @param bias of each key, `[S]`
 */
export function biasedHead(
  k: Kernels,
  call: AttentionCall,
  head: number,
  bias: Float32Array<ArrayBuffer>,
): Tensor {
  const [batch, , rows] = call.query.shape;
  const keys = keyLength(call.segments), first = keys - rows;
  const seen = bias.findIndex((value) => value !== Math.fround(hiddenScore)); // before it nothing is seen
  return k.scope(() => {
    const [key, value] = (["key", "value"] as const).map((part) => {
      const own = joined(k, call, part, groupOf(call, head));
      return own.shape[0] === batch ? own : k.broadcastBatch(own, batch);
    });
    const query = k.slice(call.query, [0, head, 0, 0], [-1, 1, -1, -1]);
    const added = k.tensor(bias, [keys]);
    return inBlocks(k, rows, (start, size) => {
      const block = k.slice(query, [0, 0, start, 0], [-1, -1, size, -1]);
      const scores = k.matMul(block, key, { transposeB: true }); // [B, 1, size, S]
      const later = causalBias(k, size, keys, first + start, call.window, call.blocks);
      const pattern = k.softmax(k.add(k.add(scores, added), later));
      const sees = Float32Array.from(
        { length: size },
        (_, i) => seen >= 0 && seenUntil(first + start + i, call.blocks) > seen ? 1 : 0,
      );
      return k.matMul(k.mul(pattern, k.tensor(sees, [size, 1])), value);
    });
  });
}
