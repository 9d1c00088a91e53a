/**
 * What single heads would put out if they attended otherwise: evenly, or not to some tokens.
 *
 * @module
 */
import type { Kernels, Tensor } from "../nn/kernels.ts";
import { type AttentionCall, keyLength } from "../nn/attention.ts";
import { queryBlock } from "../nn/blocked_attention.ts";
import { causalBias, hiddenScore } from "../nn/mask.ts";

/** One key-value head's part of all segments, `[B or 1, 1, S, H]`. */
function joined(k: Kernels, call: AttentionCall, part: "key" | "value", group: number): Tensor {
  const parts = call.segments.map((segment) =>
    k.slice(segment[part], [0, group, 0, 0], [-1, 1, -1, -1])
  );
  const batch = Math.max(...parts.map(({ shape }) => shape[0]));
  return k.concat(parts.map((x) => x.shape[0] === batch ? x : k.broadcastBatch(x, batch)), 2);
}

/** The key-value head of a query head. */
function groupOf({ query, segments }: AttentionCall, head: number): number {
  return Math.floor(head / (query.shape[1] / segments[0].key.shape[1]));
}

/** Runs `body` on blocks of query rows, so that memory stays linear, and joins the results. */
function inBlocks(
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

/**
 * A head that attends evenly to all tokens so far.
 *
 * @returns `[B or 1, 1, T, H]`
 */
export function uniformHead(k: Kernels, call: AttentionCall, head: number): Tensor {
  const rows = call.query.shape[2], keys = keyLength(call.segments);
  return k.scope(() => {
    const value = joined(k, call, "value", groupOf(call, head));
    return inBlocks(k, rows, (start, size) => {
      const bias = causalBias(k, size, keys, keys - rows + start);
      const pattern = k.softmax(k.reshape(bias, [1, 1, size, keys]));
      return k.matMul(
        value.shape[0] === 1 ? pattern : k.broadcastBatch(pattern, value.shape[0]),
        value,
      );
    });
  });
}

/**
 * A head that cannot see some tokens; where it sees none at all, its output is zero.
 *
 * @param blocked indices of those tokens
 * @returns `[B, 1, T, H]`
 */
export function blockedHead(
  k: Kernels,
  call: AttentionCall,
  head: number,
  blocked: readonly number[],
): Tensor {
  const [batch, , rows] = call.query.shape;
  const keys = keyLength(call.segments), first = keys - rows;
  const hidden = new Float32Array(keys);
  for (const token of blocked) if (token < keys) hidden[token] = hiddenScore;
  const seen = hidden.indexOf(0); // rows before the first token that is not blocked see nothing
  return k.scope(() => {
    const [key, value] = (["key", "value"] as const).map((part) => {
      const own = joined(k, call, part, groupOf(call, head));
      return own.shape[0] === batch ? own : k.broadcastBatch(own, batch);
    });
    const query = k.slice(call.query, [0, head, 0, 0], [-1, 1, -1, -1]);
    const bias = k.tensor(hidden, [keys]);
    return inBlocks(k, rows, (start, size) => {
      const block = k.slice(query, [0, 0, start, 0], [-1, -1, size, -1]);
      const scores = k.matMul(block, key, { transposeB: true }); // [B, 1, size, S]
      const later = causalBias(k, size, keys, first + start);
      const pattern = k.softmax(k.add(k.add(scores, bias), later));
      const sees = Float32Array.from(
        { length: size },
        (_, i) => seen >= 0 && first + start + i >= seen ? 1 : 0,
      );
      return k.matMul(k.mul(pattern, k.tensor(sees, [size, 1])), value);
    });
  });
}
