/**
 * Attention knock-out: a head attends as it does, but not to the tokens of a span.
 *
 * @module
 */
import { InputError } from "../../common/errors.ts";
import { type SpanName, tokensOf } from "../../inputs/token_spans.ts";
import { type AttentionCall, keyLength } from "../../nn/attention.ts";
import type { Kernels, Tensor } from "../../nn/kernels.ts";
import { causalBias, hiddenScore } from "../../nn/mask.ts";
import { type InterventionKind, interventionKind } from "./intervention.ts";
import { groupOf, inBlocks, joined } from "./one_head.ts";

/** The head's attention without the tokens of a span; a token that sees only those gets nothing. */
export const knockOut: InterventionKind<[span: SpanName]> = interventionKind({
  kind: "knock-out",
  summary: "its attention without the tokens of a span (attention knock-out)",
  promptForm: {
    name: "block-visual",
    summary: "its attention without the visual tokens",
    make: () => knockOut("visual"),
  },
}, (span: SpanName) => ({
  parameters: { span },
  check({ context }) {
    if (context.spans?.[span].length) return;
    throw new InputError(
      `Cannot knock out the attention to span "${span}": the prompt has no such tokens`,
    );
  },
  apply(k, { attention, context }) {
    const tokens = tokensOf(context.spans![span]);
    return { factor: 0, computed: (head) => headWithout(k, attention, head, tokens) };
  },
}));

/** A head that does not see some tokens, `[B, 1, T, H]`; where it sees none at all, zero. */
function headWithout(
  k: Kernels,
  call: AttentionCall,
  head: number,
  tokens: readonly number[],
): Tensor {
  const [batch, , rows] = call.query.shape;
  const keys = keyLength(call.segments), first = keys - rows;
  const hidden = new Float32Array(keys);
  for (const token of tokens) if (token < keys) hidden[token] = hiddenScore;
  const seen = hidden.indexOf(0); // rows before the first token that is not hidden see nothing
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
