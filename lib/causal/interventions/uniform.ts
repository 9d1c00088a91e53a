/**
 * Uniform attention: a head mixes the values of all tokens so far evenly.
 *
 * @module
 */
import { type AttentionCall, keyLength } from "../../nn/attention.ts";
import type { Kernels, Tensor } from "../../nn/kernels.ts";
import { causalBias } from "../../nn/mask.ts";
import { type InterventionKind, interventionKind } from "./intervention.ts";
import { groupOf, inBlocks, joined } from "./one_head.ts";

/** The plain mean of the values of all tokens so far. */
export const uniform: InterventionKind<[]> = interventionKind({
  kind: "uniform",
  summary: "the mean of the values of all tokens so far, as if it attended evenly",
  promptForm: {
    name: "uniform",
    summary: "the mean of the values of all tokens so far",
    make: () => uniform(),
  },
}, () => ({
  parameters: {},
  check: () => {},
  apply: (k, { attention }) => ({
    factor: 0,
    computed: (head) => uniformHead(k, attention, head),
  }),
}));

/** A head that attends evenly to all tokens so far: `[B or 1, 1, T, H]`. */
function uniformHead(k: Kernels, call: AttentionCall, head: number): Tensor {
  const rows = call.query.shape[2], keys = keyLength(call.segments);
  return k.scope(() => {
    const value = joined(k, call, "value", groupOf(call, head));
    return inBlocks(k, rows, (start, size) => {
      const bias = causalBias(k, size, keys, keys - rows + start, call.window, call.blocks);
      const pattern = k.softmax(k.reshape(bias, [1, 1, size, keys]));
      return k.matMul(
        value.shape[0] === 1 ? pattern : k.broadcastBatch(pattern, value.shape[0]),
        value,
      );
    });
  });
}
